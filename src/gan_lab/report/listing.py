"""Lists of runs: what each is, what varies between them, and their scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_lab.common.console import counted, duration, print_rows, say
from gan_lab.common.errors import RunError, UsageError, unknown
from gan_lab.common.typed import Json
from gan_lab.config import leaves
from gan_lab.evaluation.scores import with_scores_of
from gan_lab.evaluation.tables import score_cells, short_name, shown_scores
from gan_lab.report.collect import RunData, read
from gan_lab.report.settings import Settings, compare
from gan_lab.runs.damage import damage
from gan_lab.runs.directory import Run, run_directories

Cell = str | int | float | bool | None
FIRST = ("study", "run", "state", "step", "seed")


@dataclass(frozen=True)
class Listed:
    """A run of a list; where it cannot be read it has no data, and a line that says why."""

    run: Run
    data: RunData | None
    fault: str = ""

    @property
    def study(self) -> str:
        return self.run.directory.parent.name


def find_listed(runs_dir: Path, study: str = "*") -> list[Listed]:
    """Read the runs of a study, or of all, in the order of their names."""
    return [_listed(Run(directory)) for directory in run_directories(runs_dir, study)]


def _listed(run: Run) -> Listed:
    try:
        return Listed(run, read(run, f"{run.directory.parent.name}/{run.directory.name}"))
    except RunError as error:
        return Listed(run, None, str(error))


def list_rows(listed: Sequence[Listed]) -> list[dict[str, Cell]]:
    """Return a row a run: study, run, state, step, seed, what varies between the runs, and the last
    score of each name (of the averaged generator).

    One that cannot be read has the state `damaged`, and nothing beyond. What is not there is None.
    """
    whole = [one.data for one in listed if one.data]
    columns = compare(whole).columns if whole else []
    names = dict.fromkeys(name for data in whole for name in data.run.final_scores())
    return [_values(one, columns, list(names)) for one in listed]


def _values(one: Listed, columns: Sequence[str], names: Sequence[str]) -> dict[str, Cell]:
    row: dict[str, Cell] = {"study": one.study, "run": one.run.directory.name}
    if one.data is None:
        nothing = dict.fromkeys([*FIRST[3:], *columns, *names])
        return row | {"state": "damaged"} | nothing
    scores = one.run.final_scores()
    row |= {"state": one.data.state, "step": one.data.step, "seed": one.data.seed}
    row |= {name: _held(one.data, name) for name in columns}
    return row | {name: _finite(scores.get(name)) for name in names}


def _held(data: RunData, name: str) -> Cell:
    """Return what a run has for a setting that varies; of several values a text with all."""
    if name == "num_train_steps":
        return data.step if data.finished else data.config.runtime.steps
    config = data.config
    held = leaves.deep_arguments(config) | leaves.knobs(config) | leaves.choices(config)
    value: Json = held.get(name)
    if isinstance(value, list | tuple):
        return "+".join(map(str, value)) or "none"
    return value if isinstance(value, Cell) else str(value)


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def in_order_of(listed: Sequence[Listed], column: str) -> list[Listed]:
    """Return the runs in the ascending order of a column of `list_rows`, those without it last.

    A score may be called by its heading in the table. Raises UsageError for another column.
    """
    rows = list_rows(listed)
    names = list(dict.fromkeys(name for row in rows for name in row))
    headings = {short_name(name): name for name in reversed(names)}
    name = column if column in names else headings.get(column)
    if name is None:
        raise UsageError(f"--sort {column}: {unknown('column', column, names)}")
    found = sorted(zip(rows, listed, strict=True), key=lambda pair: _place(pair[0][name]))
    return [one for _, one in found]


def _place(cell: Cell) -> tuple[int, float, str]:
    """Numbers before words, and both before nothing."""
    if cell is None:
        return 2, 0.0, ""
    return (1, 0.0, cell) if isinstance(cell, str) else (0, float(cell), "")


def print_listed(listed: Sequence[Listed]) -> None:
    """Print a table a study: its runs, what varies between them, state, step, time and scores.

    Below them is a line for each thing that is wrong with the files of a run.
    """
    studies = dict.fromkeys(one.study for one in listed)
    for number, study in enumerate(studies):
        members = [one for one in listed if one.study == study]
        if number:
            say("")
        if len(studies) > 1:
            say(f"{study}: {counted(len(members), 'run')}")
        _print_study(members)
    for one in listed:
        # What keeps it from being read is said once.
        faults = one.data.damage if one.data else [one.fault, *damage(one.run)]
        for line in dict.fromkeys(faults):
            say(f"damaged   {line}")


def _print_study(members: Sequence[Listed]) -> None:
    whole = [one.data for one in members if one.data]
    settings = compare(whole) if whole else Settings([], {}, {})
    with with_scores_of(data.config for data in whole):
        scores = shown_scores([data.run for data in whole])
        seeded = len({data.seed for data in whole}) > 1
        headings = ["run", *settings.columns, *(["seed"] if seeded else []), "state", "step",
                    "training", *map(short_name, scores), "reason"]  # fmt: skip
        rows = [_row(one, settings, seeded, scores) for one in members]
    print_rows([headings, *rows])


def _row(one: Listed, settings: Settings, seeded: bool, scores: Sequence[str]) -> list[str]:
    name, data, status = one.run.directory.name, one.data, one.run.status()
    if data is None:
        empty = len(settings.columns) + seeded
        return [name, *[""] * empty, "damaged", "", "", *[""] * len(scores), status.reason]
    seconds = one.run.seconds()
    return [
        name,
        *settings.of_run[data.name],
        *([str(data.seed)] if seeded else []),
        status.state,
        str(status.step),
        "" if seconds is None or not math.isfinite(seconds) else duration(seconds),
        *score_cells(one.run, scores),
        status.reason if status.state in ("finished", "failed", "diverged") else "",
    ]
