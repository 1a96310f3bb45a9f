"""What a dataset is, and the two ways between its bytes and what networks see."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_lab.data.facts import FolderFacts


@dataclass(frozen=True)
class ImageDataset:
    """Images (uint8 [N, C, H, W]) with labels (int64 [N]) and class names, or None and ()."""

    images: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    image_size: int | None = None  # of the crops that networks see of larger images
    origin: str = "this program"  # where the files were found
    cache: Path | None = None  # the folder of decoded images that these are from
    facts: FolderFacts | None = None  # how a folder was read

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (C, H, W) of what the networks see."""
        channels, *sides = self.images.shape[1:]
        return (channels, *(self.image_size or side for side in sides))

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class PointDataset(ImageDataset):
    """Points in place of images (float32 [N, 2]); of a mixture of normals, with their centres."""

    centers: Tensor | None = field(default=None, kw_only=True)  # [modes, 2], of the labels
    std: float = field(default=0.0, kw_only=True)


def to_unit(images: Tensor) -> Tensor:
    """Scale bytes (uint8, any shape) to float32 in [-1, 1]."""
    return images.to(torch.float32).div_(127.5).sub_(1.0)


def from_unit(images: Tensor) -> Tensor:
    """Round floats in [-1, 1] to bytes; the inverse of `to_unit` at all 256 levels."""
    return images.mul(127.5).add_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def fit(images: Tensor, image_size: int, channels: int | None) -> Tensor:
    """Bring images (uint8 [N, C, H, W]) to `image_size` squares of 1 or 3 channels.

    Bilinear with antialias, rounded to bytes; `channels=None` keeps what there is. Raises
    ValueError for other numbers of channels.
    """
    if channels is not None:
        images = with_channels(images, channels)
    if images.shape[-2:] == (image_size, image_size):
        return images.contiguous()
    return torch.cat([_resize(part, image_size) for part in images.split(4096)])


def with_channels(images: Tensor, channels: int) -> Tensor:
    """Return images (uint8 [N, C, H, W]) in grey (1) or RGB (3); ValueError for other numbers.

    Grey becomes RGB by repetition, RGB becomes grey by luma (ITU-R BT.601).
    """
    if channels not in (1, 3):
        raise ValueError(f"channels={channels}: images have 1 (grey) or 3 (RGB) channels.")
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return images.expand(-1, 3, -1, -1).contiguous()
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    grey = [(part * luma).sum(1, keepdim=True).round() for part in images.split(4096)]
    return torch.cat(grey).to(torch.uint8)


def _resize(images: Tensor, image_size: int) -> Tensor:
    resized = interpolate(
        images.to(torch.float32),
        size=(image_size, image_size),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )
    return resized.round_().clamp_(0, 255).to(torch.uint8)
