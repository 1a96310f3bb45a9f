"""Tables of runs on the console: of a sweep, of its seeds, of a study."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gan_lab.common.console import duration, print_rows, say
from gan_lab.common.errors import RunError
from gan_lab.config.identity import result_hash
from gan_lab.evaluation.scores import value_named, values_in_lists, with_scores_of
from gan_lab.evaluation.seeds import over_seeds
from gan_lab.jobs.job import Job
from gan_lab.runs.damage import damage
from gan_lab.runs.directory import Run


def print_jobs(jobs: Sequence[Job]) -> None:
    """Print a row a run of a sweep: its setting, what it was before, what it is now, its scores."""
    with with_scores_of(job.config for job in jobs):
        scores = _shown_scores([job.run for job in jobs])
        rows = []
        for job in jobs:
            _, name, *numbers = _row(job.run, scores)
            rows.append([" ".join(job.setting) or "baseline", name, job.before, *numbers[:-1]])
        headings = ["setting", "run", "before", "state", "step", "time", *map(_short_name, scores)]
        print_rows([headings, *rows])


def print_spreads(jobs: Sequence[Job]) -> None:
    """Print a row a setting that has several finished seeds: mean, sd and interval of scores."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        if job.run.status().state == "finished":
            groups.setdefault(result_hash(replace(job.config, seed=0)), []).append(job)
    with with_scores_of(job.config for job in jobs):
        shown = _shown_scores([job.run for group in groups.values() for job in group])
        headings = ["setting", "seeds", *map(_short_name, shown)]
    rows = []
    for group in groups.values():
        found = [job.run.final_scores() for job in group]
        named = [part for part in group[0].setting if not part.startswith("seed=")]
        cells = []
        for score in shown:
            values = [scores[score] for scores in found if score in scores]
            cells.append(str(over_seeds(values)) if values else "")
        rows.append([" ".join(named) or "baseline", str(len(group)), *cells])
    if any(len(group) > 1 for group in groups.values()):
        say("")
        print_rows([headings, *rows])


def print_table(directories: Sequence[Path]) -> None:
    """Print a row a run: state, step, time and scores, the reason where one failed.

    Below them is a line for each thing that is wrong with the files of a run.
    """
    runs = [Run(directory) for directory in directories]
    faults = {run.directory: _faults(run) for run in runs}
    whole = [run for run in runs if not faults[run.directory]]
    with with_scores_of(run.config() for run in whole):
        scores = _shown_scores(whole)
        headings = ["study", "run", "state", "step", "time", *map(_short_name, scores), "reason"]
        rows = [
            _damaged_row(run, len(scores)) if faults[run.directory] else _row(run, scores)
            for run in runs
        ]
    print_rows([headings, *rows])
    for run in runs:
        others, known = damage(run), faults[run.directory]
        # What keeps it from being read is said once.
        for line in dict.fromkeys([*known, *others]):
            say(f"damaged   {line}")


def _faults(run: Run) -> list[str]:
    """Return why a run cannot be read at all; nothing if it can."""
    try:
        run.refuse_links()
        run.config()
        run.final_scores()
    except RunError as error:
        return [str(error)]
    return []


def _damaged_row(run: Run, scores: int) -> list[str]:
    names = [run.directory.parent.name, run.directory.name]
    return [*names, "damaged", "", "", *[""] * scores, run.status().reason]


def _row(run: Run, shown: Sequence[str]) -> list[str]:
    status, seconds = run.status(), run.seconds()
    scores = run.final_scores()
    return [
        run.directory.parent.name,
        run.directory.name,
        status.state,
        str(status.step),
        "" if seconds is None or not math.isfinite(seconds) else duration(seconds),
        *(format(scores[s], value_named(s).format) if s in scores else "" for s in shown),
        status.reason if status.state in ("finished", "failed", "diverged") else "",
    ]


def _shown_scores(runs: Sequence[Run]) -> list[str]:
    """Return the scores by which the best of each run's kind is chosen, and those beside them."""
    chosen_by = {}
    for run in runs:
        with suppress(RunError):  # whose config cannot be read; its row says what is known
            chosen_by[run.config().dataset.selection] = True
    known = {score for run in runs for score in run.final_scores()}
    return [*chosen_by, *(score for score in values_in_lists() if score in known)]


def _short_name(score: str) -> str:
    return value_named(score).short
