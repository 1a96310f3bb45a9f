"""Randomness as a function of position: (seed, stream, step, turn), never of what was drawn before.

Philox is counter-based (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), so a
run that resumes at step 3000 draws what an undisturbed run draws there, with no state to restore.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

# The numbers are part of every result: append, never renumber.
STREAMS = {
    "networks": 0,
    "permutation": 1,
    "latents": 2,
    "penalty": 3,
    "augment": 4,
    "samples": 5,
    "sample_labels": 6,
    "instance_noise": 7,
    "layers": 8,
    "penalty_normal": 9,
    "augment_more": 10,
    "instance_noise_real": 11,
    "augment_real": 12,
    "augment_more_real": 13,
}


def random_at(seed: int, stream: str, step: int = 0, turn: int = 0) -> np.random.Generator:
    """Return the random generator that belongs to one place of one stream of a run."""
    # The lowest counter word is Philox's own: it advances while numbers are drawn.
    bits = np.random.Philox(key=[seed, STREAMS[stream]], counter=[0, turn, step, 0])
    return np.random.Generator(bits)


def normal_at(
    seed: int, stream: str, shape: tuple[int, ...], step: int = 0, turn: int = 0
) -> Tensor:
    """Return standard normal float32 numbers; row i does not depend on how many rows follow it."""
    return torch.from_numpy(
        random_at(seed, stream, step, turn).standard_normal(shape, dtype=np.float32)
    )


def uniform_at(seed: int, stream: str, count: int, step: int = 0, turn: int = 0) -> Tensor:
    """Return `count` float32 numbers, uniform on [0, 1)."""
    return torch.from_numpy(random_at(seed, stream, step, turn).random(count, dtype=np.float32))


def torch_seed(seed: int, stream: str, step: int = 0, turn: int = 0) -> int:
    """Return a seed for torch's own generators, for what only they can draw.

    That is PyTorch's initialisation ("networks") and layers such as dropout ("layers").
    """
    return int(random_at(seed, stream, step, turn).integers(2**63))


@lru_cache(maxsize=2)
def permutation(seed: int, epoch: int, count: int) -> Tensor:
    """Return the order (int64 [count]) in which an epoch visits the data."""
    return torch.from_numpy(random_at(seed, "permutation", step=epoch).permutation(count))


def batch_indices(seed: int, draw: int, batch_size: int, count: int) -> Tensor:
    """Return the data indices (int64 [batch_size]) of the draw-th batch of a run.

    Each epoch is a new permutation of all `count` items whose last partial batch is dropped.
    """
    epoch, place = divmod(draw, count // batch_size)
    order = permutation(seed, epoch, count)[place * batch_size : (place + 1) * batch_size]
    return order.clone()  # the permutation is kept: a caller may change its batch, not that
