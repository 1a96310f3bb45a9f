"""`gan-lab verify` sees a changed number, and `gan-lab plan` tells what is left."""

import re

import pytest
import torch

from gan_lab.jobs.plan import makespan
from gan_lab.runs.checkpoints import read_checkpoint
from gan_lab.runs.directory import run_directories
from gan_lab.training.monitor import RULE
from small_runs import SMALL, assert_one_line, the_run

TINY = [*SMALL, "threads=1"]


def test_a_run_is_repeated_and_a_changed_number_is_seen(gan_lab_here, tmp_path):
    assert gan_lab_here(*TINY, "steps=12", "checkpoint_every=5").returncode == 0
    run = the_run(tmp_path)
    result = gan_lab_here("verify", "latest", "--steps", "10")
    assert result.returncode == 0, result.stderr
    assert "metrics of 10 lines up to step 10" in result.stdout
    assert "checkpoint at step 5" in result.stdout and "checkpoint at step 10" in result.stdout
    assert result.stdout.splitlines()[-1] == str(run.directory.relative_to(tmp_path))

    written = run.metrics_path.read_text()
    lines = written.splitlines()
    changed = re.sub(r'"loss/g": (\d\.\d)', r'"loss/g": 1\1', lines[6])
    assert changed != lines[6]
    run.metrics_path.write_text("\n".join([*lines[:6], changed, *lines[7:]]) + "\n")
    assert gan_lab_here("verify", "latest", "--steps", "6").returncode == 0  # before it
    assert_one_line(gan_lab_here("verify", "latest", "--steps", "7"), 1, "step 7", "loss/g was 1")
    run.metrics_path.write_text(written)

    state = read_checkpoint(run.checkpoint_path(5))
    weight = next(iter(state["generator"].values()))
    first = (0,) * weight.dim()
    weight[first] = torch.nextafter(weight[first], torch.tensor(9.0))  # the last bit
    torch.save(state, run.checkpoint_path(5))
    assert_one_line(gan_lab_here("verify", "latest", "--steps", "5"), 1, "step 5", "generator.")
    assert gan_lab_here("verify", "latest", "--steps", "4").returncode == 0


def test_the_decay_over_the_whole_length_is_repeated(gan_lab_here, tmp_path):
    assert gan_lab_here(*TINY, "steps=12", "lr_decay=linear").returncode == 0
    assert gan_lab_here("verify", "latest", "--steps", "6").returncode == 0


@pytest.mark.slow
def test_what_the_monitor_said_by_another_rule_is_left_out(gan_lab_here, tmp_path):
    settings = [text for text in TINY if not text.startswith("score_every")]
    assert gan_lab_here(*settings, "score_every=2", "steps=4").returncode == 0
    run = the_run(tmp_path)
    other = run.metrics_path.read_text().replace('"monitor/spread": 0', '"monitor/spread": 9')
    run.metrics_path.write_text(other)
    assert_one_line(gan_lab_here("verify", "latest"), 1, "monitor/spread was 9")
    starts = run.environment_path.read_text()
    run.environment_path.write_text(starts.replace(f'"monitor_rule": {RULE}', '"monitor_rule": 1'))
    result = gan_lab_here("verify", "latest")
    assert result.returncode == 0, result.stderr
    assert f"the monitor judged by rule 1, not {RULE}" in result.stdout


def test_nothing_to_compare_is_one_line(gan_lab_here, tmp_path):
    settings = [text for text in TINY if not text.startswith("log_every")]
    assert gan_lab_here(*settings, "steps=12", "log_every=10").returncode == 0
    assert_one_line(gan_lab_here("verify", "latest", "--steps", "5"), 1, "step 10", "--steps")
    the_run(tmp_path).metrics_path.write_text("")
    assert_one_line(gan_lab_here("verify", "latest"), 1, "no metrics")


@pytest.mark.slow
def test_a_plan_tells_what_is_left_and_writes_nothing(gan_lab_here, tmp_path):
    assert gan_lab_here(*TINY, "steps=4", "seed=1").returncode == 0
    before = sorted(tmp_path.rglob("*"))
    result = gan_lab_here("plan", *TINY, "steps=4", "seeds=3", "launcher=parallel", "n_jobs=2")
    assert result.returncode == 0, result.stderr
    assert "3 runs: 1 done, 2 to do" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("seed=")]
    assert [row[:1] + row[2:4] for row in rows] == [
        ["seed=0", "new", "4"],
        ["seed=1", "finished", "0"],
        ["seed=2", "new", "4"],
    ]
    assert sorted(tmp_path.rglob("*")) == before
    assert len(run_directories(tmp_path / "runs")) == 1
    result = gan_lab_here("plan", *TINY, "steps=9", "seed=1")
    assert re.search(r"^baseline +\S+ +finished +5 ", result.stdout, re.M)  # it goes on


@pytest.mark.slow
def test_a_plan_of_the_disk_is_what_the_run_takes(gan_lab_here, tmp_path):
    settings = [text for text in TINY if not text.startswith("score_every")]
    settings += ["steps=40", "checkpoint_every=10", "score_every=0"]
    result = gan_lab_here("plan", *settings)
    planned = float(re.search(r"([\d.]+) MB$", result.stdout, re.M)[1])
    assert gan_lab_here(*settings).returncode == 0
    files = [path for path in the_run(tmp_path).directory.rglob("*") if path.is_file()]
    assert planned == pytest.approx(sum(p.stat().st_size for p in files) / 1e6, rel=0.3)


def test_the_time_of_several_at_once_is_that_of_the_last():
    assert makespan([3, 1, 1, 1], 1) == 6
    assert makespan([3, 1, 1, 1], 2) == 3
    assert makespan([1, 1, 1, 3], 2) == 4  # in their order, as the launcher takes them
