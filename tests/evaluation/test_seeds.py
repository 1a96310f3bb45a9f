"""The statistics of several seeds, on numbers that tables of Student's t give."""

import pytest

from gan_lab.evaluation.seeds import over_seeds


def test_three_values_have_an_interval():
    found = over_seeds([1, 2, 3])
    assert (found.mean, found.sd) == (2, 1)
    # t(0.975, 2 degrees of freedom) = 4.302653 in every table
    assert found.half_width == pytest.approx(4.302653 / 3**0.5, rel=1e-6)
    assert str(found) == "2 (sd 1, 95% -0.4841 to 4.484)"


def test_ten_values():
    found = over_seeds([float(value) for value in range(10)])
    assert found.mean == 4.5
    assert found.sd == pytest.approx((55 / 6) ** 0.5)
    assert found.half_width == pytest.approx(2.262157 * found.sd / 10**0.5, rel=1e-6)


def test_two_values_are_both_shown_and_one_is_itself():
    two, one = over_seeds([1.5, 2.5]), over_seeds([1.5])
    assert (two.mean, two.half_width, str(two)) == (2, None, "1.5, 2.5")
    assert two.sd == pytest.approx(0.5**0.5)
    assert (one.mean, one.sd, one.half_width, str(one)) == (1.5, None, None, "1.5")


def test_equal_values_have_no_spread_and_no_values_no_mean():
    assert (over_seeds([7, 7, 7]).sd, over_seeds([7, 7, 7]).half_width) == (0, 0)
    with pytest.raises(ValueError, match="no values"):
        over_seeds([])
