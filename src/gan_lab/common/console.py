"""What a run says while it goes: a progress bar on a terminal, plain lines elsewhere."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def silence() -> None:
    """Let all that is printed, and what is still in the buffer, go nowhere: nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Patient(Console):
    """Goes on in silence when nobody reads any more (`| head`): a training is worth more."""

    def on_broken_pipe(self) -> None:
        silence()


console = _Patient(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a line."""
    console.print(text, markup=False)


def counted(count: int, noun: str) -> str:
    """Return `1 run` or `3 runs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def say_figures(*paths: Path) -> None:
    """Say where figures are that lie as PNG and as PDF beside each other."""
    for path in paths:
        say(f"figure    {path}, and {path.with_suffix('.pdf').name} beside it")


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells below each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class ProgressDisplay(Protocol):
    """Shows how far a training is."""

    def update(self, step: int, line: Mapping[str, float]) -> None:
        """Take the steps done and the latest logged scalars."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def progress_display(first: int, steps: int) -> ProgressDisplay:
    """Return the display that fits where the output goes, for steps `first` to `steps`."""
    return Bar(first, steps) if console.is_terminal else Lines(first, steps)


class Bar:
    """A rich progress bar with speed, time left and losses."""

    def __init__(self, first: int, steps: int):
        self._progress = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=console,
        )
        self._first, self._began = first, time.monotonic()
        self._task = self._progress.add_task("", total=steps, completed=first, speed="", losses="")
        self._progress.start()

    def update(self, step: int, line: Mapping[str, float]) -> None:
        speed = (step - self._first) / (time.monotonic() - self._began)
        self._progress.update(
            self._task, completed=step, speed=f"{speed:.1f} steps/s", losses=_losses(line)
        )

    def close(self) -> None:
        self._progress.stop()


class Lines:
    """A plain line every twentieth of the training."""

    def __init__(self, first: int, steps: int):
        self._first, self._steps, self._began = first, steps, time.monotonic()
        self._every = max(1, steps // 20)

    def update(self, step: int, line: Mapping[str, float]) -> None:
        if step % self._every and step != self._steps:
            return
        speed = (step - self._first) / (time.monotonic() - self._began)
        left = duration((self._steps - step) / speed)
        say(
            f"step {step}/{self._steps}  {speed:.1f} steps/s  {left} left  {_losses(line)}".rstrip()
        )

    def close(self) -> None:
        """A line needs no closing."""


def duration(seconds: float) -> str:
    """Write a duration as a person would: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _losses(line: Mapping[str, float]) -> str:
    names = {"loss/d": "loss D", "loss/g": "loss G"}
    return "  ".join(f"{name} {line[key]:.3f}" for key, name in names.items() if key in line)
