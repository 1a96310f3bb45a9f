"""How much samples differ from each other, in the space that they are in: needs no network.

Samples are uint8 [N, C, H, W] or points [N, 2]. Differences are root mean squares over the numbers
of a sample: grey levels for images.
"""

import torch
from torch import Tensor

from gan_lab.metrics.arrays import as_rows, squared_distances


def spread(samples: Tensor) -> float:
    """Return the root mean square difference of two samples drawn with replacement.

    It costs no more than a variance: E (x - y)^2 = 2 Var x.
    """
    return float((2 * as_rows(samples).var(0, correction=0).mean()).sqrt())


def nearest_others(samples: Tensor) -> Tensor:
    """Return the difference [N] of each sample to the nearest other; costs N^2 of them."""
    return _differences(samples).amin(1)


def closest_pairs(samples: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return differences [count] and places [count, 2] of the closest pairs, the closest first."""
    first, second = torch.triu_indices(len(samples), len(samples), offset=1)
    differences = _differences(samples)[first, second]
    smallest, places = differences.topk(min(count, len(differences)), largest=False)
    return smallest, torch.stack([first[places], second[places]], dim=1)


def birthday_size(samples: Tensor, difference: float, draws: int = 100) -> int | None:
    """Return the least number of samples of which half the draws hold two within `difference`.

    The birthday paradox test (Arora & Zhang 2017, arXiv 1706.08224): if that number is s, the
    support is about s^2. None if even all of `samples` do so in less than half of the draws, each
    of which is a permutation of them, the same ones at every call.
    """
    close = _differences(samples) <= difference
    generator = torch.Generator().manual_seed(0)
    sizes = []
    for _ in range(draws):
        order = torch.randperm(len(samples), generator=generator)
        # Row i of the triangle: whether the i-th sample drawn is close to one drawn before it.
        hits = close[order][:, order].tril(-1).any(1)
        sizes.append(int(hits.int().argmax()) + 1 if hits.any() else len(samples) + 1)
    median = sorted(sizes)[(draws - 1) // 2]
    return median if median <= len(samples) else None


def _differences(samples: Tensor) -> Tensor:
    """Return all differences [N, N]; infinite on the diagonal: a sample is no other."""
    rows = as_rows(samples)
    return (squared_distances(rows, rows) / rows.shape[1]).sqrt().fill_diagonal_(torch.inf)
