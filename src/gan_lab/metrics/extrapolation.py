"""What a Fréchet distance of finitely many samples says: its sampling error, and its limit.

The distance of N samples is too large by about a / N, since a fitted Gaussian follows its samples.
Its sampling error is that of a mean: of how much each sample adds to it (its influence).
"""

from dataclasses import replace

import torch
from torch import Tensor

from gan_lab.metrics.arrays import Array, as_float64
from gan_lab.metrics.frechet import Moments, frechet, moments_from_sums

FEWEST = 8  # samples a feature: with fewer, a / N is not all, and the error comes out too large
EIGHTHS = 8
LEFT_OUT = (0, 1, 2)  # eighths that a fit leaves out: all, 7/8 and 3/4 of the samples


def enough_for_errors(count: int, size: int) -> bool:
    """Return whether `count` samples of `size` features have a sampling error that holds."""
    return count >= FEWEST * size


def frechet_error(real: Moments, fake: Moments, features: Array) -> float:
    """Return the standard error of `frechet(real, fake)` for the draw of features [N, d] of fakes.

    The real side is taken as it is. By the delta method: the derivative of the distance by the
    fake mean m and covariance F gives each sample y the influence

        2 (m - mean(real)).(y - m) + |y - m|^2 - (y - m)' T (y - m),

    T the optimal map from the fake Gaussian to the real one, and the error is their deviation over
    sqrt(N). Near a distance of 0 second derivatives matter, and it comes out up to 1.4 times too
    large. Raises ValueError for other numbers of features.
    """
    rows = as_float64(features, "features", 2) - fake.mean
    if len(real.mean) != rows.shape[1]:
        raise ValueError(f"real has {len(real.mean)} features, fake has {rows.shape[1]}")
    # With fake = F F', real = R R' and F'R = U S V' it is T F = R V U': y = F c has
    # y'Ty = c'U S U'c.
    left, values, _ = torch.linalg.svd(fake.factor.T @ real.factor, full_matrices=False)
    places = rows @ (torch.linalg.pinv(fake.factor).T @ left)
    influence = 2 * rows @ (fake.mean - real.mean) + rows.square().sum(1)
    influence -= places.square() @ values
    return float(influence.std()) / len(rows) ** 0.5


def frechet_at_infinity(real: Moments, features: Array) -> float:
    """Return the Fréchet distance that features [N, d] of fakes have in the limit of N.

    The intercept of a straight line in 1 / N through the distances of all, 7/8 and 3/4 of them,
    each the mean over the disjoint parts that can be left out. Chong and Forsyth 2020 (arXiv
    1911.07023), section 4, take random subsets; these share all their samples, so that hardly more
    than the error of the distance of all is left. It can be below 0 where the distance is near 0.
    Raises ValueError for fewer than 8 samples a feature.
    """
    rows = as_float64(features, "features", 2)
    if not enough_for_errors(*rows.shape):
        count, size = rows.shape
        raise ValueError(f"{size} features need at least {FEWEST * size:,} samples, got {count:,}")
    centre = rows.mean(0)
    parts = (rows - centre).tensor_split(EIGHTHS)
    sums = [(len(part), part.sum(0), part.T @ part) for part in parts]

    def distance_without(first: int, number: int) -> float:
        kept = sums[:first] + sums[first + number :]
        counts, totals, products = zip(*kept, strict=True)
        found = moments_from_sums(sum(counts), sum(totals), sum(products))
        return frechet(real, replace(found, mean=found.mean + centre))

    inverses, distances = [], []
    for number in LEFT_OUT:
        firsts = range(0, EIGHTHS, number) if number else (0,)
        values = [distance_without(first, number) for first in firsts]
        distances.append(sum(values) / len(values))
        inverses.append(1 / (len(rows) * (1 - number / EIGHTHS)))
    double = torch.float64
    return _intercept(torch.tensor(inverses, dtype=double), torch.tensor(distances, dtype=double))


def _intercept(places: Tensor, values: Tensor) -> float:
    """Return where the least-squares line through values [L] at places [L] meets place 0."""
    centred = places - places.mean()
    slope = (centred * values).sum() / centred.square().sum()
    return float(values.mean() - slope * places.mean())
