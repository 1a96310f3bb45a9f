"""Runs at once share GPUs: each has one, named by CUDA_VISIBLE_DEVICES. The devices are made up."""

import os
from collections import Counter

import pytest

from gan_lab.jobs import launchers
from gan_lab.jobs.gpus import Places, visible_gpus
from gan_lab.jobs.process import Worker, wait_for_any
from small_runs import QUICK, USAGE, assert_one_line

MY_GAN = """\
import os
from pathlib import Path
import gan_lab.models

FOLDER = Path(__file__).parent


class Generator(gan_lab.models.DCGANGenerator):
    def __init__(self, **settings):
        super().__init__(**settings)
        (FOLDER / f"{os.getpid()}.txt").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "none"))
"""


def test_places_are_spread_over_gpus_and_given_back():
    places = Places(["0", "GPU-5"], 2)
    assert places.count == 4
    taken = [places.take(run)["CUDA_VISIBLE_DEVICES"] for run in range(4)]
    assert taken == ["0", "GPU-5", "0", "GPU-5"]
    places.give_back(1)
    assert places.take(4) == {"CUDA_VISIBLE_DEVICES": "GPU-5"}


def test_without_gpus_there_are_no_places():
    places = Places([], 3)
    assert places.count == 0 and places.take(0) == {}
    places.give_back(0)


def test_a_worker_gets_its_variables_and_its_parent_keeps_its_own(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    worker = Worker(os.getenv, "CUDA_VISIBLE_DEVICES", True, {"CUDA_VISIBLE_DEVICES": "1"})
    wait_for_any([worker], 60)
    worker.process.join()
    assert worker.ending().value == "1"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_where_there_is_no_gpu_none_is_visible(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []


@pytest.mark.parametrize("setting", ["runs_per_gpu=0", "launcher.runs_per_gpu=257"])
def test_a_gpu_has_at_least_one_run_and_not_too_many(gan_lab_here, setting):
    result = gan_lab_here("launcher=parallel", setting, *QUICK)
    assert_one_line(result, USAGE, "runs_per_gpu=", "at least 1 and at most 256")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("runs_per_gpu=1", {"3": 2, "7": 2}),
        ("runs_per_gpu=2", {"3": 2, "7": 2}),
        ("device=cpu", {"none": 4}),
    ],
)
def test_each_run_of_a_sweep_has_a_gpu(gan_lab_here, tmp_path, monkeypatch, typed, expected):
    monkeypatch.setattr(launchers, "visible_gpus", lambda: ["3", "7"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "my_gan.py").write_text(MY_GAN, encoding="utf-8")
    own = "model.generator._target_=my_gan.Generator"
    settings = ("-m", "seed=0,1,2,3", "launcher=parallel", typed, own)
    result = gan_lab_here(*settings, *QUICK, "hidden_dim=4", "steps=2")
    assert result.returncode == 0, result.stderr
    found = {path.stem: path.read_text() for path in tmp_path.glob("*.txt")}
    found.pop(str(os.getpid()), None)  # what this process has built to check the shapes
    assert Counter(found.values()) == expected
