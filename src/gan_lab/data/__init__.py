"""Datasets: images in memory, as uint8 [N, C, H, W], with labels where there are any."""

from gan_lab.data.dataset import ImageDataset, from_unit, to_unit, with_channels
from gan_lab.data.digits import digits
from gan_lab.data.image_folder import image_folder, listing_hash
from gan_lab.data.mnist import mnist

__all__ = [
    "ImageDataset",
    "digits",
    "from_unit",
    "image_folder",
    "listing_hash",
    "mnist",
    "to_unit",
    "with_channels",
]
