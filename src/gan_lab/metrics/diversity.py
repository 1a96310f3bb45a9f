"""How much samples differ from each other, in the space that they are in: needs no network."""

import torch
from torch import Tensor


def spread(samples: Tensor) -> float:
    """Return the root mean square difference of two independent samples, per number in them.

    `samples` are [N, ...]; the mean is over all pairs, each with each and with itself, and costs
    no more than a variance: E (x - y)^2 = 2 Var x.
    """
    return float((2 * samples.flatten(1).double().var(0, correction=0).mean()).sqrt())


def nearest_distances(samples: Tensor) -> Tensor:
    """Return the root mean square difference of each of `samples` [N, ...] to its nearest other.

    Float64 [N]; costs N^2 distances.
    """
    rows = samples.flatten(1).double()
    distances = torch.cdist(rows, rows).fill_diagonal_(torch.inf)
    return distances.amin(1) / rows.shape[1] ** 0.5


def closest_pairs(samples: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` closest pairs of `samples` [N, ...], the closest first.

    Their root mean square differences, float64 [count], and their places, int64 [count, 2].
    """
    rows = samples.flatten(1).double()
    first, second = torch.triu_indices(len(rows), len(rows), offset=1)
    distances = torch.cdist(rows, rows)[first, second]
    smallest, places = distances.topk(min(count, len(distances)), largest=False)
    return smallest / rows.shape[1] ** 0.5, torch.stack([first[places], second[places]], dim=1)


def birthday_size(samples: Tensor, distance: float, draws: int = 100) -> int | None:
    """Return the least number of samples of which half the draws hold two within `distance`.

    The birthday paradox test (Arora & Zhang 2017, arXiv 1706.08224): if that number is s, the
    support is about s^2. None if even all of `samples` [N, ...] do so in less than half of the
    draws, each of which is a permutation of them, the same ones at every call.
    """
    rows = samples.flatten(1).double()
    close = torch.cdist(rows, rows) <= distance * rows.shape[1] ** 0.5
    close.fill_diagonal_(False)
    generator = torch.Generator().manual_seed(0)
    sizes = []
    for _ in range(draws):
        order = torch.randperm(len(rows), generator=generator)
        # Row i of the triangle: whether the i-th sample drawn is close to one drawn before it.
        hits = close[order][:, order].tril(-1).any(1)
        sizes.append(int(hits.int().argmax()) + 1 if hits.any() else len(rows) + 1)
    median = sorted(sizes)[(draws - 1) // 2]
    return median if median <= len(rows) else None
