"""The kernel distance (KID): the squared maximum mean discrepancy of two sets of features.

Unbiased, so that its expectation does not depend on the numbers of samples, and slightly negative
values are what equal distributions give. Bińkowski et al. 2018.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_lab.metrics.arrays import Array, as_features

ROWS = 2000  # of a kernel matrix at a time: 10,000 columns of them take 160 MB


def kid(real: Array, fake: Array) -> float:
    """Return the kernel distance of features [N, d] and [M, d], on all rows of both.

    The kernel is (x·y / d + 1)³. Raises ValueError for unequal d, fewer than 2 rows, or
    numbers whose third powers are none.
    """
    real, fake = as_features(real, fake, fewest=2)
    between = _kernel_sum(real, fake) / (len(real) * len(fake))
    distance = _within(real) + _within(fake) - 2 * between
    if not math.isfinite(distance):
        raise ValueError("the features are too large for their third powers: scale them down")
    return distance


def kid_subsets(real: Array, fake: Array, size: int = 1000, seed: int = 0) -> Tensor:
    """Return the kernel distances [S] of S disjoint subsets of `size` rows from each side.

    Both sides are shuffled by the seed first. The subsets are independent, so that their mean is
    the distance and their spread its uncertainty. Raises ValueError if not one fits, or for a size
    below 2.
    """
    if size < 2:
        raise ValueError(f"a subset needs at least 2 samples, got {size}")
    real, fake = as_features(real, fake, fewest=size)
    generator = torch.Generator().manual_seed(seed)
    real, fake = (side[torch.randperm(len(side), generator=generator)] for side in (real, fake))
    pairs = zip(real.split(size), fake.split(size), strict=False)
    values = [kid(some_real, some_fake) for some_real, some_fake in pairs
              if len(some_real) == len(some_fake) == size]  # fmt: skip
    return torch.tensor(values, dtype=torch.float64)


def _within(rows: Tensor) -> float:
    """Return the mean kernel of two different rows."""
    diagonal = (rows.square().sum(1) / rows.shape[1] + 1).pow(3).sum().item()
    return (_kernel_sum(rows, rows) - diagonal) / (len(rows) * (len(rows) - 1))


def _kernel_sum(rows: Tensor, others: Tensor) -> float:
    size = rows.shape[1]
    parts: Sequence[Tensor] = rows.split(ROWS)
    return sum((part @ others.T).div_(size).add_(1).pow_(3).sum().item() for part in parts)
