"""Which modes a census calls missing, and how many: never more or less than the samples tell."""

import numpy as np
import pytest
import torch

from gan_lab.analysis.modes import Sorted, describe_census
from gan_lab.metrics import Census, count_modes
from gan_lab.runs.census import Judge


def conclusion_of(predicted: torch.Tensor, real_counts: list[int]) -> str:
    census = count_modes(predicted, real_counts)
    names = [str(index) for index in range(len(real_counts))]
    return describe_census(census, names, Sorted(predicted, Judge(rule="none"))).conclusion


@pytest.mark.parametrize("samples", [1000, 2000, 10_000])
def test_a_hundred_modes_of_a_thousand_are_not_all(samples):
    """10,000 samples show each (0.999^10000 = 5e-5), 1,000 leave 0.999^1000 = 37 % unseen."""
    predicted = torch.arange(samples) % 100
    census = count_modes(predicted, [128] * 1000)
    absent = 0.999**samples
    about = 1000 * (0.9 - absent) / (1 - absent)  # unseen = x + (1 - x) absent
    assert (census.seen, census.missing_number) == (100, round(about))
    assert census.expected_seen == pytest.approx(1000 * (1 - absent))
    assert census.lost == pytest.approx(about / 1000, abs=2e-4)
    assert len(census.missing) == (900 if samples == 10_000 else 0)
    conclusion = conclusion_of(predicted, [128] * 1000)
    assert conclusion.startswith("Modes are dropped: ")
    assert f"{round(about)} of 1,000 are missing" in conclusion


@pytest.mark.parametrize("samples", [50, 200])
def test_one_class_of_ten_is_not_all(samples):
    """50 samples leave a class out with probability 0.9^50 = 0.005, but not nine of them."""
    predicted = torch.full((samples,), 3)
    census = count_modes(predicted, [10] * 10)
    assert census.missing == (() if samples == 50 else (0, 1, 2, 4, 5, 6, 7, 8, 9))
    assert census.missing_number == 9 and census.lost == pytest.approx(0.9, abs=0.001)
    conclusion = conclusion_of(predicted, [10] * 10)
    assert "9 of 10 are missing" in conclusion
    # 10 (1 - 0.9^50) = 9.95
    assert ("1 of 10 were seen, 9.9 are expected of 50" in conclusion) == (samples == 50)


@pytest.mark.parametrize(("modes", "samples"), [(10, 50), (100, 500), (1000, 2000), (1000, 10_000)])
def test_a_perfect_sampler_is_not_accused(modes, samples):
    draw = torch.Generator().manual_seed(0)
    for _ in range(30):
        predicted = torch.randint(0, modes, (samples,), generator=draw)
        census = count_modes(predicted, [7] * modes)
        assert census.missing_number == (0 if census.seen == modes else None)
        conclusion = conclusion_of(predicted, [7] * modes)
        assert conclusion.startswith("No mode is missing") == (census.seen == modes)
        assert conclusion.startswith("Too few samples ") == (census.seen < modes)


def test_a_rare_class_that_chance_leaves_out_is_not_called_missing():
    """1,000 samples have none of a class of one in 1,000 with probability 0.37, 10,000 with 5e-5.

    Of 100 such classes one or the other is absent from 10,000 with probability 0.0045.
    """
    rare = Census((500, 500, 0), 0, (0.5, 0.499, 0.001))
    assert (rare.missing, rare.undecided, rare.missing_number, rare.lost) == ((), (2,), None, 0)
    assert Census((5000, 5000, 0), 0, (0.5, 0.499, 0.001)).missing == (2,)
    shares = (0.9, *[0.001] * 100)
    one = Census((9010, 0, *[10] * 99), 0, shares)
    assert (one.missing, one.undecided, one.missing_number) == ((), (1,), None)
    # Wrongly named would be 101 * 4.5e-5 of ten: under 1/1000 of them.
    ten = Census((9100, *[0] * 10, *[10] * 90), 0, shares)
    assert ten.missing == tuple(range(1, 11)) and ten.lost == pytest.approx(0.01)


def test_a_class_that_the_training_data_lack_is_left_out_in_words():
    predicted = torch.arange(1000) % 4
    census = count_modes(predicted, [100, 100, 100, 0])
    assert census.kl == pytest.approx(0) and census.chi_square == pytest.approx((0, 1))
    assert (census.comparable, census.known, census.missing, census.undecided) == (750, 3, (), ())
    conclusion = conclusion_of(predicted, [100, 100, 100, 0])
    assert "250 samples are of classes that the training data lack (3)" in conclusion
    # Shares of 2/3 and 1/3 against 1/2 each.
    half = count_modes(torch.tensor([0, 0, 1, 2] * 25), [5, 5, 0])
    assert half.kl == pytest.approx(2 / 3 * np.log(4 / 3) + 1 / 3 * np.log(2 / 3))
    foreign = torch.full((100,), 1)
    assert np.isnan(count_modes(foreign, [5, 0]).kl)
    assert conclusion_of(foreign, [5, 0]).startswith("Modes are dropped: 1 of 1 are missing (0).")
