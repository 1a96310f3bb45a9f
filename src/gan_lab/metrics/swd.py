"""The sliced Wasserstein distance of image patches, level by level of a Laplacian pyramid.

Needs no weights and judges any images: each level compares structure of one scale. Patches of 7x7
pixels are brought to mean 0 and deviation 1 a channel, each side by itself, and projected onto
random directions, along which the distance is that of two sorted lists. Karras et al. 2018.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

SIDE = 7  # of a patch
SMALLEST_SIDE = 14  # of a level: below it patches would be most of the image
PATCHES = 32_768  # a level and side, if there are images enough for
EACH = 128  # patches of an image at most
DIRECTIONS = 256
IMAGES = 256  # whose pyramids are in memory at a time
KERNEL = torch.tensor([1.0, 4, 6, 4, 1]) / 16  # binomial (Burt and Adelson 1983)


def swd(real: Tensor, fake: Tensor, seed: int = 0) -> float:
    """Return the sliced Wasserstein distance of images, uint8 [N, C, H, W], in thousandths.

    The mean over the levels of the pyramid; the unit is a standard deviation of the patches.
    The first min(N, M) images of both are compared, patches at the same random places: equal sets
    are at 0. Raises ValueError for images of different shapes or sides below 14.
    """
    values = swd_levels(real, fake, seed)
    return sum(values.values()) / len(values)


def swd_levels(real: Tensor, fake: Tensor, seed: int = 0) -> dict[int, float]:
    """Return the distance in thousandths of each level, by its side in pixels, finest first."""
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"real is {list(real.shape[1:])}, fake is {list(fake.shape[1:])}")
    if real.ndim != 4 or not min(len(real), len(fake)):
        raise ValueError(f"swd needs images [N, C, H, W], got {list(real.shape)}")
    if min(real.shape[-2:]) < SMALLEST_SIDE:
        size = "x".join(str(side) for side in real.shape[-2:])
        raise ValueError(f"swd needs {SMALLEST_SIDE} pixels a side, the images have {size}")
    count = min(len(real), len(fake), PATCHES)
    values = {}
    levels = zip(_patches(real[:count], seed), _patches(fake[:count], seed), strict=True)
    for level, (real_patches, fake_patches) in enumerate(levels):
        directions = random_directions(real_patches.shape[1], _seed(seed, level))
        distance = sliced_wasserstein(real_patches, fake_patches, directions)
        values[real.shape[-1] >> level] = 1000 * distance
    return values


def laplacian_pyramid(images: Tensor) -> Iterator[Tensor]:
    """Yield the levels of images (uint8 [N, C, H, W]) in float32, each half as large as the last.

    A level is what its smaller neighbour lacks; the last is what remains. They sum up to the image.
    """
    level = images.to("cpu", torch.float32)
    while min(level.shape[-2:]) >= 2 * SMALLEST_SIDE and not any(
        side % 2 for side in level.shape[-2:]
    ):
        smaller = shrink(level)
        yield level - enlarge(smaller)
        level = smaller
    yield level


def random_directions(size: int, seed: int = 0) -> Tensor:
    """Return random unit vectors as columns [size, 256], float32."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(size, DIRECTIONS, generator=generator)
    lengths: Tensor = directions.norm(dim=0)
    return directions / lengths


def sliced_wasserstein(real: Tensor, fake: Tensor, directions: Tensor) -> float:
    """Return the mean Wasserstein-1 distance of rows [N, d] each, projected on directions [d, P].

    Along one direction it is the mean distance of the i-th smallest of both. Raises ValueError for
    no rows, unequal numbers of them, or numbers that are not finite.
    """
    if real.shape != fake.shape or real.ndim != 2 or not real.numel():
        shapes = f"{list(real.shape)} and {list(fake.shape)}"
        raise ValueError(f"as many rows of both are compared, got shapes {shapes}")
    if not (real.sum() + fake.sum()).isfinite():
        raise ValueError("the rows hold numbers that are not finite (nan or inf)")
    total = 0.0
    for some in directions.split(32, dim=1):
        # NumPy sorts ten times as fast as torch
        ordered = [np.sort((side @ some).T.contiguous().numpy(), axis=1) for side in (real, fake)]
        total += np.abs(ordered[0] - ordered[1]).mean(1, dtype=np.float64).sum()
    return float(total) / directions.shape[1]


def shrink(images: Tensor) -> Tensor:
    """Return images (float32 [N, C, H, W]) of half the side, blurred before every second pixel."""
    rows, columns = (_blur(side)[::2] for side in images.shape[-2:])
    return rows @ images @ columns.T


def enlarge(images: Tensor) -> Tensor:
    """Return images (float32 [N, C, H, W]) of twice the side, blurred between the pixels."""
    rows, columns = (2 * _blur(2 * side)[:, ::2] for side in images.shape[-2:])
    return rows @ images @ columns.T


def _blur(side: int) -> Tensor:
    """Return the matrix [side, side] that blurs one axis with the kernel; borders are mirrored."""
    pixels = pad(torch.eye(side).unsqueeze(0), (2, 2), "reflect")
    return (pixels.unfold(2, len(KERNEL), 1) @ KERNEL).squeeze(0).T


def _patches(images: Tensor, seed: int) -> list[Tensor]:
    """Return for each level the patches of images as rows [P, 49 C].

    Each channel has mean 0 and deviation 1 over all patches of a level. Images are taken in parts,
    for the pyramid of 10,000 large ones would fill the memory; the places depend on the seed alone.
    """
    each = min(EACH, -(-PATCHES // len(images)))
    levels: list[list[Tensor]] = []
    generators: list[torch.Generator] = []
    for part in images.split(IMAGES):
        for number, level in enumerate(laplacian_pyramid(part)):
            if number == len(levels):
                levels.append([])
                generators.append(torch.Generator().manual_seed(_seed(seed, number)))
            levels[number].append(_cut(level, each, generators[number]))
    return [_normalised(torch.cat(parts)) for parts in levels]


def _cut(level: Tensor, each: int, generator: torch.Generator) -> Tensor:
    """Cut `each` patches at random places of every image: [P, C, 7, 7]."""
    count, _, height, width = level.shape
    rows, columns = (torch.randint(side - SIDE + 1, (count * each,), generator=generator)
                     for side in (height, width))  # fmt: skip
    images = torch.arange(count).repeat_interleave(each)
    return level.unfold(2, SIDE, 1).unfold(3, SIDE, 1)[images, :, rows, columns]


def _normalised(patches: Tensor) -> Tensor:
    deviation, mean = torch.std_mean(patches, (0, 2, 3), correction=0, keepdim=True)
    # A level of one grey everywhere has no deviation, and nothing to compare either.
    return ((patches - mean) / deviation.clamp(min=1e-8)).flatten(1)


def _seed(seed: int, level: int) -> int:
    return 1000 * seed + level
