"""The bin of a folder of runs: RUNS_DIR/.trash, which lists, reports and searches leave out."""

import os
from pathlib import Path

from gan_lab.common.errors import RunError, Taken
from gan_lab.runs.directory import Run

TRASH = ".trash"


def put_into_trash(run: Run, runs_dir: Path) -> Path:
    """Move a run into the bin, and return where it lies now; nothing of it is removed.

    Raises Taken while a process trains it, RunError if it is not in a study of `runs_dir`, or
    cannot be moved.
    """
    directory = run.directory.absolute()
    study = directory.parent
    if study.parent != runs_dir.absolute() or study.name == TRASH:
        raise RunError(
            f"{run.directory} is not in a study of {runs_dir}: say where with --runs-dir."
        )
    if run.is_taken():
        raise Taken(f"{run.directory} is being trained: stop that first.")
    place = _free(runs_dir / TRASH / study.name / directory.name)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        directory.rename(place)
    except OSError as error:
        where = runs_dir / TRASH
        raise RunError(f"cannot move {run.directory} to {where} ({error.strerror}).") from None
    return place


def _free(wanted: Path) -> Path:
    """Return a place where nothing is: a run of the same name may lie in the bin already."""
    place, number = wanted, 1
    while os.path.lexists(place):
        number += 1
        place = wanted.with_name(f"{wanted.name}.{number}")
    return place
