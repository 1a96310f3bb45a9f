"""What is printed suits where it goes."""

from io import StringIO

import pytest

from gan_lab.common.console import console, percent, percent_within


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("file", "drawn_over"), [(StringIO(), False), (Terminal(), True)])
def test_a_wish_for_colours_makes_no_terminal(file, drawn_over):
    """Notebooks set FORCE_COLOR, and their workers write into a pipe."""
    other = type(console)(file=file, _environ={"FORCE_COLOR": "1", "TERM": "xterm-color"})
    assert other.is_terminal == drawn_over


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [
        (1, 1, "100%"),
        (1000 / 1000, 0, "100%"),
        (0.0, 1, "0%"),
        (996 / 1000, 0, ">99%"),  # which .0% calls 100%
        (996 / 1000, 1, "99.6%"),
        (0.9994, 1, "99.9%"),
        (0.9996, 1, ">99.9%"),
        (1 - 1e-12, 1, ">99.9%"),
        (4 / 1000, 0, "<1%"),
        (0.0004, 1, "<0.1%"),
        (0.0006, 1, "0.1%"),
        (1e-12, 2, "<0.01%"),
        (0.5, 0, "50%"),
        (0.008, 1, "0.8%"),
        (1.5, 0, "150%"),  # a part of something else
    ],
)
def test_a_share_is_all_or_none_only_if_it_is(share, digits, words):
    assert percent(share, digits) == words


def test_an_interval_has_its_ends_in_per_cent():
    assert percent_within(0.0, (0.0, 0.0004)) == "0% [0%, <0.1%]"
