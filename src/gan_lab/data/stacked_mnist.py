"""Stacked MNIST (Metz et al. 2017): three random digits as red, green and blue, 1,000 modes."""

from pathlib import Path

import numpy as np
import torch

from gan_lab.data.dataset import ImageDataset
from gan_lab.data.mnist import mnist

COUNTS = {"train": 128_000, "test": 26_000}
SEEDS = {"train": 0, "test": 1}  # of the triples, which are the same for all runs


def stacked_mnist(
    root: str | Path,
    image_size: int = 28,
    channels: int | None = None,
    split: str = "train",
) -> ImageDataset:
    """Return 128,000 images (test: 26,000) of three of MNIST's 70,000 digits each.

    The label is the number that the digits spell: 100 red + 10 green + blue. The protocol is that
    of Lin et al. 2018 (arXiv 1712.04086). Raises ValueError for channels other than 3, and what
    `mnist` raises.
    """
    if channels not in (None, 3):
        raise ValueError(f"channels={channels}: stacked_mnist has 3, a digit in each.")
    halves = [mnist(root, image_size, channels=1, split=half) for half in ("train", "test")]
    digits = torch.cat([half.images for half in halves]).squeeze(1)
    numbers = torch.cat([half.labels for half in halves if half.labels is not None])
    drawn = np.random.default_rng(SEEDS[split]).integers(len(digits), size=(COUNTS[split], 3))
    triples = torch.from_numpy(drawn)
    return ImageDataset(
        images=digits[triples],
        labels=numbers[triples] @ torch.tensor([100, 10, 1]),
        classes=tuple(f"{number:03d}" for number in range(1000)),
        origin=halves[0].origin,
    )
