"""The runs of one command: which there are, how they are run, and what became of them."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gan_lab.common.console import counted, duration, say
from gan_lab.common.errors import Interrupted, RunError, UsageError
from gan_lab.config.identity import result_hash, run_directory
from gan_lab.config.instantiate import instantiate
from gan_lab.config.run_config import selection
from gan_lab.evaluation.seeds import over_seeds
from gan_lab.evaluation.tables import brief_name
from gan_lab.runs.directory import Run
from gan_lab.task import Task

BESIDE = ("confident", "modes")  # shown beside the scores that the best run is chosen by
FORMATS = {"fd_classifier": ".1f", "fid": ".1f", "swd": ".1f", "confident": ".2f", "modes": ".0f"}


def make_tasks(
    records: Sequence[dict[str, Any]],
    settings: Sequence[tuple[str, ...]],
    command: str,
    restart: bool,
) -> list[Task]:
    """Return the distinct runs of a command.

    Raises UsageError for two that differ, but in nothing that makes another run.
    """
    tasks: dict[Path, Task] = {}
    for record, setting in zip(records, settings, strict=True):
        directory = run_directory(record)
        known = tasks.get(directory)
        if known and known.record != record:
            raise UsageError(_one_run(known.record, record))
        before = Run(directory).status()["state"]
        tasks.setdefault(directory, Task(record, setting, command, restart, before))
    return list(tasks.values())


def _one_run(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    runtime = theirs["runtime"]
    keys = [key for key in runtime if ours["runtime"][key] != runtime[key]]
    lengths = [key for key in keys if key in ("steps", "epochs", "images")]
    if lengths:
        return (
            f"several values of {lengths[0]} are one run, longer and longer: give it the largest, "
            "and score_every=N to score it at several steps."
        )
    key = keys[0] if keys else next(key for key in theirs if ours[key] != theirs[key])
    return f"several values of {key} are one run, for {key} does not change its result; keep one."


def run_tasks(tasks: Sequence[Task], launcher: Mapping[str, Any]) -> int:
    """Run tasks with a launcher and return the exit code; one that fails stops no other."""
    if len(tasks) == 1 and launcher["_target_"] == "gan_lab.launchers.order":
        return _run_here(tasks[0])
    say(f"{counted(len(tasks), 'run')}: {_counts([task.before for task in tasks])}")
    try:
        outcomes = instantiate(launcher, tasks=tasks)
    except Interrupted:
        print_tasks(tasks)
        say("the same command goes on from there")
        raise
    if outcomes is None:  # a dry run
        return 0
    print_tasks(tasks)
    print_spreads(tasks)
    failures = [outcome for outcome in outcomes if outcome.failed]
    for outcome in failures:
        where = f"{outcome.task.run.directory.name} {outcome.state}"
        print(f"gan-lab: {outcome.task.name} ({where}): {outcome.reason}", file=sys.stderr)
    say(f"{len(outcomes) - len(failures)} of {counted(len(outcomes), 'run')} finished")
    print(tasks[0].run.directory.parent)
    return 1 if failures else 0


def _run_here(task: Task) -> int:
    from gan_lab.runner import train_run

    try:
        train_run(task.record, task.command, task.restart)
    except (UsageError, RunError) as error:
        print(f"gan-lab: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(task.run.directory)
    return 0


def _counts(states: Sequence[str]) -> str:
    words = {"new": "to start", "finished": "finished before"}
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    return ", ".join(f"{n} {words.get(state, f'{state} before')}" for state, n in counts.items())


def print_tasks(tasks: Sequence[Task]) -> None:
    """Print a row a run of a sweep: its setting, what it was before, what it is now, its scores."""
    scores = _shown_scores([task.run for task in tasks])
    rows = []
    for task in tasks:
        _, name, *numbers = _row(task.run, scores)
        rows.append([" ".join(task.setting) or "baseline", name, task.before, *numbers[:-1]])
    headings = ["setting", "run", "before", "state", "step", "time", *map(brief_name, scores)]
    print_rows([headings, *rows])


def print_spreads(tasks: Sequence[Task]) -> None:
    """Print a row a setting that has several finished seeds: mean, sd and interval of scores."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        if task.run.status()["state"] == "finished":
            groups.setdefault(result_hash({**task.record, "seed": 0}), []).append(task)
    shown = _shown_scores([task.run for group in groups.values() for task in group])
    rows = []
    for group in groups.values():
        found = [task.run.final_scores() for task in group]
        named = [part for part in group[0].setting if not part.startswith("seed=")]
        cells = []
        for score in shown:
            values = [scores[score] for scores in found if score in scores]
            cells.append(str(over_seeds(values)) if values else "")
        rows.append([" ".join(named) or "baseline", str(len(group)), *cells])
    if any(len(group) > 1 for group in groups.values()):
        say("")
        print_rows([["setting", "seeds", *map(brief_name, shown)], *rows])


def print_table(directories: Sequence[Path]) -> None:
    """Print a row a run: state, step, time and scores, the reason where one failed."""
    runs = [Run(directory) for directory in directories]
    scores = _shown_scores(runs)
    headings = ["study", "run", "state", "step", "time", *map(brief_name, scores), "reason"]
    print_rows([headings, *(_row(run, scores) for run in runs)])


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells below each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(run: Run, shown: Sequence[str]) -> list[str]:
    status, metrics = run.status(), run.metrics()
    seconds = duration(metrics[-1]["seconds"]) if metrics else ""
    scores = run.final_scores()
    return [
        run.directory.parent.name,
        run.directory.name,
        status["state"],
        str(status["step"]),
        seconds,
        *(format(scores[s], FORMATS.get(s, ".4g")) if s in scores else "" for s in shown),
        status["reason"] if status["state"] in ("failed", "diverged") else "",
    ]


def _shown_scores(runs: Sequence[Run]) -> list[str]:
    """Return the scores by which the best of each run's kind is chosen, and those beside them."""
    chosen_by = {}
    for run in runs:
        with suppress(RunError):  # whose config cannot be read; its row says what is known
            chosen_by[selection(run.config())] = True
    known = {score for run in runs for score in run.final_scores()}
    return [*chosen_by, *(score for score in BESIDE if score in known)]
