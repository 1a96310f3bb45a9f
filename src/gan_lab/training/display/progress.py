"""The progress of a training as it is shown: a page in a notebook, a bar, or plain lines."""

import time
from collections.abc import Mapping
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gan_lab.common.console import console, duration, say
from gan_lab.data import ImageDataset
from gan_lab.runs.directory import Run
from gan_lab.training.display.notebook import NotebookDisplay, in_notebook


class ProgressDisplay(Protocol):
    """Shows how far a training is."""

    def update(self, step: int, line: Mapping[str, float]) -> None:
        """Take the steps done and the latest logged scalars."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def progress_display(first: int, steps: int, run: Run, dataset: ImageDataset) -> ProgressDisplay:
    """Return the display that fits where the output goes, for steps `first` to `steps`."""
    if in_notebook():
        return NotebookDisplay(first, steps, run, dataset)
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
            self._task, completed=step, speed=f"{speed:.1f} steps/s", losses=_losses(step, line)
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
        words = f"step {step}/{self._steps}  {speed:.1f} steps/s  {left} left"
        say(f"{words}  {_losses(step, line)}".rstrip())

    def close(self) -> None:
        """A line needs no closing."""


def _losses(step: int, line: Mapping[str, float]) -> str:
    """Write the losses that were logged last, and of which step they are if not of this one."""
    names = {"loss/d": "loss D", "loss/g": "loss G"}
    words = [f"{name} {line[key]:.3f}" for key, name in names.items() if key in line]
    if words and line.get("step") != step:
        words.append(f"(step {line['step']:.0f})")
    return "  ".join(words)
