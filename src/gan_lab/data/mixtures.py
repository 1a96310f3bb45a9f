"""Mixtures of normals in the plane, whose modes can be counted (Srivastava et al. 2017, VEEGAN).

The numbers are those of Lin et al. 2018 (arXiv 1712.04086): 100,000 points, equal weights.
"""

import math

import numpy as np
import torch
from torch import Tensor

from gan_lab.data.dataset import PointDataset

COUNTS = {"train": 100_000, "test": 10_000}
SEEDS = {"train": 0, "test": 1}  # of the points, which are the same for all runs


def ring(split: str = "train") -> PointDataset:
    """Return 8 normals with centres at radius 1 and a standard deviation of 0.01.

    Labels are the modes, counted from (1, 0) against the clock.
    """
    angles = torch.arange(8, dtype=torch.float64) * (2 * math.pi / 8)
    return _mixture(torch.stack([angles.cos(), angles.sin()], dim=1), 0.01, split)


def grid(split: str = "train") -> PointDataset:
    """Return 25 normals with centres at {-4, -2, 0, 2, 4}^2 and a standard deviation of 0.05.

    Labels are the modes, in the order of x and then of y.
    """
    side = torch.arange(-4, 5, 2, dtype=torch.float64)
    return _mixture(torch.cartesian_prod(side, side), 0.05, split)


def _mixture(centers: Tensor, std: float, split: str) -> PointDataset:
    count, modes = COUNTS[split], len(centers)
    noise = np.random.default_rng(SEEDS[split]).standard_normal((count, 2))
    labels = torch.arange(count) % modes  # equal weights, exactly
    return PointDataset(
        images=(centers[labels] + std * torch.from_numpy(noise)).float(),
        labels=labels,
        classes=tuple(str(mode) for mode in range(modes)),
        centers=centers.float(),
        std=std,
    )
