"""95 % intervals of scores."""

import math

from torch import Tensor

Z = 1.959963984540054  # of the normal distribution, two-sided 95 %


def wilson(successes: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, `successes` of `count` (Wilson 1927).

    It stays within [0, 1] and does not shrink to a point at 0 or at `count`. Raises ValueError
    unless 0 <= successes <= count and count > 0.
    """
    if not 0 <= successes <= count or not count:
        raise ValueError(f"{successes} of {count} is no share")
    share, penalty = successes / count, Z**2 / count
    middle = (share + penalty / 2) / (1 + penalty)
    reach = Z * math.sqrt(share * (1 - share) / count + penalty / (4 * count)) / (1 + penalty)
    # At 0 and 1 an end is the share itself, which rounding must not move.
    return (0.0 if not successes else middle - reach, 1.0 if successes == count else middle + reach)


def student(count: int) -> float:
    """Return how many standard errors a 95 % interval of a mean of `count` values reaches."""
    from scipy.special import stdtrit  # costs less to import than scipy.stats

    return float(stdtrit(count - 1, 0.975))


def normal_interval(value: float, error: float) -> tuple[float, float]:
    """Return the 95 % interval of a value with a normal error of known deviation."""
    return value - Z * error, value + Z * error


def mean_interval(values: Tensor) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean of independent values [S] (Student 1908).

    None for fewer than 2 values, which have no spread.
    """
    if len(values) < 2:
        return None
    mean, spread = values.double().mean().item(), values.double().std().item()
    reach = student(len(values)) * spread / math.sqrt(len(values))
    return mean - reach, mean + reach
