"""Datasets: images as uint8 [N, C, H, W] or points, with labels where there are any."""

from gan_lab.data.augment import Augmentation
from gan_lab.data.celeba import celeba, celeba_hash
from gan_lab.data.cifar10 import cifar10
from gan_lab.data.dataset import ImageDataset, PointDataset, from_unit, to_unit, with_channels
from gan_lab.data.digits import digits
from gan_lab.data.files.cache import folder_size, human_size
from gan_lab.data.files.decode import decode
from gan_lab.data.files.listing import reading_once
from gan_lab.data.flowers import flowers, flowers_hash
from gan_lab.data.image_folder import image_dimensions, image_folder, listing_hash
from gan_lab.data.mixtures import grid, ring
from gan_lab.data.mnist import fashion_mnist, kmnist, mnist
from gan_lab.data.points_csv import file_hash, points_csv
from gan_lab.data.shapes import moons, pinwheel, spiral
from gan_lab.data.stacked_mnist import stacked_mnist

__all__ = [
    "Augmentation",
    "ImageDataset",
    "PointDataset",
    "celeba",
    "celeba_hash",
    "cifar10",
    "decode",
    "digits",
    "fashion_mnist",
    "file_hash",
    "flowers",
    "flowers_hash",
    "folder_size",
    "from_unit",
    "grid",
    "human_size",
    "image_dimensions",
    "image_folder",
    "kmnist",
    "listing_hash",
    "mnist",
    "moons",
    "pinwheel",
    "points_csv",
    "reading_once",
    "ring",
    "spiral",
    "stacked_mnist",
    "to_unit",
    "with_channels",
]
