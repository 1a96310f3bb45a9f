"""How many samples fall on each class, beside the shares of the classes in the real images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from gan_lab.metrics.intervals import wilson
from gan_lab.metrics.neighbours import nearest_distances

FAMILIAR = 0.999  # of real images are nearer to others than what is called strange
SURE = 0.5  # a probability below this names no class
UNSURE = -1  # the class of such a sample
MISSING = 0.1  # a class with less than this part of its real share is called missing


@dataclass(frozen=True)
class Census:
    """Counts of samples by class, against the shares of real images.

    `counts` [K] are samples that are sure of their class, `unsure` the others, `real_shares` [K]
    the shares of the classes in the training data, which sum to 1.
    """

    counts: tuple[int, ...]
    unsure: int
    real_shares: tuple[float, ...]

    @property
    def sure(self) -> int:
        """The number of samples that have a class."""
        return sum(self.counts)

    @property
    def total(self) -> int:
        """The number of samples."""
        return self.sure + self.unsure

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each class among the samples that have one; all 0 if none has."""
        return tuple(count / max(1, self.sure) for count in self.counts)

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """The 95 % intervals of `shares`; all of [0, 1] if no sample has a class."""
        if not self.sure:
            return ((0.0, 1.0),) * len(self.counts)
        return tuple(wilson(count, self.sure) for count in self.counts)

    @property
    def missing(self) -> tuple[int, ...]:
        """Classes that even the upper end of their interval leaves under a tenth of their share.

        So a small sample, in which a rare class is absent by chance, names none.
        """
        return tuple(
            index
            for index, (_, high) in enumerate(self.intervals)
            if high < MISSING * self.real_shares[index]
        )

    @property
    def chi_square(self) -> tuple[float, float]:
        """Pearson's statistic of the counts against the real shares, and its p-value.

        The p-value is nan where no sample has a class.
        """
        from scipy.stats import chi2

        expected = [share * self.sure for share in self.real_shares]
        present = [(count, mean) for count, mean in zip(self.counts, expected, strict=True) if mean]
        if not present:
            return 0.0, math.nan
        statistic = sum((count - mean) ** 2 / mean for count, mean in present)
        return statistic, float(chi2.sf(statistic, len(present) - 1))

    @property
    def kl(self) -> float:
        """KL(shares || real shares) in nats: 0 for equal shares; nan where no sample has a class.

        A perfect sampler has about (K - 1) / (2 sure) by chance.
        """
        if not self.sure:
            return math.nan
        return sum(
            share * math.log(share / real)
            for share, real in zip(self.shares, self.real_shares, strict=True)
            if share
        )


def sure_classes(logits: Tensor) -> Tensor:
    """Return the class of each row of a classifier's `logits` [N, K], or -1 where it is not sure.

    Sure is a probability of at least a half: no other class can then have more.
    """
    certainty, predicted = logits.softmax(1).max(1)
    return predicted.where(certainty >= SURE, UNSURE)


def familiar_distance(real: Tensor, held_out: Tensor) -> float:
    """Return how far from the nearest of `real` [N, d] features of real images get.

    999 of 1000 `held_out` ones [K, d] are no farther.
    """
    return float(nearest_distances(real, held_out).quantile(FAMILIAR))


def is_strange(real: Tensor, limit: float, fake: Tensor) -> Tensor:
    """Return whether features of samples [M, d] are farther than `limit` from all `real` [N, d].

    A classifier that knows nothing but digits is as sure of noise as of digits; its features tell.
    """
    return nearest_distances(real, fake) > limit


def count_modes(predicted: Tensor, real_counts: Sequence[int]) -> Census:
    """Count samples by class: `predicted` [N] is the class of each, -1 where there is none.

    `real_counts` [K] are the numbers of the classes in the training data. Raises ValueError for a
    class beyond them.
    """
    sure = predicted[predicted != UNSURE].cpu()
    counts = sure.bincount(minlength=len(real_counts))
    if len(counts) > len(real_counts):
        raise ValueError(f"class {len(counts) - 1} of a sample is none of {len(real_counts)}")
    return Census(
        counts=tuple(counts.tolist()),
        unsure=len(predicted) - len(sure),
        real_shares=tuple(count / sum(real_counts) for count in real_counts),
    )
