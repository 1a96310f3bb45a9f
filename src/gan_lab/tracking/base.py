"""What a run streams to: metrics.jsonl always, and whatever else its config asks for."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.files import append_to
from gan_lab.config.instantiate import instantiate
from gan_lab.config.run_config import RunConfig
from gan_lab.runs.census import ClassCensus
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import MetricsLine

# The columns of a table; a judge that errs gives real images the expected share.
CENSUS = ("class", "samples", "share", "low", "high", "real share", "expected share")


class Tracker(Protocol):
    """Something that a run streams to."""

    def log(self, line: MetricsLine) -> None:
        """Take the scalars of a step; `line` has "step"."""

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        """Take a picture (PNG) and what it shows."""

    def census(self, step: int, found: ClassCensus) -> None:
        """Take the counts of samples by class."""

    def summarise(self, values: Mapping[str, float | str]) -> None:
        """Take what is true of the whole run: its final scores."""

    def close(self, exit_code: int) -> None:
        """End: 0 for success."""


class JsonLines:
    """Appends each line of scalars to a file, and flushes it: a kill loses none of them."""

    def __init__(self, path: Path):
        self._file = append_to(path)

    def log(self, line: MetricsLine) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        """Pictures lie in the run directory already."""

    def census(self, step: int, found: ClassCensus) -> None:
        """The census lies in the run directory already."""

    def summarise(self, values: Mapping[str, float | str]) -> None:
        """Final scores lie in evaluations.jsonl already."""

    def close(self, exit_code: int) -> None:
        self._file.close()


class BestEffort:
    """A tracker that may fail: the run is worth more, and has its own files. It is said once."""

    def __init__(self, tracker: Tracker, description: str, say: Callable[[str], None]):
        self._tracker, self._say, self._works = tracker, say, True
        self.description = description

    def log(self, line: MetricsLine) -> None:
        self._try(lambda: self._tracker.log(line))

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        self._try(lambda: self._tracker.image(step, name, path, words))

    def census(self, step: int, found: ClassCensus) -> None:
        self._try(lambda: self._tracker.census(step, found))

    def summarise(self, values: Mapping[str, float | str]) -> None:
        self._try(lambda: self._tracker.summarise(values))

    def close(self, exit_code: int) -> None:
        self._works = True  # what can still be saved is
        self._try(lambda: self._tracker.close(exit_code))

    def _try(self, call: Callable[[], None]) -> None:
        if not self._works:
            return
        try:
            call()
        except Exception as error:  # what a library, its server or a full disk raises
            self._works = False
            self._say(f"the logger fails ({first_line(error)}); the run goes on without it")


def open_tracker(config: RunConfig, run: Run, say: Callable[[str], None]) -> BestEffort | None:
    """Open what the run is streamed to beside its own files; None for logger=none, or if it cannot
    be started. Raises UsageError if it is not installed, or is set up wrongly."""
    spec = config.runtime.logger
    if spec is None or spec.target is None:
        return None
    try:
        tracker = instantiate(spec, run=run, config=config, say=say)
    except UsageError as error:
        if error.__cause__ is None:
            raise
        say(f"the logger cannot be started ({first_line(error)}); the run goes on without it")
    except (OSError, RunError) as error:
        say(f"the logger cannot be started ({first_line(error)}); the run goes on without it")
    else:
        return BestEffort(tracker, tracker.description, say)
    return None


def first_line(error: Exception) -> str:
    """Return the first line of what an error says; its name if it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def census_rows(found: ClassCensus) -> list[list[str | float | None]]:
    """Return a row for each class of a census, under the headings CENSUS; where no sample has a
    class, the shares are None."""
    rows: list[list[str | float | None]] = []
    for entry in found.classes:
        shares = [entry.share, *entry.interval] if found.has_shares else [None, None, None]
        rows.append([entry.name, entry.count, *shares, entry.real_share, entry.compared_share])
    return rows


def census_numbers(found: ClassCensus) -> dict[str, float]:
    """Return what a census says of a run in numbers, those that it can tell."""
    unsure, missing, kl = found.unsure.share, found.missing_number, found.kl
    numbers = {"modes/missing": missing, "modes/unsure": unsure, "modes/kl": kl}
    return {name: float(value) for name, value in numbers.items() if value is not None}
