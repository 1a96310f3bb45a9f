"""The Fréchet distance between Gaussians, |m1 - m2|² + Tr(S1 + S2 - 2 (S1 S2)^½), in float64.

With S1 = F1 F1ᵀ and S2 = F2 F2ᵀ the trace of the root is the sum of the singular values of F1ᵀ F2.
Unlike a matrix square root of S1 S2 this stays exact when the covariances are singular.
Dowson and Landau 1982; used on features of images by Heusel et al. 2017.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.metrics.arrays import Array, as_float64


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
    """Return the moments of features [N, d]; ValueError if N < 2 or a number is not finite."""
    features = as_float64(features, "features", dimensions=2)
    count, size = features.shape
    if count < 2:
        raise ValueError(f"a covariance needs at least 2 samples, got {count}")
    mean = features.mean(0)
    factor = (features - mean).T / (count - 1) ** 0.5
    return Moments(mean, factor if count <= size else _factor(factor @ factor.T), count)


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

    Raises ValueError for shapes that disagree, numbers that are not finite, negative eigenvalues.
    """
    means = [as_float64(mu, "a mean", dimensions=1) for mu in (mu1, mu2)]
    covariances = [as_float64(sigma, "a covariance", dimensions=2) for sigma in (sigma1, sigma2)]
    for mean, covariance in zip(means, covariances, strict=True):
        if covariance.shape != (len(mean), len(mean)):
            shape = list(covariance.shape)
            raise ValueError(f"a mean of {len(mean)} features has a covariance of shape {shape}")
    return _distance(means[0], _factor(covariances[0]), means[1], _factor(covariances[1]))


def _distance(mean1: Tensor, factor1: Tensor, mean2: Tensor, factor2: Tensor) -> float:
    if mean1.shape != mean2.shape:
        raise ValueError(f"real has {len(mean1)} features, fake has {len(mean2)}")
    traces = factor1.square().sum() + factor2.square().sum()
    root_trace = torch.linalg.svdvals(factor1.T @ factor2).sum()
    return ((mean1 - mean2).square().sum() + traces - 2 * root_trace).item()


def _factor(covariance: Tensor) -> Tensor:
    """Return F [d, r] with F Fᵀ = covariance [d, d]: Cholesky, or eigenvectors if near singular."""
    cholesky, failed = torch.linalg.cholesky_ex(covariance)
    pivots = cholesky.diagonal().square()
    if not failed and pivots.min() > 1e-10 * pivots.max():
        return cholesky
    values, vectors = torch.linalg.eigh(covariance)
    largest = values.abs().max()
    if values.min() < -1e-4 * largest:
        raise ValueError(f"a covariance has the negative eigenvalue {values.min().item():.3g}")
    # Rounding turns eigenvalues of zero into about ±1e-17, and their roots would not be small.
    kept = values > largest * len(values) * torch.finfo(values.dtype).eps
    return vectors[:, kept] * values[kept].sqrt()
