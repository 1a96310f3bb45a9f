"""Augmentation of batches, wherever they lie: random numbers come in from outside, by position."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

NUMBERS = 10  # uniform numbers that an image is augmented with
POLICIES = ("color", "translation", "cutout")


@dataclass(frozen=True)
class Augmentation:
    """What is done to real images when they are drawn, and to all images that D is shown.

    `load_scale`: images are loaded so many times larger and cropped at random. `flip`: half of them
    are mirrored. `differentiable`: policies of DiffAugment. Raises ValueError for other policies.
    """

    load_scale: float = 1.0
    flip: bool = False
    differentiable: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [name for name in self.differentiable if name not in POLICIES]:
            raise ValueError(f"augment has no policy {unknown[0]!r}: choose from {POLICIES}.")
        if not 1 <= self.load_scale <= 4:
            raise ValueError(f"augment.load_scale={self.load_scale}: must be from 1 to 4.")


def crop_and_flip(images: Tensor, image_size: int, flip: bool, uniform: Tensor) -> Tensor:
    """Cut images [B, C, H, W] to random squares and, if `flip`, mirror half of them.

    `uniform` [B, 10] on [0, 1).
    """
    room = images.shape[-1] - image_size + 1
    corners = (uniform[:, :2] * room).long()
    mirrored = uniform[:, 2] < 0.5 if flip else None
    return _windows(images, corners, image_size, mirrored)


def differentiable(
    policies: tuple[str, ...], channels: int, uniform: Tensor
) -> Callable[[Tensor], Tensor]:
    """Return a function of images (packed ones too) in [-1, 1] through which gradients pass.

    Each image has one transform, real or generated: `uniform` [B, 10] on [0, 1). Source: Zhao et
    al. 2020 (arXiv 2006.10738), with its ranges.
    """

    def augment(images: Tensor) -> Tensor:
        single = images.reshape(-1, channels, *images.shape[2:])  # the images of a pack apart
        if "color" in policies:
            single = _color(single, uniform[:, 3:6])
        if "translation" in policies:
            single = _translation(single, uniform[:, 6:8])
        if "cutout" in policies:
            single = _cutout(single, uniform[:, 8:10])
        return single.reshape(images.shape)

    return augment


def _color(images: Tensor, uniform: Tensor) -> Tensor:
    brightness, saturation, contrast = (
        column[:, None, None, None] for column in uniform.unbind(dim=1)
    )
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (contrast + 0.5)


def _translation(images: Tensor, uniform: Tensor) -> Tensor:
    """Shift by up to an eighth of the side; what comes in is grey (0)."""
    side = images.shape[-1]
    reach = round(side / 8)
    corners = (uniform * (2 * reach + 1)).long()
    return _windows(pad(images, [reach] * 4), corners, side)


def _cutout(images: Tensor, uniform: Tensor) -> Tensor:
    """Grey out (0) a square of half the side, of which a part may lie outside."""
    side = images.shape[-1]
    hole = side // 2
    first = (uniform * (side + 1 - hole % 2)).long() - hole // 2
    line = torch.arange(side, device=images.device)
    inside = (line >= first[..., None]) & (line < first[..., None] + hole)  # [B, 2, side]
    return images * ~(inside[:, 0, :, None] & inside[:, 1, None, :]).unsqueeze(1)


def _windows(images: Tensor, corners: Tensor, side: int, mirrored: Tensor | None = None) -> Tensor:
    """Return the square of each image whose upper left corner (row, column) is in `corners`."""
    line = torch.arange(side, device=images.device)
    rows, columns = corners[:, :1] + line, corners[:, 1:] + line
    if mirrored is not None:
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    count, channels = images.shape[:2]
    return images[
        torch.arange(count, device=images.device)[:, None, None, None],
        torch.arange(channels, device=images.device)[:, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
