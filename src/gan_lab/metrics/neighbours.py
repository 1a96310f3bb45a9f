"""Scores of who lies near whom: precision, recall, density, coverage; distances between images."""

import torch
from torch import Tensor

from gan_lab.metrics.arrays import Array, as_features, as_rows, squared_distances

RIM = 1e-9  # of a squared radius: more than rounding, less than any sample tells
ROWS = 1000  # of a matrix of distances at a time: 60,000 columns of them take 480 MB


def precision_recall_density_coverage(real: Array, fake: Array, k: int = 5) -> dict[str, float]:
    """Return four scores of features real [N, d] and fake [M, d], under these names.

    The ball of a sample reaches to its k-th nearest neighbour of its own side. `precision`: share
    of fakes in a ball of a real; `recall`: share of reals in a ball of a fake (Kynkäänniemi et al.
    2019). `density`: number of balls of reals that a fake lies in, over k; `coverage`: share of
    reals with a fake in their ball (Naeem et al. 2020). Density can exceed 1. One on the rim of a
    ball counts for the three shares, as in the first paper, and not for density, as in the code of
    the second: of two equal sets all four are 1, where with the rim density would be (k + 1) / k.
    Raises ValueError unless each side has more than k samples.
    """
    if k < 1:
        raise ValueError(f"k={k}: must be at least 1")
    real, fake = as_features(real, fake, fewest=k + 1)
    centre = real.mean(0)  # smaller numbers lose less to cancellation
    real, fake = real - centre, fake - centre
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    balls = torch.zeros(len(fake), dtype=torch.int64)  # of reals, that each fake lies in
    hits = torch.zeros(len(fake), dtype=torch.bool)  # whether in any, or on its rim
    recalled = covered = 0
    for part, radii in zip(real.split(ROWS), real_radii.split(ROWS), strict=True):
        distances = squared_distances(part, fake)
        inside = distances <= radii.unsqueeze(1)
        hits += inside.any(0)
        balls += (distances < radii.unsqueeze(1) * (1 - RIM)).sum(0)
        covered += int(inside.any(1).sum())
        recalled += int((distances <= fake_radii).any(1).sum())
    return {
        "precision": hits.double().mean().item(),
        "recall": recalled / len(real),
        "density": balls.double().mean().item() / k,
        "coverage": covered / len(real),
    }


def _squared_radii(rows: Tensor, k: int) -> Tensor:
    """Return the squared distance [N] of each row to its k-th nearest other row."""
    # The nearest is the row itself, at zero but for rounding.
    parts = [squared_distances(part, rows).topk(k + 1, largest=False).values[:, k]
             for part in rows.split(ROWS)]  # fmt: skip
    return torch.cat(parts)


def nearest_distances(real: Tensor, fake: Tensor) -> Tensor:
    """Return the distance [M] of each fake to the nearest real sample; 0 for a copy.

    Samples are uint8 [N, C, H, W] or points [N, 2]; a distance is the root of the mean squared
    difference of their numbers: grey levels for images. Costs 2 N M times numbers in a sample.
    Raises ValueError for samples of different shapes.
    """
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"real is {list(real.shape[1:])}, fake is {list(fake.shape[1:])}")
    rows = as_rows(fake)
    nearest = torch.full((len(rows),), torch.inf, dtype=torch.float64)
    for part in real.split(ROWS):  # never all of a large dataset in float64
        nearest = nearest.minimum(squared_distances(rows, as_rows(part)).amin(1))
    return (nearest / rows.shape[1]).sqrt()


def pairwise_distances(samples: Tensor) -> Tensor:
    """Return the distances [N // 2] of samples 0 and 1, 2 and 3 and so on; 0 for duplicates.

    Units as in `nearest_distances`. The pairs are disjoint, so that the mean has a standard error;
    they are random pairs if the samples lie in random order.
    """
    first, second = pairs(samples)
    return (as_rows(first) - as_rows(second)).square().mean(1).sqrt()


def pairs(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Return samples 0, 2, 4 ... and 1, 3, 5 ...; a last one without a partner is left out."""
    even = len(samples) // 2 * 2
    if not even:
        raise ValueError(f"a pair needs 2 samples, got {len(samples)}")
    return samples[0:even:2], samples[1:even:2]
