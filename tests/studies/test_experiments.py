"""Every experiment trains from the command line; of a study the first run."""

import json

import numpy as np
import pytest

from conf_experiments import STUDIES, SYSTEMS, commanded
from gan_lab.runs.directory import Run, run_directories


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
    assert (run.status()["state"], run.checkpoint_steps()) == ("finished", [2])
    assert run.config().runtime.study == name == directory.parent.name
    lines = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert all(np.isfinite(value) for line in lines for value in line.values())
    assert {line["step"] for line in run.evaluations()} == {2}


SOON = ("mnist_dcgan", "mnist_conditional_dcgan", "ring")  # the others train in `make test-all`


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
    assert (run.status()["state"], run.checkpoint_steps()) == ("finished", [2])
    assert run.config().runtime.study == name
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert all(np.isfinite(value) for line in lines for value in line.values())
