"""How many samples fall on each class, beside the shares of the classes in the real images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan_lab.metrics.confusion import (
    Floats,
    JudgeErrors,
    Misfit,
    Rates,
    at_most,
    misfit,
    most_by_error,
    smallest_shares,
)
from gan_lab.metrics.intervals import wilson
from gan_lab.metrics.neighbours import nearest_distances

# The version of the rule by which samples have a class and classes are missing. It counts up when
# the same samples would be counted otherwise: tables keep the numbers of two rules apart. Since 2
# the errors of the judge are reckoned with; of one that makes none the numbers are those of 1.
RULE = 2
RULE_WITHOUT_ERRORS = 1
FAMILIAR = 0.999  # of real images are nearer to others than what is called strange
SURE = 0.5  # a probability below this names no class
UNSURE = -1  # the class of such a sample
MISSING = 0.1  # a class with less than this part of its real share is called missing
BEYOND = 0.025  # of intervals of 95 %, beyond each end
CHANCE = 0.001  # what a perfect sampler does more rarely than this is no chance
MISSED = 0.05  # of classes with the smallest share that can be told are not told from absent ones


@dataclass(frozen=True)
class Census:
    """Counts of samples by class, against the shares of real images.

    `counts` [K] are samples that are sure of their class, `unsure` the others, `real_shares` [K]
    the shares of the classes in the training data, which sum to 1. `judge` has the errors of whom
    says so; None of one that makes none, such as the nearest centre.
    """

    counts: tuple[int, ...]
    unsure: int
    real_shares: tuple[float, ...]
    judge: JudgeErrors | None = None

    @property
    def rule(self) -> int:
        """The version of the rule that the numbers follow."""
        return RULE if self.judge else RULE_WITHOUT_ERRORS

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
    def expected_shares(self) -> tuple[float, ...]:
        """What the judge gives to each class of real images: the half of them that is for checks,
        its classes weighted as in the training data."""
        if self.judge is None:
            return self.real_shares
        check = self.judge.check
        known = check.judged(check.of_sure(self._real)) * (self._real > 0)
        return tuple((known / known.sum()).tolist())

    @property
    def absent_shares(self) -> tuple[float, ...]:
        """What each class gets by error if no sample is of it, and the others are as they are."""
        if self.judge is None:
            return (0.0,) * len(self.counts)
        return tuple(self._absent_rates.mean.tolist())

    @property
    def smallest_shares(self) -> tuple[float, ...]:
        """The smallest share of each class that so many samples tell from none, in 95 %.

        That of samples which are of the class; nan where the judge takes as many others for it.
        """
        if self.judge is None:
            return (1 - MISSED ** (1 / max(1, self.sure)),) * len(self.counts)
        estimate, absent = self.judge.estimate, self._absent_rates
        found = smallest_shares(estimate, absent, self._most, self.sure, MISSED)
        return tuple(found.tolist())

    @cached_property
    def missing(self) -> tuple[int, ...]:
        """Classes that are missing each by itself.

        Where even the upper end of the interval is under a tenth of the real share, on top of what
        the class gets by error. Where the samples are too few for that, whoever judges: those that
        an absent class might have, and chance does not explain so few, so that on average under
        1/1000 of the named ones are so by chance, however many classes there are (Benjamini &
        Hochberg 1995).
        """
        by_chance, few = self._by_chance, [i for i in self._unseen if not self._are_enough[i]]
        unseen = sorted(few, key=lambda index: by_chance[index])
        ranks = (
            rank
            for rank, index in enumerate(unseen, 1)
            if by_chance[index] * self.known <= CHANCE * rank
        )
        named = set(unseen[: max(ranks, default=0)]) | self._under_a_tenth
        return tuple(sorted(named))

    @property
    def undecided(self) -> tuple[int, ...]:
        """Classes with no more samples than an absent one may have that are not named `missing`."""
        missing = set(self.missing)
        return tuple(index for index in self._unseen if index not in missing)

    @cached_property
    def untold(self) -> tuple[int, ...]:
        """Those of `undecided` that the judge's errors hide, or what is not known of them."""
        return tuple(index for index in self.undecided if self._are_enough[index])

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
        """The number of `known` classes that have more samples than an absent one may have."""
        return self.known - len(self._unseen)

    @property
    def expected_seen(self) -> float:
        """The number of classes that as many samples at the real shares show on average."""
        return len(self.counts) - sum(self._absent)

    @property
    def chi_square(self) -> tuple[float, float]:
        """Pearson's statistic of the counts against `expected_shares`, and its p-value.

        Samples of classes that the training data lack are left out. The p-value is nan where no
        sample has another class.
        """
        return self._misfit.statistic, self._misfit.p

    @property
    def degrees(self) -> float:
        """The degrees of freedom of `chi_square`: fewer where the judge's errors are not known."""
        return self._misfit.degrees

    @property
    def kl(self) -> float:
        """KL(shares || expected shares) in nats: 0 for equal ones; nan where no sample has a class.

        Among samples of classes that the training data have: one of another would make it infinite.
        """
        if not self.comparable:
            return math.nan
        pairs = zip(self.counts, self.expected_shares, strict=True)
        shares = [(count / self.comparable, real) for count, real in pairs if count and real]
        return sum(share * math.log(share / real) for share, real in shares)

    @property
    def kl_by_chance(self) -> float:
        """The KL that a perfect sampler has on average: about (K - 1) / (2 comparable)."""
        if self.judge is None:
            return (self.known - 1) / (2 * max(1, self.comparable))
        expected, covariance = self._expected
        return float((covariance.diagonal() / expected).sum() / 2)

    @cached_property
    def _misfit(self) -> Misfit:
        if self.judge is None or not self.comparable:
            return self._misfit_without_errors
        known = self._real > 0
        return misfit(np.array(self.counts)[known] / self.comparable, *self._expected)

    @property
    def _misfit_without_errors(self) -> Misfit:
        from scipy.stats import chi2

        expected = [share * self.comparable for share in self.real_shares]
        present = [(count, mean) for count, mean in zip(self.counts, expected, strict=True) if mean]
        if not present:
            return Misfit(0.0, self.known - 1, math.nan)
        statistic = sum((count - mean) ** 2 / mean for count, mean in present)
        p = float(chi2.sf(statistic, len(present) - 1))
        return Misfit(statistic, self.known - 1, p)

    @cached_property
    def _expected(self) -> tuple[Floats, Floats]:
        """The expected shares of known classes, and the covariance of what samples differ by."""
        assert self.judge is not None
        known = self._real > 0
        shares = np.array(self.expected_shares)[known]
        chance = (np.diag(shares) - np.multiply.outer(shares, shares)) / max(1, self.comparable)
        return shares, chance + self.judge.check.uncertainty(self._real)[np.ix_(known, known)]

    @property
    def _real(self) -> Floats:
        return np.array(self.real_shares)

    @cached_property
    def _unseen(self) -> list[int]:
        """The `known` classes that have no more samples than an absent one may have by error."""
        rows = enumerate(zip(self.counts, self._most.tolist(), self.real_shares, strict=True))
        return [index for index, (count, most, real) in rows if real and count <= most]

    @cached_property
    def _are_enough(self) -> list[bool]:
        """Whether so many samples, if none is of a class, tell it from a tenth of its real share.

        By a judge that makes no errors.
        """
        highest = wilson(0, self.sure)[1] if self.sure else 1.0
        return [highest < MISSING * real for real in self.real_shares]

    @cached_property
    def _under_a_tenth(self) -> set[int]:
        """The classes whose interval is under a tenth of the real share, on top of errors."""
        if self.judge is None:
            rows = enumerate(zip(self.intervals, self.real_shares, strict=True))
            return {index for index, ((_, high), real) in rows if high < MISSING * real}
        tenth = self.judge.estimate.present(self._absent_rates, MISSING * self._of_sure)
        counts = np.array(self.counts)
        (few,) = np.nonzero((self._real > 0) & (counts < tenth.mean * self.sure))
        excluded = at_most(counts[few], self.sure, tenth.only(few)) <= BEYOND
        return set(few[excluded].tolist())

    @cached_property
    def _by_chance(self) -> list[float]:
        """The probability of each class of `_unseen` of so few samples, at its real share."""
        if self.judge is None:
            return self._absent
        unseen, chances = np.array(self._unseen, dtype=int), np.ones(len(self.counts))
        rates = self._present_rates.only(unseen)
        chances[unseen] = at_most(np.array(self.counts)[unseen], self.sure, rates)
        return [float(chance) for chance in chances]

    @cached_property
    def _absent(self) -> list[float]:
        """The probability of each class that it looks absent, at the real shares."""
        if self.judge is None:
            return [(1 - real) ** self.sure for real in self.real_shares]
        looks = at_most(self._most, self.sure, self._present_rates)
        return [float(chance) for chance in np.where(self._real > 0, looks, 1.0)]

    @cached_property
    def _few(self) -> tuple[list[int], list[float], list[float]]:
        """What more than half of absent classes have at most, and the chances of each class that
        it has no more: if it is absent, and at its real share."""
        if self.judge is None:
            classes = len(self.counts)
            return [0] * classes, [1.0] * classes, self._absent
        few = most_by_error(self.sure, self._absent_rates, 0.5)
        absent, present = (
            at_most(few, self.sure, rates) for rates in (self._absent_rates, self._present_rates)
        )
        return few.tolist(), absent.tolist(), present.tolist()

    @cached_property
    def _most(self) -> NDArray[np.int64]:
        """The most samples that a class [K] has by error, but once in a thousand times."""
        if self.judge is None:
            return np.zeros(len(self.counts), dtype=int)
        return most_by_error(self.sure, self._absent_rates, CHANCE)

    @cached_property
    def _absent_rates(self) -> Rates:
        """What each class gets by error, if the other classes have the shares that they have.

        Theirs are those of the samples without the judge's errors. Of samples that are like the
        real ones, but for a class that is absent, they are the real shares.
        """
        assert self.judge is not None
        counts = np.array(self.counts, dtype=np.float64)
        shares = self.judge.estimate.true_shares(counts, self._of_sure)
        return self.judge.estimate.absent(shares, self.sure)

    @property
    def _present_rates(self) -> Rates:
        """What each class gets if it has its real share."""
        assert self.judge is not None
        return self.judge.estimate.present(self._absent_rates, self._of_sure)

    @cached_property
    def _of_sure(self) -> Floats:
        """The real shares among images that are sure of their class."""
        assert self.judge is not None
        return self.judge.estimate.of_sure(self._real)

    def _more_missing(self, weights: Sequence[float]) -> float:
        """The weight of missing classes that cannot be named; 0 if chance explains the few counts.

        Few is what more than half of absent classes have at most: none, of a judge without errors.
        Each such class stands for as many absent ones as the chance of one to have few tells. If a
        part x of all is missing, and the others have their real shares, then those found are
        x + (1 - x) expected, in parts of their whole weight. Classes that are `untold` for the
        judge's errors stay out of it, and so do named ones: where the judge errs, these are the
        absent ones with the least samples, and all are estimated before they are taken off.
        """
        named, apart = set(self.missing), set(self.untold)
        if self.judge is None:
            named, apart = set(), named
        others = [i for i, real in enumerate(self.real_shares) if real and i not in apart]
        few, absent, present = self._few
        empty = [index for index in others if self.counts[index] <= few[index]]
        if _chance_of(len(empty), sum(present[index] for index in others)) >= CHANCE:
            return 0.0
        whole = sum(weights[index] for index in others)
        expected = sum(weights[index] * present[index] / absent[index] for index in others)
        found = sum(weights[index] / absent[index] for index in empty)
        most = sum(weights[index] for index in self._unseen if index not in apart)
        missing = min(most, max(0.0, found - expected) / (1 - expected / whole))
        return max(0.0, missing - sum(weights[index] for index in named))


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


def count_modes(
    predicted: Tensor, real_counts: Sequence[int], judge: JudgeErrors | None = None
) -> Census:
    """Count samples by class: `predicted` [N] is the class of each, -1 where there is none.

    `real_counts` [K] are the numbers of the classes in the training data, `judge` the errors of
    whom says what is what. Raises ValueError for a class beyond them, or errors of other classes.
    """
    if sum(real_counts) <= 0 or min(real_counts) < 0:
        raise ValueError(f"the classes of the training data have counts of {list(real_counts)}")
    if judge is not None and judge.estimate.classes != len(real_counts):
        raise ValueError(f"the judge knows {judge.estimate.classes} classes of {len(real_counts)}")
    sure = predicted[predicted != UNSURE].cpu()
    counts = sure.bincount(minlength=len(real_counts))
    if len(counts) > len(real_counts):
        raise ValueError(f"class {len(counts) - 1} of a sample is none of {len(real_counts)}")
    return Census(
        counts=tuple(counts.tolist()),
        unsure=len(predicted) - len(sure),
        real_shares=tuple(count / sum(real_counts) for count in real_counts),
        judge=judge,
    )
