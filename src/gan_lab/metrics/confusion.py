"""What a judge that errs says of classes: its errors on real images, and what follows for shares.

A judge gives an image a class, or none where it is not sure. Shares are of the sure images.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR = 1.0  # images that a class is worth before any is seen: half of it right, half wrong
UNMIXING = 200  # steps of expectation maximisation; the shares of five classes then stand still
HALVINGS = 40  # of the interval that a share is sought in


@dataclass(frozen=True)
class Confusion:
    """How many held-out real images of class j [K] a judge takes for class k [K + 1].

    The last column counts those of which it is not sure. What is not known of the shares in a row
    has their posterior, a Dirichlet distribution. With several `parts` a class is a number of so
    many digits: the table is of digits, and the judge errs on each for itself.
    """

    counts: tuple[tuple[int, ...], ...]
    parts: int = 1

    @property
    def images(self) -> int:
        """The number of images that were judged."""
        return sum(sum(row) for row in self.counts) // self.parts

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(len(self.counts) ** self.parts)

    @cached_property
    def sure(self) -> Floats:
        """The chance that an image of each class has a class [K]."""
        sure = self._cells[:, :-1].sum(1) / self._cells.sum(1)
        return self._of_parts(sure) / float(sure.mean()) ** (self.parts - 1)

    @cached_property
    def right(self) -> Floats:
        """The chance that an image of each class that has a class has its own [K]."""
        return self._of_parts(self._sure_rows.diagonal())

    @cached_property
    def agreement(self) -> Floats:
        """The share of the images of each class that were taken for it [K]; nan without any."""
        counts = np.array(self.counts, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            right = counts.diagonal() / counts[:, :-1].sum(1)
            sure = counts[:, :-1].sum(1) / counts.sum(1)
        return self._of_parts(right * sure) / float(np.nanmean(sure)) ** (self.parts - 1)

    def judged(self, shares: Floats) -> Floats:
        """Return the shares [K] that the judge gives to sure images of true ones `shares`."""
        return _through([self._sure_rows] * self.parts, shares)

    def absent(self, shares: Floats, number: int) -> "Rates":
        """Return the share that each class [K] gets by error if none of the images is of it.

        sum over j != k of w_j C_jk, where w = shares / (1 - share of k) and C are the chances that
        a sure image of class j is taken for class k. The shares were found in the counts of a
        `number` of images.
        """
        others = np.maximum(1 - shares, 1e-9)
        mean = np.maximum(self.judged(shares) - shares * self.right, 0) / others
        return Rates(mean, self._unknown_of(shares, max(1, number)) / others**2)

    def _unknown_of(self, shares: Floats, number: int) -> Floats:
        """Return the variance of `absent` before it is divided by the share of the others.

        The other shares follow from the other counts s by C and have its errors: with B its inverse
        the absent class gets sum over l != k of -s_l B_lk / B_kk. A change of row j of C moves
        its difference from the count by the row's change times B_lk / B_kk. Of several digits one
        is taken wrongly, and shares are taken as known: so far are such judges right.
        """
        rows = self._sure_rows
        if self.parts > 1:
            wrong = self._variances - np.diag(self._variances.diagonal())
            kept = np.diag(rows.diagonal() ** 2)
            by_part = [
                _through([wrong if part == one else kept for part in range(self.parts)], shares**2)
                for one in range(self.parts)
            ]
            return np.asarray(sum(by_part))
        inverse = np.linalg.pinv(rows)
        diagonal = inverse.diagonal()
        weights = (inverse / np.where(np.abs(diagonal) < 1e-9, 1e-9, diagonal)) ** 2
        by_row = rows @ weights / (self._cells[:, :-1].sum(1, keepdims=True) + 1)
        np.fill_diagonal(by_row, 0)
        np.fill_diagonal(weights, 0)
        return np.asarray(shares**2 @ by_row + self.judged(shares) @ weights / number)

    def present(self, absent: "Rates", own: Floats) -> "Rates":
        """Return the share that each class [K] gets if its true one is `own`, else by error."""
        relative = self._variances.diagonal() / self._sure_rows.diagonal() ** 2
        digits = np.indices([len(self.counts)] * self.parts).reshape(self.parts, -1)
        unknown = self.right**2 * relative[digits].sum(0)
        return Rates(
            (1 - own) * absent.mean + own * self.right,
            (1 - own) ** 2 * absent.variance + own**2 * unknown,
        )

    def true_shares(self, counts: Floats, start: Floats) -> Floats:
        """Return the true shares [K] of sure images that the judge has counted by class [K].

        The likeliest ones, by expectation maximisation from `start`, which is also returned
        of no images: Vardi and Lee 1993, equation 2.3.
        """
        if not counts.sum():
            return start
        transposed, shares = [self._sure_rows.T] * self.parts, start
        for _ in range(UNMIXING):
            shares = shares * _through(transposed, counts / self.judged(shares)) / counts.sum()
        return shares

    def uncertainty(self, real: Floats) -> Floats:
        """Return the covariance [K, K] of `judged(of_sure(real))` by the number of images seen.

        0 of several parts: their table is of three times as many digits as there are images, of ten
        kinds, and what is not known of it is far below what chance does to 1,000 classes.
        """
        if self.parts > 1:
            return np.zeros((self.classes, self.classes))
        totals = self._cells.sum(1)
        rows = self._cells[:, :-1] / totals[:, None]
        weights = real**2 / (totals + 1)
        covariance = np.diag(weights @ rows) - (rows.T * weights) @ rows
        given = real @ rows
        slope = (np.eye(len(real)) - (given / given.sum())[:, None]) / given.sum()
        return np.asarray(slope @ covariance @ slope.T)

    def of_sure(self, real: Floats) -> Floats:
        """Return the shares of the classes among sure images, where `real` [K] are those of all."""
        sure = real * self.sure
        return np.asarray(sure / sure.sum())

    @cached_property
    def _cells(self) -> Floats:
        """The table with the prior: the parameters of each row's posterior."""
        counts = np.array(self.counts, dtype=np.float64)
        size = len(counts)
        prior = np.full(counts.shape, PRIOR / 2 / size)
        np.fill_diagonal(prior, PRIOR / 2)
        return np.asarray(counts + prior)

    @cached_property
    def _sure_rows(self) -> Floats:
        """The chances that a sure image of class j has class k."""
        sure = self._cells[:, :-1]
        return np.asarray(sure / sure.sum(1, keepdims=True))

    @cached_property
    def _variances(self) -> Floats:
        """The variances of `_sure_rows`."""
        rows = self._sure_rows
        return np.asarray(rows * (1 - rows) / (self._cells[:, :-1].sum(1, keepdims=True) + 1))

    def _of_parts(self, values: Floats) -> Floats:
        """Return the products of values of digits, for each class."""
        product = np.ones(1)
        for _ in range(self.parts):
            product = np.multiply.outer(product, values).reshape(-1)
        return product


@dataclass(frozen=True)
class JudgeErrors:
    """What a judge says of real images that it has not learned from, in two halves.

    From `estimate` follows what it gives to an absent class; `check` is what samples are held
    against.
    """

    estimate: Confusion
    check: Confusion


@dataclass(frozen=True)
class Rates:
    """Chances of each class [K], each known up to a variance."""

    mean: Floats
    variance: Floats

    def only(self, which: NDArray[np.int64]) -> "Rates":
        """Return those of some classes."""
        return Rates(self.mean[which], self.variance[which])


@dataclass(frozen=True)
class Misfit:
    """How far shares are from what is expected: a chi-square statistic, and its p-value."""

    statistic: float
    degrees: float
    p: float


def at_most(counts: NDArray[np.int64], total: int, rates: Rates) -> Floats:
    """Return the chance of each class that at most `counts` [K] of `total` samples are of it.

    Its rate has a beta distribution of this mean and variance, so that the count is beta-binomial.
    """
    table = _cumulative(total, rates, int(counts.max(initial=0)))
    return np.asarray(table[np.arange(len(counts)), counts])


def most_by_error(total: int, rates: Rates, chance: float) -> NDArray[np.int64]:
    """Return the count [K] of `total` samples that is exceeded in no more than `chance`."""
    highest = 16
    while True:
        highest = min(2 * highest, total)
        enough = _cumulative(total, rates, highest) >= 1 - chance
        if highest == total or enough.any(1).all():
            return np.where(enough.any(1), enough.argmax(1), total)


def smallest_shares(
    confusion: Confusion, absent: Rates, most: NDArray[np.int64], total: int, missed: float
) -> Floats:
    """Return the least true share [K] at which more than `most` of `total` samples are of a class.

    But in `missed` of the cases; nan where even a share of 1 does not reach that.
    """

    def unseen(own: Floats) -> Floats:
        return at_most(most, total, confusion.present(absent, own))

    low, high = np.zeros(len(most)), np.ones(len(most))
    never = unseen(high) > missed
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        seen = unseen(middle) <= missed
        low, high = np.where(seen, low, middle), np.where(seen, middle, high)
    return np.where(never, np.nan, high)


def misfit(shares: Floats, expected: Floats, covariance: Floats) -> Misfit:
    """Return Pearson's statistic of shares [K] against expected ones, for any covariance [K, K].

    The covariance is that of their difference. The sum of (shares - expected)^2 / expected is
    scaled to the chi-square distribution with its mean and variance (Satterthwaite 1946; Rao and
    Scott 1984). Of a multinomial sample it is Pearson's, with K - 1 degrees.
    """
    from scipy.stats import chi2

    roots = np.sqrt(expected)
    scaled = covariance / np.multiply.outer(roots, roots)
    trace, square = scaled.trace(), (scaled**2).sum()
    statistic = ((shares - expected) ** 2 / expected).sum() * trace / square
    degrees = trace**2 / square
    return Misfit(float(statistic), float(degrees), float(chi2.sf(statistic, degrees)))


def _cumulative(total: int, rates: Rates, highest: int) -> Floats:
    """Return the chances [K, highest + 1] that at most 0, 1, ... samples are of a class."""
    from scipy.special import betaln

    mean = np.clip(rates.mean, 1e-12, 1 - 1e-12)
    size = mean * (1 - mean) / np.maximum(rates.variance, 1e-18) - 1
    size = size.clip(
        1e-6, 1e8
    )  # beyond that it is a binomial, and the logarithms lose their digits
    first, second = mean * size, (1 - mean) * size
    count = np.arange(highest, dtype=np.float64)
    steps = (total - count) * (first[:, None] + count)
    steps = steps / ((count + 1) * (total - count - 1 + second[:, None]))
    none = betaln(first, total + second) - betaln(first, second)
    logs = np.cumsum(np.log(steps), axis=1) + none[:, None]
    return np.cumsum(np.exp(np.concatenate([none[:, None], logs], axis=1)), axis=1).clip(max=1)


def _through(matrices: list[Floats], shares: Floats) -> Floats:
    """Return shares [K] times a matrix for each digit of a class."""
    for matrix in matrices:  # the first digit is taken and becomes the last, so that all come round
        shares = (matrix.T @ shares.reshape(len(matrix), -1)).T.reshape(-1)
    return shares
