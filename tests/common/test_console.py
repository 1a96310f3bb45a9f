"""What is printed suits where it goes."""

from io import StringIO

import pytest

from gan_lab.common.console import console


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("file", "drawn_over"), [(StringIO(), False), (Terminal(), True)])
def test_a_wish_for_colours_makes_no_terminal(file, drawn_over):
    """Notebooks set FORCE_COLOR, and their workers write into a pipe."""
    other = type(console)(file=file, _environ={"FORCE_COLOR": "1", "TERM": "xterm-color"})
    assert other.is_terminal == drawn_over
