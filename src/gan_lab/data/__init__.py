"""Datasets: images as uint8 [N, C, H, W] or points, with labels where there are any."""

from gan_lab.data.dataset import ImageDataset, PointDataset, from_unit, to_unit, with_channels
from gan_lab.data.digits import digits
from gan_lab.data.image_folder import image_folder, listing_hash
from gan_lab.data.mixtures import grid, ring
from gan_lab.data.mnist import mnist
from gan_lab.data.stacked_mnist import stacked_mnist

__all__ = [
    "ImageDataset",
    "PointDataset",
    "digits",
    "from_unit",
    "grid",
    "image_folder",
    "listing_hash",
    "mnist",
    "ring",
    "stacked_mnist",
    "to_unit",
    "with_channels",
]
