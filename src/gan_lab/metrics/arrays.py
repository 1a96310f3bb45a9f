"""What the scores take: arrays or tensors, brought to float64 on the CPU and checked."""

import numpy as np
import torch
from torch import Tensor

Array = Tensor | np.ndarray


def as_float64(array: Array, name: str, dimensions: int) -> Tensor:
    """Return an array as a float64 tensor on the CPU, without gradients.

    Raises ValueError, naming the array, for another number of dimensions or numbers not finite.
    """
    if not isinstance(array, Tensor):
        array = torch.from_numpy(np.array(array, dtype=np.float64))
    if array.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimensions, got shape {list(array.shape)}")
    if not array.sum().isfinite() and not array.isfinite().all():  # the sum is ten times as fast
        raise ValueError(f"{name} holds numbers that are not finite (nan or inf)")
    return array.detach().to("cpu", torch.float64)


def as_features(real: Array, fake: Array, fewest: int = 1) -> tuple[Tensor, Tensor]:
    """Return features real [N, d] and fake [M, d] in float64.

    Raises ValueError for unequal d or none, fewer than `fewest` rows, or numbers that are not
    finite.
    """
    real, fake = as_float64(real, "real", 2), as_float64(fake, "fake", 2)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"real has {real.shape[1]} features, fake has {fake.shape[1]}")
    if not real.shape[1]:
        raise ValueError("the samples have no features")
    if min(len(real), len(fake)) < fewest:
        raise ValueError(f"at least {fewest} samples a side, got {len(real)} and {len(fake)}")
    return real, fake


def as_rows(samples: Tensor) -> Tensor:
    """Return samples (uint8 [N, C, H, W] or points [N, 2]) as float64 rows [N, d] on the CPU.

    Raises ValueError for no sample, samples of nothing, or numbers that are not finite.
    """
    if samples.ndim < 2 or not samples.numel():
        raise ValueError(f"samples of shape {list(samples.shape)}: at least one, of one number")
    rows = samples.flatten(1).to("cpu", torch.float64)
    if samples.is_floating_point() and not rows.isfinite().all():
        raise ValueError("samples hold numbers that are not finite (nan or inf)")
    return rows


def squared_distances(rows: Tensor, others: Tensor) -> Tensor:
    """Return the squared Euclidean distances [N, M] of float64 rows [N, d] and [M, d].

    By the matrix product, which is exact for bytes: all its numbers are integers below 2**53.
    """
    squares = rows.square().sum(1).unsqueeze(1) + others.square().sum(1)
    return squares.addmm_(rows, others.T, alpha=-2).clamp_(min=0)
