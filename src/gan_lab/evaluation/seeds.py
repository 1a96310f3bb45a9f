"""What several seeds of one setting say: mean, spread and a t interval of a score."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gan_lab.common.console import percent

LEVEL = 0.95
FEWEST = 3  # values that an interval takes; of two, both are shown


@dataclass(frozen=True)
class SeedSummary:
    """A score over seeds. `sd` needs 2 values, `half_width` (of the interval) 3; else None."""

    values: tuple[float, ...]
    mean: float
    sd: float | None  # with n - 1
    half_width: float | None  # t quantile * sd / sqrt(n): mean +- this holds the expected score

    def __str__(self) -> str:
        if self.half_width is None:
            return ", ".join(f"{value:.4g}" for value in self.values)
        low, high = self.mean - self.half_width, self.mean + self.half_width
        return f"{self.mean:.4g} (sd {self.sd:.2g}, {percent(LEVEL, 0)} {low:.4g} to {high:.4g})"


def over_seeds(values: Sequence[float]) -> SeedSummary:
    """Return mean, standard deviation and Student's 95 % interval of at least one value.

    The interval is about the mean over seeds, and takes the scores to be roughly normal.
    Raises ValueError for no values.
    """
    count = len(values)
    if not count:
        raise ValueError("no values")
    mean = math.fsum(values) / count
    if count == 1:
        return SeedSummary(tuple(values), mean, None, None)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    if count < FEWEST:
        return SeedSummary(tuple(values), mean, sd, None)
    from gan_lab.metrics.intervals import student  # only now: torch takes 2 s

    return SeedSummary(tuple(values), mean, sd, student(count) * sd / math.sqrt(count))
