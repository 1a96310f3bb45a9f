"""Whether samples lie nearer to the training data than data that nobody trained on.

C_T of Meehan, Chaudhuri and Dasgupta 2020 (arXiv 2004.05675): in each cell of the training data the
distances of samples to their nearest training neighbour are ranked among those of held-out data.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.metrics.arrays import as_rows, squared_distances
from gan_lab.metrics.neighbours import nearest_distances

FEWEST = 10  # of both in a cell: with fewer the sum of ranks is not near to normal
EACH = 20  # of both in a cell on average, at least
FITTED = 10_000  # training samples that cells are fitted to
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CopyTest:
    """C_T in standard errors of one cell (below 0: nearer than held-out data), and its p-value.

    `p` is the chance of a C_T as low as this where samples are as far as held-out data.
    """

    statistic: float
    p: float
    compared: int  # cells with enough of both


def copy_test(train: Tensor, held_out: Tensor, fake: Tensor, cells: int = 10) -> CopyTest:
    """Test whether fakes [M, ...] lie nearer to `train` [T, ...] than `held_out` [N, ...] does.

    C_T is the mean over cells of the z-value of the Mann-Whitney U, weighted by the held-out data
    in each; neighbours are sought among all training data (Meehan et al. 2020). Cells are those of
    k-means on the training data: at most `cells`, and no more than have 20 of both on average. One
    with fewer than 10 of either is left out. Samples are features, images or points. Raises
    ValueError for samples of different shapes, or if no cell has enough of both.
    """
    centres = _centres(train, max(1, min(cells, min(len(held_out), len(fake)) // EACH)))
    sides = [
        (_nearest(centres, side), nearest_distances(train, side).numpy())
        for side in (held_out, fake)
    ]
    weights, values = [], []
    for cell in range(len(centres)):
        real_distances, fake_distances = (near[places == cell] for places, near in sides)
        if min(len(real_distances), len(fake_distances)) >= FEWEST:
            weights.append(len(real_distances))
            values.append(rank_z(real_distances, fake_distances))
    if not weights:
        raise ValueError(
            f"no cell of the training data has {FEWEST} samples and {FEWEST} held-out ones"
        )
    from scipy.special import ndtr

    shares = np.array(weights) / sum(weights)
    statistic = float(shares @ values)
    # The cells are independent of each other, and each has a deviation of 1.
    p = float(ndtr(statistic / np.sqrt(shares @ shares)))
    return CopyTest(statistic, p, len(weights))


def rank_z(real: Floats, fake: Floats) -> float:
    """Return the z-value of the Mann-Whitney U of numbers [N] and [M]; below 0: fakes are smaller.

    Ties have their mean rank, and the deviation is that of ties (Lehmann 1975). 0 where all
    are equal.
    """
    from scipy.stats import rankdata, tiecorrect

    ranks = rankdata(np.concatenate([fake, real]))
    count, others = len(fake), len(real)
    pairs = ranks[:count].sum() - count * (count + 1) / 2  # in which the fake is the larger
    variance = tiecorrect(ranks) * count * others * (count + others + 1) / 12
    return float((pairs - count * others / 2) / np.sqrt(variance)) if variance else 0.0


def _centres(train: Tensor, cells: int) -> Tensor:
    """Return the centres [K, d] of the cells, always the same of the same training data."""
    from sklearn.cluster import KMeans  # only now: it takes a second

    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    rows = as_rows(train[order[:FITTED]]).numpy()
    different = len(np.unique(rows, axis=0)) if len(rows) <= cells else cells
    fitted = KMeans(different, n_init=1, random_state=0).fit(rows)
    return torch.from_numpy(fitted.cluster_centers_)


def _nearest(centres: Tensor, samples: Tensor) -> NDArray[np.int64]:
    """Return the cell [N] of each sample."""
    parts = [squared_distances(as_rows(part), centres).argmin(1) for part in samples.split(FITTED)]
    return torch.cat(parts).numpy()
