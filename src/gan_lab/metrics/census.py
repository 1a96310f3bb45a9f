"""How many samples fall on each class, beside the shares of the classes in the real images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from gan_lab.metrics.intervals import wilson
from gan_lab.metrics.neighbours import nearest_distances

# The version of the rule by which samples have a class and classes are missing. It counts up when
# the same samples would be counted otherwise: tables keep the numbers of two rules apart.
RULE = 1
FAMILIAR = 0.999  # of real images are nearer to others than what is called strange
SURE = 0.5  # a probability below this names no class
UNSURE = -1  # the class of such a sample
MISSING = 0.1  # a class with less than this part of its real share is called missing
CHANCE = 0.001  # what a perfect sampler does more rarely than this is no chance


@dataclass(frozen=True)
class Census:
    """Counts of samples by class, against the shares of real images.

    `counts` [K] are samples that are sure of their class, `unsure` the others, `real_shares` [K]
    the shares of the classes in the training data, which sum to 1.
    """

    counts: tuple[int, ...]
    unsure: int
    real_shares: tuple[float, ...]

    @cached_property
    def sure(self) -> int:
        """The number of samples that have a class."""
        return sum(self.counts)

    @cached_property
    def comparable(self) -> int:
        """The number of samples that have a class of the training data."""
        pairs = zip(self.counts, self.real_shares, strict=True)
        return sum(count for count, real in pairs if real)

    @property
    def total(self) -> int:
        """The number of samples."""
        return self.sure + self.unsure

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The share of each class among the samples that have one; all 0 if none has."""
        return tuple(count / max(1, self.sure) for count in self.counts)

    @cached_property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """The 95 % intervals of `shares`; all of [0, 1] if no sample has a class."""
        if not self.sure:
            return ((0.0, 1.0),) * len(self.counts)
        return tuple(wilson(count, self.sure) for count in self.counts)

    @cached_property
    def missing(self) -> tuple[int, ...]:
        """Classes that are missing each by itself.

        Of those with samples: where even the upper end of the interval is under a tenth of the real
        share. Of those without: where chance does not explain it, so that on average under 1/1000
        of the named ones are so by chance, however many classes there are (Benjamini & Hochberg
        1995, on the probabilities `_absent`).
        """
        absent = self._absent
        unseen = sorted(self._unseen, key=lambda index: absent[index])
        ranks = (
            rank
            for rank, index in enumerate(unseen, 1)
            if absent[index] * self.known <= CHANCE * rank
        )
        named = set(unseen[: max(ranks, default=0)])
        return tuple(
            index
            for index, (_, high) in enumerate(self.intervals)
            if high < MISSING * self.real_shares[index] or index in named
        )

    @property
    def undecided(self) -> tuple[int, ...]:
        """Classes without a sample that are not named `missing`: each may be absent by chance."""
        missing = set(self.missing)
        return tuple(index for index in self._unseen if index not in missing)

    @property
    def missing_number(self) -> int | None:
        """How many classes are missing; None where the samples cannot tell.

        More than are named `missing` if classes without a sample are too many for chance. Nothing
        can be told if most samples have no class.
        """
        more = round(self._more_missing([1.0] * len(self.counts)))
        if self.mostly_unsure or (self.undecided and not (self.missing or more)):
            return None
        return len(self.missing) + more

    @property
    def lost(self) -> float:
        """The share of real images whose classes are missing, as far as that can be told."""
        named = sum(self.real_shares[index] for index in self.missing)
        return named + self._more_missing(self.real_shares)

    @property
    def mostly_unsure(self) -> bool:
        """Whether most samples have no class."""
        return self.sure < self.total / 2

    @cached_property
    def known(self) -> int:
        """The number of classes that the training data have."""
        return sum(real > 0 for real in self.real_shares)

    @property
    def seen(self) -> int:
        """The number of `known` classes that have a sample."""
        return self.known - len(self._unseen)

    @property
    def expected_seen(self) -> float:
        """The number of classes that as many samples at the real shares show on average."""
        return len(self.counts) - sum(self._absent)

    @property
    def _unseen(self) -> list[int]:
        """The `known` classes that have no sample."""
        pairs = zip(self.counts, self.real_shares, strict=True)
        return [index for index, (count, real) in enumerate(pairs) if real and not count]

    @cached_property
    def _absent(self) -> list[float]:
        """The probability of each class that no sample is of it, at the real shares."""
        return [(1 - real) ** self.sure for real in self.real_shares]

    def _more_missing(self, weights: Sequence[float]) -> float:
        """The weight of missing classes that cannot be named; 0 if chance explains `undecided`.

        If a part x of all unnamed classes is missing, and the others have their real shares, then
        undecided = x + (1 - x) expected, in parts of their whole weight.
        """
        missing, absent, undecided = set(self.missing), self._absent, self.undecided
        others = [i for i, real in enumerate(self.real_shares) if real and i not in missing]
        if _chance_of(len(undecided), sum(absent[index] for index in others)) >= CHANCE:
            return 0.0
        whole = sum(weights[index] for index in others)
        expected = sum(weights[index] * absent[index] for index in others)
        found = sum(weights[index] for index in undecided)
        return max(0.0, found - expected) / (1 - expected / whole)

    @property
    def chi_square(self) -> tuple[float, float]:
        """Pearson's statistic of the counts against the real shares, and its p-value.

        Samples of classes that the training data lack are left out. The p-value is nan where no
        sample has another class.
        """
        from scipy.stats import chi2

        expected = [share * self.comparable for share in self.real_shares]
        present = [(count, mean) for count, mean in zip(self.counts, expected, strict=True) if mean]
        if not present:
            return 0.0, math.nan
        statistic = sum((count - mean) ** 2 / mean for count, mean in present)
        return statistic, float(chi2.sf(statistic, len(present) - 1))

    @property
    def kl(self) -> float:
        """KL(shares || real shares) in nats: 0 for equal shares; nan where no sample has a class.

        Among samples of classes that the training data have: one of another would make it infinite.
        A perfect sampler has about (K - 1) / (2 comparable) by chance.
        """
        if not self.comparable:
            return math.nan
        pairs = zip(self.counts, self.real_shares, strict=True)
        shares = [(count / self.comparable, real) for count, real in pairs if count and real]
        return sum(share * math.log(share / real) for share, real in shares)


def _chance_of(unseen: int, expected: float) -> float:
    """Return a bound on the probability that so many classes have no sample, where `expected` have.

    Chernoff's, of a Poisson variable; it holds for counts of a multinomial, whose empty classes are
    negatively associated (Dubhashi & Ranjan 1998).
    """
    if unseen <= expected:
        return 1.0
    if not expected:
        return 0.0
    return math.exp(unseen - expected - unseen * math.log(unseen / expected))


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
    if sum(real_counts) <= 0 or min(real_counts) < 0:
        raise ValueError(f"the classes of the training data have counts of {list(real_counts)}")
    sure = predicted[predicted != UNSURE].cpu()
    counts = sure.bincount(minlength=len(real_counts))
    if len(counts) > len(real_counts):
        raise ValueError(f"class {len(counts) - 1} of a sample is none of {len(real_counts)}")
    return Census(
        counts=tuple(counts.tolist()),
        unsure=len(predicted) - len(sure),
        real_shares=tuple(count / sum(real_counts) for count in real_counts),
    )
