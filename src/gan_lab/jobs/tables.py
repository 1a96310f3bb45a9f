"""Tables of runs on the console: of a sweep, and of its seeds."""

import math
from collections.abc import Sequence
from dataclasses import replace

from gan_lab.common.console import duration, print_rows, say
from gan_lab.config.identity import result_hash
from gan_lab.evaluation.scores import with_scores_of
from gan_lab.evaluation.seeds import over_seeds
from gan_lab.evaluation.tables import score_cells, short_name, shown_scores
from gan_lab.jobs.job import Job
from gan_lab.runs.directory import Run


def print_jobs(jobs: Sequence[Job]) -> None:
    """Print a row a run of a sweep: its setting, what it was before, what it is now, its scores."""
    with with_scores_of(job.config for job in jobs):
        scores = shown_scores([job.run for job in jobs])
        rows = []
        for job in jobs:
            name, *cells = _row(job.run, scores)
            rows.append([" ".join(job.setting) or "baseline", name, job.before, *cells])
        headings = ["setting", "run", "before", "state", "step", "time", *map(short_name, scores)]
        print_rows([headings, *rows])


def print_spreads(jobs: Sequence[Job]) -> None:
    """Print a row a setting that has several finished seeds: mean, sd and interval of scores."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        if job.run.status().state == "finished":
            groups.setdefault(result_hash(replace(job.config, seed=0)), []).append(job)
    with with_scores_of(job.config for job in jobs):
        shown = shown_scores([job.run for group in groups.values() for job in group])
        headings = ["setting", "seeds", *map(short_name, shown)]
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


def _row(run: Run, shown: Sequence[str]) -> list[str]:
    status, seconds = run.status(), run.seconds()
    return [
        run.directory.name,
        status.state,
        str(status.step),
        "" if seconds is None or not math.isfinite(seconds) else duration(seconds),
        *score_cells(run, shown),
    ]
