"""Coverage where the modes are known: mixtures of Gaussians in the plane, stacked digits."""

import math

import torch
from torch import Tensor

from gan_lab.metrics.arrays import Array, as_float64

STACKED_MODES = 1000


def mode_coverage(points: Array, centers: Array, std: float) -> dict[str, float]:
    """Return how points [N, 2] cover a mixture of Gaussians with centers [K, 2] and one std.

    A point is of high quality within 3 std of its nearest centre. `high_quality`: their share, of
    which a perfect sampler has 1 - exp(-4.5) = 0.9889; `modes`: centres with at least one of them;
    `reverse_kl`: KL(p || uniform) in nats of their shares p of the centres, which a perfect sampler
    has at about (K - 1) / 2N, and which is log K, its largest value, if there are none. Srivastava
    et al. 2017 (VEEGAN), Lin et al. 2018 (PacGAN). Raises ValueError for no points or std <= 0.
    """
    points, centers = as_float64(points, "points", 2), as_float64(centers, "centers", 2)
    if not len(points) or not 0 < std < math.inf:
        raise ValueError(f"needs points and a std above 0, got {len(points)} points, std {std}")
    return coverage_of_counts(high_quality_counts(points, centers, std), len(points))


def coverage_of_counts(counts: Tensor, count: int) -> dict[str, float]:
    """Return the same of `count` points from how many of each centre are of high quality [K].

    Raises ValueError for no points.
    """
    if not count:
        raise ValueError("needs points, got none")
    return {
        "high_quality": counts.sum().item() / count,
        "modes": int((counts > 0).sum()),
        "reverse_kl": divergence_from_uniform(counts),
    }


def high_quality_counts(points: Tensor, centers: Tensor, std: float) -> Tensor:
    """Return how many points [N, 2] lie nearest to each centre [K, 2] and within 3 std: [K]."""
    modes = nearest_modes(points, centers, std)
    return modes[modes >= 0].bincount(minlength=len(centers))


def nearest_modes(points: Tensor, centers: Tensor, std: float) -> Tensor:
    """Return the nearest centre [K, 2] of each point [N, 2], -1 if it is not within 3 std: [N].

    Raises ValueError for no centres, or centres of other dimensions.
    """
    if points.ndim != 2 or not len(centers) or points.shape[1:] != centers.shape[1:]:
        shapes = f"{list(points.shape)} and centres {list(centers.shape)}"
        raise ValueError(f"points [N, d] have centres [K, d], got points {shapes}")
    differences = points.double().unsqueeze(1) - centers.double()
    distances, nearest = differences.square().sum(2).sqrt().min(1)
    return nearest.where(distances < 3 * std, -1)


def stacked_mode_coverage(counts: Array) -> dict[str, float]:
    """Return `modes` and `kl` of stacked digits from the samples of each of 1000 triples [1000].

    `modes`: triples that occur; `kl`: KL(p || uniform) in nats. A perfect sampler of 26,000 has
    1000 modes and KL 0.0192; real MNIST, whose digits are not equally frequent, has 0.024.
    Srivastava et al. 2017. Raises ValueError for another number of counts, or counts below 0.
    """
    counts = as_float64(counts, "counts", 1)
    if len(counts) != STACKED_MODES or not counts.sum() > 0 or counts.min() < 0:
        raise ValueError(f"needs {STACKED_MODES} counts of at least 0, some above, got {counts}")
    return {"modes": int((counts > 0).sum()), "kl": divergence_from_uniform(counts)}


def triple_counts(digits: Tensor) -> Tensor:
    """Return how often each triple 0 to 999 occurs [1000] among digits of 3 channels [N, 3]."""
    triples = digits @ digits.new_tensor([100, 10, 1])
    return triples.bincount(minlength=STACKED_MODES)


def divergence_from_uniform(counts: Tensor) -> float:
    """Return KL(p || uniform) in nats of counts [K]; log K if all of them are zero.

    Raises ValueError for no counts, or counts below 0.
    """
    if counts.ndim != 1 or not len(counts) or counts.min() < 0:
        raise ValueError(f"needs a list of counts of at least 0, got shape {list(counts.shape)}")
    total = counts.sum().item()
    if not total:
        return math.log(len(counts))
    shares = counts.double() / total
    terms: Tensor = torch.special.xlogy(shares, shares * len(counts))
    return max(0.0, terms.sum().item())
