"""Augmentation of batches, wherever they lie: random numbers come in from outside, by position."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

NUMBERS = 10  # uniform numbers that an image is augmented with
MORE_NUMBERS = 7  # of a stream of their own: mirrored, turned, and whether each policy applies
POLICIES = ("color", "translation", "cutout", "flip", "quarter_turns")


@dataclass(frozen=True)
class Augmentation:
    """What is done to real images when they are drawn, and to all images that D is shown.

    `load_scale`: images are loaded so many times larger and cropped at random. `flip`: half of them
    are mirrored. `differentiable`: policies of DiffAugment, and mirrored and turned images. With a
    `target` each applies to an image with ADA's probability, which goes from 0 to 1 while D is
    shown `images_to_one` real images, if the mean sign of D's outputs on them stays above the
    target (Karras et al. 2020, arXiv 2006.06676). Raises ValueError for other policies and numbers.
    """

    load_scale: float = 1.0
    flip: bool = False
    differentiable: tuple[str, ...] = ()
    target: float | None = None
    images_to_one: int = 500_000

    def __post_init__(self) -> None:
        if unknown := [name for name in self.differentiable if name not in POLICIES]:
            raise ValueError(f"augment has no policy {unknown[0]!r}: choose from {POLICIES}.")
        if not 1 <= self.load_scale <= 4:
            raise ValueError(f"augment.load_scale={self.load_scale}: must be from 1 to 4.")
        if self.target is not None and not -1 < self.target < 1:
            raise ValueError(f"augment.target={self.target}: must be between -1 and 1.")
        if self.images_to_one < 1:
            raise ValueError(f"augment.images_to_one={self.images_to_one}: must be at least 1.")


def crop_and_flip(images: Tensor, image_size: int, flip: bool, uniform: Tensor) -> Tensor:
    """Cut images [B, C, H, W] to random squares and, if `flip`, mirror half of them.

    `uniform` [B, 10] on [0, 1).
    """
    room = images.shape[-1] - image_size + 1
    corners = (uniform[:, :2] * room).long()
    mirrored = uniform[:, 2] < 0.5 if flip else None
    return _windows(images, corners, image_size, mirrored)


def differentiable(
    policies: tuple[str, ...],
    channels: int,
    uniform: Tensor,
    probability: Tensor | None = None,
) -> Callable[[Tensor], Tensor]:
    """Return a function of images (packed ones too) in [-1, 1] through which gradients pass.

    Each image has one transform, real or generated: `uniform` [B, 17] on [0, 1), of which the last
    seven are for images that are mirrored and turned, and for a `probability`, a scalar: with it
    each policy applies to an image, apart from the others.
    Source: Zhao et al. 2020 (arXiv 2006.10738), with its ranges; Karras et al. 2020 (arXiv
    2006.06676) for mirrored and turned images and the probability.
    """
    numbers = {
        "color": uniform[:, 3:6],
        "translation": uniform[:, 6:8],
        "cutout": uniform[:, 8:10],
        "flip": uniform[:, 10:11],
        "quarter_turns": uniform[:, 11:12],
    }
    # Now, not when the function is called: p moves between D's update and G's.
    applies = None if probability is None else uniform[:, 12:] < probability

    def augment(images: Tensor) -> Tensor:
        single = images.reshape(-1, channels, *images.shape[2:])  # the images of a pack apart
        for place, policy in enumerate(POLICIES):
            if policy not in policies:
                continue
            changed = TRANSFORMS[policy](single, numbers[policy])
            if applies is not None:
                changed = torch.where(applies[:, place, None, None, None], changed, single)
            single = changed
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
    reach = int(side / 8 + 0.5)  # as the authors round: round() would take 2.5 to 2
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


def _flip(images: Tensor, uniform: Tensor) -> Tensor:
    """Mirror half of the images."""
    return torch.where((uniform < 0.5)[..., None, None], images.flip(3), images)


def _quarter_turns(images: Tensor, uniform: Tensor) -> Tensor:
    """Turn square images by 0, 90, 180 or 270 degrees against the clock."""
    turned = torch.stack([images.rot90(turns, (2, 3)) for turns in range(4)])
    return turned[(4 * uniform[:, 0]).long(), torch.arange(len(images), device=images.device)]


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


TRANSFORMS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
    "flip": _flip,
    "quarter_turns": _quarter_turns,
}
