"""The Fréchet distance between Gaussians, |m1 - m2|² + Tr(S1 + S2 - 2 (S1 S2)^½), in float64.

With S1 = F1 F1ᵀ and S2 = F2 F2ᵀ the trace of the root is the sum of the singular values of F1ᵀ F2.
Unlike a matrix square root of S1 S2 this stays exact when the covariances are singular. Where they
are not, the roots of the eigenvalues of F1ᵀ S2 F1 are the same numbers five times as fast, and
exact as long as the matrix is graded, which pivoting sees to; the determinant tells if it was not.
Dowson and Landau 1982; used on features of images by Heusel et al. 2017.

The distance of N samples is too large by about a / N, since a fitted Gaussian follows its samples.
Its sampling error is that of a mean: of how much each sample adds to it (its influence).
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gan_lab.metrics.arrays import Array, as_float64

BLOCK = 512  # columns of a symmetric product at a time: of those above them nothing is computed
DOUBT = 1e-10
ASYMMETRY = 1e-4  # of the largest entry: more is no rounding, not even that of float32
FEWEST = 8  # samples a feature: with fewer, a / N is not all, and the error comes out too large
EIGHTHS = 8
LEFT_OUT = (0, 1, 2)  # eighths that a fit leaves out: all, 7/8 and 3/4 of the samples


@dataclass(frozen=True)
class Moments:
    """The Gaussian fitted to one set of features; `Moments(**vars(moments))` rebuilds it.

    The factor is kept, not the covariance: a real side is factored once and then reused.
    """

    mean: Tensor  # [d] float64
    factor: Tensor  # [d, r] float64, r <= d: factor @ factor.T is the covariance (ddof 1)
    count: int  # number of samples

    @property
    def covariance(self) -> Tensor:
        return self.factor @ self.factor.T


def moments(features: Array) -> Moments:
    """Return the moments of features [N, d]; ValueError if N < 2, d < 1 or a number is infinite."""
    features = as_float64(features, "features", dimensions=2)
    count, size = features.shape
    if count < 2:
        raise ValueError(f"a covariance needs at least 2 samples, got {count}")
    if not size:
        raise ValueError("the samples have no features")
    mean = features.mean(0)
    centred = (features - mean).T
    if count < size:
        return Moments(mean, centred / (count - 1) ** 0.5, count)
    return Moments(mean, _factor(_lower_gram(centred).div_(count - 1)), count)


def moments_from_sums(count: int, total: Tensor, products: Tensor) -> Moments:
    """Return the moments of `count` samples from their sum [d] and the sum of x xᵀ [d, d].

    Sums can be added up over parts and processes, but features far from zero cancel in them, where
    `moments` centres first. Raises ValueError for fewer than 2 samples.
    """
    if count < 2:
        raise ValueError(f"a covariance needs at least 2 samples, got {count}")
    mean = total.cpu() / count
    covariance = (products.cpu() - count * torch.outer(mean, mean)) / (count - 1)
    return Moments(mean, _factor(covariance), count)


def frechet(real: Moments, fake: Moments) -> float:
    """Return the squared Fréchet distance, in squared units of the features.

    Rounding can make the distance of equal sets slightly negative; the sign is kept.
    Raises ValueError if the two have different numbers of features.
    """
    return _distance(real.mean, real.factor, fake.mean, fake.factor)


def frechet_from_features(real: Array, fake: Array) -> float:
    """Return the squared Fréchet distance of features [N, d] and [M, d]; errors as in `moments`."""
    return frechet(moments(real), moments(fake))


def frechet_distance(mu1: Array, sigma1: Array, mu2: Array, sigma2: Array) -> float:
    """Return the squared Fréchet distance of Gaussians with means [d] and covariances [d, d].

    Raises ValueError for shapes that disagree, numbers that are not finite, a covariance that is
    not symmetric or has negative eigenvalues.
    """
    means = [as_float64(mu, "a mean", dimensions=1) for mu in (mu1, mu2)]
    covariances = [as_float64(sigma, "a covariance", dimensions=2) for sigma in (sigma1, sigma2)]
    for mean, covariance in zip(means, covariances, strict=True):
        if covariance.shape != (len(mean), len(mean)):
            shape = list(covariance.shape)
            raise ValueError(f"a mean of {len(mean)} features has a covariance of shape {shape}")
        if not len(mean):
            raise ValueError("a mean has no features")
        difference = (covariance - covariance.T).abs().max()
        if difference > ASYMMETRY * covariance.abs().max():
            raise ValueError(f"a covariance is not symmetric: it differs by {difference:.3g}")
    return _distance(means[0], _factor(covariances[0]), means[1], _factor(covariances[1]))


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
    return float(influence.std()) / math.sqrt(len(rows))


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


def _distance(mean1: Tensor, factor1: Tensor, mean2: Tensor, factor2: Tensor) -> float:
    if mean1.shape != mean2.shape:
        raise ValueError(f"real has {len(mean1)} features, fake has {len(mean2)}")
    traces = factor1.square().sum() + factor2.square().sum()
    outer = (mean1 - mean2).square().sum() + traces
    if not outer.isfinite():
        raise ValueError("the squares of the features are not finite: scale them down")
    cross = factor1.T @ factor2
    if factor1.shape == factor2.shape == (len(mean1), len(mean1)):
        root_trace, doubt = _by_eigenvalues(cross, _log_det(factor1) + _log_det(factor2))
        distance = outer - 2 * root_trace
        if 2 * doubt < DOUBT * distance.abs():
            return distance.item()
    singular_values: Tensor = torch.linalg.svdvals(cross)
    return (outer - 2 * singular_values.sum()).item()


def _by_eigenvalues(cross: Tensor, log_det: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sum of the singular values of cross [d, d], and how wrong it may be.

    They are the roots of the eigenvalues of cross crossᵀ, of which small ones can drown in the
    rounding of large ones. Then the eigenvalues' product is not the determinant, whose logarithm is
    known; all are then suspected of the absolute error that explains it if it is in the least one.
    """
    values = torch.linalg.eigvalsh(_lower_gram(cross)).clamp(min=0)
    error = (values.log().sum() - 2 * log_det).abs() * values.min()  # nan, no less, for a 0
    return values.sqrt().sum(), error * values.rsqrt().sum() / 2


def _log_det(factor: Tensor) -> Tensor:
    """Return log |det factor| of a pivoted Cholesky factor, whose pivots lead their columns."""
    return factor.abs().amax(0).log().sum()


def _lower_gram(rows: Tensor) -> Tensor:
    """Return the lower triangle of rows rowsᵀ [d, d] for rows [d, N], the rest not all computed."""
    product = rows.new_zeros(len(rows), len(rows))
    for first in range(0, len(rows), BLOCK):
        columns = slice(first, first + BLOCK)
        torch.mm(rows[first:], rows[columns].T, out=product[first:, columns])
    return product


def _factor(covariance: Tensor) -> Tensor:
    """Return F [d, r] with F Fᵀ = covariance [d, d], of which the lower triangle is read.

    By Cholesky with pivoting: the numbers of F fall from column to column, and end where what is
    left is rounding.
    """
    from scipy.linalg.lapack import dpstrf

    result, pivots, rank, _ = dpstrf(covariance.numpy(), lower=1)
    factor = torch.empty_like(covariance[:, :rank])
    factor[torch.from_numpy(pivots).long() - 1] = torch.from_numpy(result).tril()[:, :rank]
    if rank < len(covariance):
        _check_remainder(covariance, factor)
    return factor


def _check_remainder(covariance: Tensor, factor: Tensor) -> None:
    """Raise ValueError if what a factor lacks to the covariance is more than rounding."""
    remainder = (covariance - factor @ factor.T).tril().abs().max()
    if remainder > 1e-4 * covariance.tril().abs().max():
        least = torch.linalg.eigvalsh(covariance)[0].item()
        raise ValueError(f"a covariance has the negative eigenvalue {least:.3g}")


def _intercept(places: Tensor, values: Tensor) -> float:
    """Return where the least-squares line through values [L] at places [L] meets place 0."""
    centred = places - places.mean()
    slope = (centred * values).sum() / centred.square().sum()
    return float(values.mean() - slope * places.mean())
