"""Runs in forks of a process that has torch loaded, and whether two runs wrote the same."""

import multiprocessing
import os
import sys
from pathlib import Path

import torch

from gan_lab.cli.main import run
from gan_lab.runs.checkpoints import read_checkpoint
from gan_lab.runs.directory import Run

# Forks of a process that has torch loaded: real processes that start in a tenth of a second.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["gan_lab.jobs.train_run", "gan_lab.jobs.sweep", "sklearn.datasets"])


def assert_same_files(ours: Run, theirs: Run) -> None:
    """Every file but those that tell of starts and times is the same, byte by byte or by tensor."""
    assert _names(ours) == _names(theirs)
    for path in sorted(theirs.samples.iterdir()):
        assert (ours.samples / path.name).read_bytes() == path.read_bytes(), path.name
    for step in theirs.checkpoint_steps():
        assert_equal(*(read_checkpoint(run.checkpoint_path(step)) for run in (ours, theirs)))
    assert without_seconds(ours.metrics()) == without_seconds(theirs.metrics())
    assert ours.evaluations() == theirs.evaluations()
    assert ours.status() == theirs.status()


def assert_equal(ours, theirs, place="checkpoint"):
    assert type(ours) is type(theirs), place
    if isinstance(theirs, torch.Tensor):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs), place
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), place
        for key in theirs.keys() - {"seconds"}:
            assert_equal(ours[key], theirs[key], f"{place}.{key}")
    elif isinstance(theirs, list):
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            assert_equal(*pair, f"{place}[{index}]")
    else:
        assert ours == theirs, place


def _names(run: Run) -> set[str]:
    return {str(path.relative_to(run.directory)) for path in run.directory.rglob("*")}


def without_seconds(lines):
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def run_in(folder: Path, environment, settings) -> None:
    os.environ.update(environment)
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.exit(run(settings))
