"""What follows from a judge's errors: closed forms, scipy's distributions, and simulated judges."""

import numpy as np
import pytest
import torch
from scipy import stats

from gan_lab.analysis.modes import Sorted, describe_census
from gan_lab.evaluation.reference import first_half
from gan_lab.metrics import Census, Confusion, JudgeErrors, count_modes
from gan_lab.metrics.confusion import Rates, at_most, misfit, most_by_error
from gan_lab.runs.census import Judge

MANY = 10_000_000  # images of a class, beside which the prior of one is nothing


def known(rows: np.ndarray, parts: int = 1) -> Confusion:
    """The table of a judge whose chances [K, K + 1] are known."""
    return Confusion(tuple(tuple(map(round, row)) for row in rows * MANY), parts)


def chances(classes: int, accuracy: float, errors: str, unsure: float = 0.0) -> np.ndarray:
    """The chances of a judge [K, K + 1] whose errors are even, or all with the next class."""
    rows = np.zeros((classes, classes + 1))
    wrong = 1 - accuracy - unsure
    if errors == "even":
        rows[:, :classes] = wrong / (classes - 1)
    else:
        rows[np.arange(classes), (np.arange(classes) + 1) % classes] = wrong
    rows[np.arange(classes), np.arange(classes)] = accuracy
    rows[:, classes] = unsure
    return rows


# --- by hand -------------------------------------------------------------------------------------


def test_an_absent_class_gets_the_errors_of_the_others():
    """sum over j != k of p_j C_jk, of the images that are sure and not of class k."""
    rows = np.array([[0.8, 0.1, 0.0, 0.1], [0.2, 0.7, 0.1, 0.0], [0.0, 0.4, 0.4, 0.2]])
    judge, real = known(rows), np.array([0.5, 0.3, 0.2])
    expected = []
    for k in range(3):
        others = [j for j in range(3) if j != k]
        sure = sum(real[j] * rows[j, :3].sum() for j in others)
        expected.append(sum(real[j] * rows[j, k] for j in others) / sure)
    absent = judge.absent(judge.of_sure(real), MANY)
    assert absent.mean == pytest.approx(expected, abs=1e-6)
    assert absent.mean[1] == pytest.approx((0.05 + 0.08) / (0.45 + 0.16), abs=1e-6)
    seen = real @ rows
    assert judge.judged(judge.of_sure(real)) == pytest.approx(seen[:3] / seen[:3].sum(), abs=1e-6)
    assert judge.agreement == pytest.approx([0.8, 0.7, 0.4])
    # Samples of which none is of class 1, whatever the others' shares: the same by their shares.
    some = np.array([0.9, 0.0, 0.1])
    counts = some @ rows[:, :3] * 10_000
    found = judge.true_shares(counts, judge.of_sure(real))
    assert judge.absent(found, MANY).mean[1] == pytest.approx(counts[1] / counts.sum(), abs=2e-3)


def test_the_digits_of_a_number_are_taken_each_for_itself():
    rows = chances(3, 0.9, "next")[:, :3]
    rows[0] = [0.5, 0.2, 0.3]
    full = np.kron(np.kron(rows, rows), rows)
    judge = known(np.pad(rows, ((0, 0), (0, 1))), parts=3)
    shares = np.random.default_rng(0).dirichlet(np.ones(27))
    assert judge.classes == 27
    assert judge.judged(shares) == pytest.approx(shares @ full, abs=1e-6)
    others = shares @ full - shares * full.diagonal()
    absent = judge.absent(shares, MANY)
    assert absent.mean == pytest.approx(others / (1 - shares), abs=1e-6)
    half = judge.present(absent, np.full(27, 0.5)).mean
    assert half == pytest.approx(absent.mean / 2 + full.diagonal() / 2, abs=1e-6)


def test_counts_are_beta_binomial():
    mean, variance = np.array([0.02, 0.3]), np.array([1e-5, 1e-3])
    size = mean * (1 - mean) / variance - 1
    counts = np.array([7, 150])
    expected = stats.betabinom.cdf(counts, 500, mean * size, (1 - mean) * size)
    assert at_most(counts, 500, Rates(mean, variance)) == pytest.approx(expected, rel=1e-9)
    exact = at_most(counts, 500, Rates(mean, np.zeros(2)))
    assert exact == pytest.approx(stats.binom.cdf(counts, 500, mean), rel=1e-5)
    most = most_by_error(500, Rates(mean, variance), 0.01)
    assert (stats.betabinom.cdf(most, 500, mean * size, (1 - mean) * size) >= 0.99).all()
    assert (stats.betabinom.cdf(most - 1, 500, mean * size, (1 - mean) * size) < 0.99).all()


def test_the_statistic_of_a_multinomial_sample_is_pearsons():
    expected, counts = np.array([0.5, 0.3, 0.2]), np.array([40, 40, 20])
    covariance = (np.diag(expected) - np.multiply.outer(expected, expected)) / 100
    found, theirs = (
        misfit(counts / 100, expected, covariance),
        stats.chisquare(counts, 100 * expected),
    )
    assert (found.statistic, found.degrees, found.p) == pytest.approx((*theirs[:1], 2, theirs[1]))


def test_a_judge_without_errors_is_as_none():
    never = JudgeErrors(*[known(chances(4, 1.0, "even"))] * 2)
    counts, real = (300, 600, 90, 0), (0.25, 0.5, 0.1, 0.15)
    found, plain = Census(counts, 5, real, never), Census(counts, 5, real)
    assert (found.missing, found.undecided, found.missing_number) == ((3,), (), 1)
    assert (plain.missing, plain.rule, found.rule) == ((3,), 1, 2)
    assert found.expected_shares == pytest.approx(real, abs=1e-6)
    assert found.kl == pytest.approx(plain.kl, abs=1e-5)
    assert found.chi_square[0] == pytest.approx(plain.chi_square[0], rel=1e-4)
    assert found.smallest_shares == pytest.approx(plain.smallest_shares, abs=3e-4)
    assert plain.smallest_shares[0] == pytest.approx(1 - 0.05 ** (1 / 990))
    with pytest.raises(ValueError, match="the judge knows 4 classes of 2"):
        count_modes(torch.tensor([0, 1]), [5, 5], never)


def test_halves_have_the_same_classes():
    labels = torch.tensor([2, 0, 0, 2, 1, 0, 2, 2, 0, 1])
    half = first_half(labels)
    assert labels[half].bincount().tolist() == [2, 1, 2] == labels[~half].bincount().tolist()
    assert half.tolist()[:4] == [True, True, False, False]


def test_of_a_class_that_errors_hide_it_is_said_that_it_cannot_be_told():
    """A fifth of the other images are taken for c, and a fifth of the samples."""
    rows = np.array([[0.6, 0.2, 0.2, 0.0], [0.2, 0.6, 0.2, 0.0], [0.2, 0.2, 0.6, 0.0]])
    judge = JudgeErrors(*[Confusion(tuple(tuple(map(round, row)) for row in rows * 200))] * 2)
    census = Census((4000, 4000, 2000), 0, (1 / 3,) * 3, judge)
    assert (census.missing, census.undecided, census.untold) == ((), (2,), (2,))
    assert census.missing_number is None and census.lost == 0
    assert census.absent_shares[2] == pytest.approx(0.2, abs=0.01)
    order = Sorted(torch.arange(3), Judge(extractor="net"))
    found = describe_census(census, ("a", "b", "c"), order)
    least = census.smallest_shares[2]
    assert 0.1 < least < 1 / 3 and found.classes[2].smallest_share == least
    assert found.conclusion.startswith("It cannot be told whether c is missing")
    assert f"c from a share of {least:.1%} on (real 33.3%) could be told" in found.conclusion
    assert "those on 600 held-out images" in found.conclusion


# --- by simulation -------------------------------------------------------------------------------

NUMBER = 10_000  # of samples


class Simulated:
    """A judge of known chances, tried on `held_out` images of each class, anew each time."""

    def __init__(self, rows: np.ndarray, held_out: int):
        self.rows, self.held_out, self.rng = rows, held_out, np.random.default_rng(6)
        self.real = np.full(len(rows), 1 / len(rows))

    def census(self, part: float = 1.0, number: int = NUMBER) -> Census:
        """Samples whose class 0 has a part of its real share."""
        shares = self.real * np.where(np.arange(len(self.real)), 1.0, part)
        counts = self.rng.multinomial(number, shares / shares.sum() @ self.rows)
        errors = JudgeErrors(self.table(), self.table())
        return Census((*map(int, counts[:-1]),), int(counts[-1]), (*self.real,), errors)

    def table(self) -> Confusion:
        rows = (self.rng.multinomial(self.held_out, row) for row in self.rows)
        return Confusion(tuple(tuple(map(int, row)) for row in rows))


def is_uneven(census: Census) -> bool:
    return census.chi_square[1] < 0.01 and census.kl > 0.01


@pytest.mark.slow
def test_power_at_an_accuracy_of_95_percent():
    """200 of each: an absent class is named, and one at half its share is called uneven."""
    judge = Simulated(chances(10, 0.95, "even"), 500)
    named = [0 in judge.census(0.0).missing for _ in range(200)]
    uneven = [is_uneven(judge.census(0.5)) for _ in range(200)]
    assert np.mean(named) >= 0.95 and np.mean(uneven) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("errors", ["even", "next"])
@pytest.mark.parametrize("accuracy", [0.9, 0.65])
def test_present_classes_are_wrongly_named_as_rarely_as_is_said(accuracy, errors):
    """At the real share never; at a tenth of it in 2.5 % (of 200: 11 and more have p < 0.02)."""
    judge = Simulated(chances(10, accuracy, errors, unsure=0.02), 100)
    real = [judge.census() for _ in range(100)]
    assert not any(census.missing for census in real)
    assert np.mean([census.chi_square[1] < 0.01 for census in real]) <= 0.05
    tenth = [0 in judge.census(0.1).missing for _ in range(200)]
    assert sum(tenth) <= 10
    absent = [judge.census(0.0) for _ in range(100)]
    assert sum(0 in {*census.missing, *census.undecided} for census in absent) >= 99


@pytest.mark.slow
def test_the_posterior_covers_what_the_bootstrap_does_not():
    """95 % intervals of what an absent class gets, from 18 images a class with 98 % right.

    Half of the classes get no error at all in so few images, of which a bootstrap sees no more.
    """
    rows = chances(10, 0.98, "even")
    judge, real = Simulated(rows, 18), np.full(10, 0.1)
    truth = known(rows).absent(real, MANY).mean[0]
    covered: dict[str, list[bool]] = {"posterior": [], "bootstrap": []}
    for _ in range(300):
        table = judge.table()
        rates = table.absent(table.of_sure(real), MANY)
        mean, variance = rates.mean, rates.variance
        size = mean * (1 - mean) / variance - 1
        low, high = stats.beta.ppf([[0.025], [0.975]], mean * size, (1 - mean) * size)
        covered["posterior"] += ((low <= truth) & (truth <= high)).tolist()
        counts = np.array(table.counts)
        drawn = judge.rng.multinomial(18, np.repeat(counts[None] / 18, 100, axis=0))
        wrong = drawn[:, :, :10] * (1 - np.eye(10, dtype=int))
        low, high = np.quantile(wrong.sum(1) / (9 * 18), [0.025, 0.975], axis=0)
        covered["bootstrap"] += ((low <= truth) & (truth <= high)).tolist()
    assert np.mean(covered["posterior"]) >= 0.93 > np.mean(covered["bootstrap"])


@pytest.mark.slow
def test_a_thousand_triples_of_digits_by_a_judge_of_digits():
    """10,000 samples, 98.8 % of the digits right: an absent triple gets 0.3 by error."""
    rows, draw = chances(10, 0.988, "even"), np.random.default_rng(7)
    errors = JudgeErrors(*(
        Confusion(tuple(tuple(map(int, draw.multinomial(3900, row))) for row in rows), 3)
        for _ in range(2)
    ))  # fmt: skip
    single = rows[:, :10]
    full = np.kron(np.kron(single, single), single)

    def census(first: int, number: int) -> Census:
        shares = np.where(np.arange(1000) < first, 0.0, 1 / (1000 - first))
        counts = draw.multinomial(number, shares @ full / (shares @ full).sum())
        return Census((*map(int, counts),), 0, (0.001,) * 1000, errors)

    whole = census(0, 26_000)
    assert whole.missing_number == 0 and whole.chi_square[1] > 0.001
    assert census(0, 10_000).missing_number in (0, None)
    assert set(census(100, 26_000).missing) == set(range(100))
    for absent in (100, 900):
        found = census(absent, 10_000)
        assert found.missing_number == pytest.approx(absent, abs=35)
        assert found.lost == pytest.approx(absent / 1000, abs=0.035)
        assert set(found.missing) <= set(range(absent))
    assert found.expected_seen < 1000
