"""The runs of one command, one after another, and what became of them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_lab.console import console, duration, say
from gan_lab.errors import RunError, UsageError
from gan_lab.record import run_directory
from gan_lab.runs import Run


def run_jobs(records: Sequence[dict[str, Any]], command: str, restart: bool) -> int:
    """Train runs in order and return the exit code; one that fails stops no other."""
    from gan_lab.runner import train_run

    directories = [run_directory(record) for record in records]
    errors: list[Exception] = []
    for number, record in enumerate(records, start=1):
        if len(records) > 1:
            console.rule(f"run {number} of {len(records)}")
        try:
            train_run(record, command, restart)
        except (UsageError, RunError) as error:
            print(f"gan-lab: {error}", file=sys.stderr)
            errors.append(error)
    if len(records) > 1:
        print_table(directories)
        print(directories[0].parent)
    elif not errors:
        print(directories[0])
    if errors and len(records) == 1 and isinstance(errors[0], UsageError):
        return 2
    return 1 if errors else 0


def print_table(directories: Sequence[Path]) -> None:
    """Print a row a run: state, step, time and scores, the reason where one failed."""
    headings = ["study", "run", "state", "step", "time", "FD", "confident", "reason"]
    rows = [headings, *(_row(Run(directory)) for directory in directories)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(run: Run) -> list[str]:
    status, metrics = run.status(), run.metrics()
    seconds = duration(metrics[-1]["seconds"]) if metrics else ""
    scores = run.final_scores()
    return [
        run.directory.parent.name,
        run.directory.name,
        status["state"],
        str(status["step"]),
        seconds,
        f"{scores['fd_classifier']:.1f}" if "fd_classifier" in scores else "",
        f"{scores['confident']:.2f}" if "confident" in scores else "",
        status["reason"] if status["state"] in ("failed", "diverged") else "",
    ]
