"""A run is scored by what its data allow, in training and after, and its best step is kept."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gan_lab.config.length import make_schedule
from gan_lab.config.run_config import with_data
from gan_lab.data import digits
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.runs.directory import Run, run_directories
from gan_lab.training import build
from gan_lab.training.loop import Progress, save
from small_runs import config_of

CPU = torch.device("cpu")
DIGITS = {split: digits(28, split=split) for split in ("train", "test")}
SHORT = ("steps=2", "logger=none", "evaluation.samples=64", "image_size=16", "hidden_dim=4")


@pytest.mark.slow
def test_runs_are_scored_into_one_table(gan_lab_here, tmp_path):
    for settings in (("seed=0",), ("seed=1",), ("image_size=28",)):
        assert gan_lab_here(*SHORT[:3], "hidden_dim=4", *settings).returncode == 0
    found = sorted(run_directories(tmp_path / "runs"), key=lambda at: -Run(at).config().image_size)
    runs = [path.name for path in found]  # those of 32x32 first
    result = gan_lab_here("evaluate", *runs, "--samples", "50", "--scores", "fd,swd")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[-3:] == [str(Path("runs/scratch") / name / "evaluations.jsonl") for name in runs]
    remarks = [text for text in lines if text.startswith("not comparable")]
    (remark,) = [text for text in remarks if "swd (1) and swd (2)" in text]
    assert "real images" in remark and "size of the samples: 1x32x32 / 1x28x28" in remark
    table = lines[[text.startswith("run ") for text in lines].index(True) :]
    assert table[0].count("FD-digitscnn") == table[0].count("swd") == 2
    stored = Run(tmp_path / "runs/scratch" / runs[0]).evaluations()
    asked = [one for one in stored if one.generated_count == 50]
    assert {one.score for one in asked} == {
        "fd_classifier", "confident", "smallest_class", "largest_class", "swd",
    }  # fmt: skip
    texts = (tmp_path / "runs/scratch" / runs[0] / "evaluations.jsonl").read_text().splitlines()
    assert len(stored) == len(texts)
    for text in texts:
        assert json.loads(text).keys() >= {"step", "value", "floor", "interval", "protocol"}


def test_a_run_on_unlabelled_images_is_scored_without_weights(gan_lab_here, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(DIGITS["train"].images[:120]):
        Image.fromarray(image.squeeze(0).numpy()).save(folder / f"{number:03d}.png")
    result = gan_lab_here(
        "dataset=image_folder", f"folder={folder}", "score_every=1", "checkpoint_every=1", *SHORT
    )
    assert result.returncode == 0, result.stderr
    assert "fid, kid not computed: the Inception weights are not here" in result.stdout
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    assert {"swd", "ssim", "pairwise_distance", "nearest_train"} == set(run.final_scores())
    assert all("score/swd" in one for one in run.metrics())
    progress = run.load_checkpoint(print)["progress"]
    assert progress["best_step"] in (1, 2)
    assert progress["best_score"] == min(one["score/swd"] for one in run.metrics())
    refused = gan_lab_here("evaluate", "latest", "--scores", "fd")
    assert refused.returncode == 2 and "image_folder has no classifier" in refused.stderr
    assert gan_lab_here("evaluate", "best", "--scores", "swd", "--samples", "70").returncode == 0


def test_each_run_is_listed_by_the_score_that_its_best_is_chosen_by(gan_lab_here):
    length = ("steps=2", "logger=none", "threads=1", "evaluation.samples=100", "log_every=1")
    ring = gan_lab_here("dataset=ring", "model=point_mlp", *length)
    assert ring.returncode == 0, ring.stderr
    headings, run = gan_lab_here("runs").stdout.splitlines()[:2]
    assert headings.split() == ["run", "state", "step", "training", "wasserstein", "modes",
                                "reason"]  # fmt: skip
    assert float(run.split()[-2]) > 0 and 0 <= int(run.split()[-1]) <= 8
    digits = gan_lab_here("hidden_dim=4", "steps=2", *length)
    assert digits.returncode == 0, digits.stderr
    headings = gan_lab_here("runs").stdout.splitlines()[0].split()
    assert sorted(headings[-5:-1]) == ["FD", "modes", "p>0.9", "wasserstein"]


@pytest.mark.parametrize(
    ("dataset", "best_by"), [("digits", "fd_classifier"), ("ring", "wasserstein")]
)
def test_the_best_checkpoint_is_that_of_the_selection_score(tmp_path, dataset, best_by):
    model = ["model=point_mlp"] if dataset == "ring" else ["image_size=16"]
    config = config_of(f"dataset={dataset}", *model, "hidden_dim=4", "checkpoint_every=1")
    data = build.dataset(config)
    state = build.training_state(config, data, CPU)
    schedule = make_schedule(config, len(data))
    assert schedule.best_by == best_by
    run, progress = Run(tmp_path / "run"), Progress()
    run.take()
    for step, score in enumerate([3.0, 1.0, 2.0, 4.0, 5.0], start=1):
        progress.step = step
        save(state, schedule, run, progress, {f"score/{best_by}": score, "score/other": -score})
    assert (progress.best_step, progress.best_score) == (2, 1.0)
    assert run.checkpoint_steps() == [2, 4, 5]


def test_scores_during_training_are_few_and_small(tmp_path):
    settings = ("dataset=ring", "model=point_mlp", f"cache_dir={tmp_path}", "hidden_dim=4")
    config = config_of(*settings, "evaluation.samples_during=300")
    data = build.dataset(config)
    config = with_data(config, data)
    run = Run(tmp_path / "run")
    run.take()
    seen = []

    def look(shown: Tensor, logits: Tensor | None) -> dict[str, float]:
        seen.append((shown.shape, logits))
        return {"looked": 1.0}

    generator: nn.Module = build.training_state(config, data, CPU).average
    scalars = RunEvaluator(config, run, CPU).during_training(generator, 7, look)
    assert scalars.keys() == {
        "score/high_quality", "score/modes", "score/reverse_kl", "score/wasserstein", "looked",
    }  # fmt: skip
    assert seen == [((300, 2), None)]
    assert {one.generated_count for one in run.evaluations()} == {300, 2500}
