"""What is printed: lines, tables, and numbers as a person writes them."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from gan_lab.common.text import printable

NOTHING = "–"  # in a cell of which there is no number


def silence() -> None:
    """Let all that is printed, and what is still in the buffer, go nowhere: nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Patient(Console):
    """Goes on in silence when nobody reads any more (`| head`): a training is worth more."""

    @property
    def is_terminal(self) -> bool:
        """Whether lines can be drawn over: FORCE_COLOR, which notebooks set, is about colours."""
        return super().is_terminal and self.file.isatty()

    def on_broken_pipe(self) -> None:
        silence()


# In a notebook as elsewhere a line is a line of text: rich would make an output of each.
console = _Patient(highlight=False, soft_wrap=True, emoji=False, force_jupyter=False)


def say(text: str) -> None:
    """Print one line, in which nothing steers the terminal, whoever chose the words."""
    console.print(printable(text), markup=False)


def say_amid(text: str) -> None:
    """Print a line from the handler of a signal, which may have come amid another line."""
    with suppress(OSError, RuntimeError):  # a writer that is at work takes no second line
        say(text)


def counted(count: int, noun: str) -> str:
    """Return `1 run` or `3 runs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in per cent, where 0% is exactly none and 100% exactly all.

    What would round to them is `<0.1%` or `>99.9%`: 996 of 1,000 are not all.
    """
    if share in (0, 1):
        return f"{share:.0%}"
    least = 10.0**-digits
    rounded = f"{share:.{digits}%}"
    if 0 < share < 0.5 and float(rounded[:-1]) == 0:
        return f"<{least:.{digits}f}%"
    if 0.5 < share < 1 and float(rounded[:-1]) == 100:
        return f">{100 - least:.{digits}f}%"
    return rounded


def percent_within(share: float, interval: tuple[float, float]) -> str:
    """Return a share and its interval in per cent: `3.0% [2.1%, 4.4%]`."""
    return f"{percent(share)} [{', '.join(map(percent, interval))}]"


def say_figures(*paths: Path) -> None:
    """Say where figures are that lie as PNG and as PDF beside each other."""
    for path in paths:
        say(f"figure    {path}, and {path.with_suffix('.pdf').name} beside it")


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells below each other."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def duration(seconds: float) -> str:
    """Write a duration as a person would: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
