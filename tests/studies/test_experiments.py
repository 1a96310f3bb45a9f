"""Every experiment is sound, has its name and its reported runs, and trains."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conf_experiments import STUDIES, SYSTEMS, commanded
from gan_lab.config.checks import check_data, check_fit, check_ranges
from gan_lab.config.compose import jobs
from gan_lab.config.identity import run_directory
from gan_lab.runs.directory import Run, run_directories

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
REPORTED = [name for name in STUDIES if (EXPERIMENTS / name / "results.csv").is_file()]


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_the_first_run_of_every_study_trains(gan_lab_here, tmp_path, made_up_data, name):
    first = commanded(name)[0]
    settings = [*first.setting, "sweep=null", "seeds=1", "steps=2", "evaluation.samples=64"]
    quick = ["evaluation.samples_during=64", "log_every=1", "logger=none", "threads=1"]
    result = gan_lab_here(f"experiment={name}", *settings, *quick, f"data_root={made_up_data}")
    assert result.returncode == 0, result.stderr
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    assert (run.status().state, run.checkpoint_steps()) == ("finished", [2])
    assert run.config().runtime.study == name == directory.parent.name
    lines = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert all(np.isfinite(value) for line in lines for value in line.values())
    assert {line.step for line in run.evaluations()} == {2}


SOON = ("mnist_dcgan", "ring")  # the others train in `make test-all`


@pytest.mark.parametrize(
    "name",
    [name if name in SOON else pytest.param(name, marks=pytest.mark.slow) for name in SYSTEMS],
)
def test_every_system_trains_from_the_command_line(gan_lab_here, tmp_path, made_up_data, name):
    result = gan_lab_here(
        f"experiment={name}",
        "steps=2",
        "hidden_dim=8",
        "log_every=1",
        "logger=none",
        f"data_root={made_up_data}",
        "evaluation.samples=64",
    )
    assert result.returncode == 0, result.stderr
    assert "note " not in result.stdout
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    assert (run.status().state, run.checkpoint_steps()) == ("finished", [2])
    # The runs of mnist_baseline lie in the folder that its study has always had.
    assert run.config().runtime.study == {"mnist_baseline": "mnist_b"}.get(name, name)
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert all(np.isfinite(value) for line in lines for value in line.values())


# Together, for a study is composed once in a process: it may be of sixty runs.


@pytest.mark.parametrize("name", [*SYSTEMS, *STUDIES])
def test_experiments_are_sound(name):
    job = commanded(name)[0]
    check_ranges(job.config)
    config = replace(job.config, class_counts=(100,) * 10, image_count=1000)
    assert check_fit(config) == []
    check_data(config)


@pytest.mark.parametrize("name", STUDIES)
def test_the_study_of_an_experiment_has_its_name(name):
    assert {job.config.runtime.study for job in commanded(name)} == {name}


@pytest.mark.parametrize("name", REPORTED)
def test_the_reported_runs_are_those_of_the_command(name, request):
    """A run is named by what it computes: a seed or a case that is not reported would be missed."""
    found = commanded(name)
    if any(job.config.dataset.listing for job in found):  # a folder's files are in the name
        root = request.getfixturevalue("data_root")
        found = jobs([f"experiment={name}", f"data_root={root}"], False)
    with (EXPERIMENTS / name / "results.csv").open() as file:
        reported = {row["run"] for row in csv.DictReader(file)}
    made = [job.config for job in found]
    assert {run_directory(config).name for config in made} <= reported
