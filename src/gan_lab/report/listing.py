"""Runs as rows for programs: what each is, what varies between them, and their scores."""

import math
from pathlib import Path

from gan_lab.common.errors import RunError
from gan_lab.common.typed import Json
from gan_lab.config import leaves
from gan_lab.report.collect import RunData, read
from gan_lab.report.settings import compare
from gan_lab.runs.directory import Run, run_directories

Cell = str | int | float | bool | None
FIRST = ("study", "run", "state", "step", "seed")


def list_rows(runs_dir: Path, study: str = "*") -> list[dict[str, Cell]]:
    """Return a row a run of a study, or of all: study, run, state, step, seed, what varies between
    the runs, and the last score of each name (of the averaged generator).

    One that cannot be read has the state `damaged`, and nothing beyond. What is not there is None.
    """
    directories = run_directories(runs_dir, study)
    found: dict[Path, RunData] = {}
    for directory in directories:
        try:
            found[directory] = read(Run(directory), f"{directory.parent.name}/{directory.name}")
        except RunError:
            continue
    columns = compare(list(found.values())).columns if found else []
    scores = {directory: data.run.final_scores() for directory, data in found.items()}
    names = dict.fromkeys(name for scored in scores.values() for name in scored)
    rows: list[dict[str, Cell]] = []
    for directory in directories:
        row: dict[str, Cell] = {"study": directory.parent.name, "run": directory.name}
        if data := found.get(directory):
            row |= {"state": data.state, "step": data.step, "seed": data.seed}
            row |= {name: _held(data, name) for name in columns}
            row |= {name: _finite(scores[directory].get(name)) for name in names}
        else:
            row |= {"state": "damaged", "step": None, "seed": None}
            row |= dict.fromkeys([*columns, *names])
        rows.append(row)
    return rows


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
