"""Scores that are taken by name alone: copies, classes, what a classifier learns, spectra."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_lab.common.errors import UsageError
from gan_lab.data import ImageDataset, digits, ring
from gan_lab.evaluation.evaluator import Evaluator, Samples
from gan_lab.evaluation.extractors import shipped_classifier
from gan_lab.evaluation.measures import Features, classification_accuracy, frechet_by_class
from gan_lab.evaluation.reference import Reference, shuffled_dataset
from gan_lab.evaluation.scores import load_score
from gan_lab.evaluation.tables import score_table
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import ScoreLine
from small_runs import USAGE, assert_one_line, the_run

DIGITS = {split: digits(16, split=split) for split in ("train", "test")}
SMALL = ("dataset=digits", "steps=2", "image_size=16", "hidden_dim=4", "logger=none",
         "evaluation.samples=60", "dataset.scores=[swd]", "dataset.scores_during_training=[swd]",
         "dataset.selection=swd")  # fmt: skip


def lines(cache: Path, name: str, samples: ImageDataset, **changes: Any) -> list[ScoreLine]:
    """The lines of a score of digits, by the shipped classifier where it needs one."""
    classifier = shipped_classifier(torch.device("cpu"), "mnistcnn-v1")
    defaults: dict[str, Any] = {
        "dataset": "digits",
        "real": Reference(lambda split, image_size: DIGITS[split], cache),
        "extractor": lambda kind: classifier,
        "resize": "none: 1x16x16",
    }

    def draw(first: int, last: int) -> tuple[Tensor, Tensor | None]:
        labels = samples.labels
        return samples.images[first:last], None if labels is None else labels[first:last]

    evaluator = Evaluator(**{**defaults, **changes})
    return evaluator.evaluate(load_score(name), Samples(draw), len(samples), sets=1)


# --- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_classifier", [True, False])
def test_copies_have_a_low_p_and_fresh_images_have_not(tmp_path, has_classifier):
    copied, fresh = (
        lines(tmp_path, "copies", DIGITS[split], has_classifier=has_classifier)[0]
        for split in ("train", "test")
    )
    assert copied.p < 1e-4 and copied.value < 0
    # They are the held-out images themselves: on neither side of them, up to the rounding of
    # features, by which a few of 64,000 pairs are no ties on some processors.
    assert fresh.p > 0.3 and fresh.value == pytest.approx(0, abs=0.01)
    assert copied.interval is None and abs(copied.floor) < 2
    assert copied.protocol["floor_count"] == 359 // 2
    assert copied.protocol["real_count"] == len(DIGITS["train"])
    assert copied.protocol["extractor"] == ("mnistcnn-v1" if has_classifier else "splits")


def test_a_line_keeps_its_p_and_a_table_shows_it(tmp_path):
    (line,) = lines(tmp_path, "copies", DIGITS["train"])
    line = replace(line, p=0.0123, protocol={**line.protocol, "weights": "ema"})
    run = Run(tmp_path)
    run.add_evaluations([line])
    assert run.evaluations() == [line]
    assert any(", p = 0.012" in text for text in score_table([line]))
    (spectrum,) = lines(tmp_path, "spectrum", DIGITS["test"])
    assert "p" not in spectrum.as_plain()


def test_copied_points_are_found(tmp_path):
    points = {split: ring(split) for split in ("train", "test")}
    real = Reference(lambda split, image_size: points[split], tmp_path)
    copied = ImageDataset(points["train"].images[:1000])
    (line,) = lines(tmp_path, "copies", copied, real=real, has_classifier=False)
    assert line.p < 1e-4


def test_too_few_samples_for_any_cell_are_one_line(tmp_path):
    few = ImageDataset(DIGITS["test"].images[:8])
    with pytest.raises(UsageError, match="no cell of the training data has 10 samples"):
        lines(tmp_path, "copies", few)


# --- distances by class --------------------------------------------------------------------------


def gaussian(mean: float, deviation: float, generator: torch.Generator) -> Tensor:
    """Features [60, 3] of exactly this mean and deviation, without correlations."""
    rows = torch.randn(60, 3, dtype=torch.float64, generator=generator)
    rows -= rows.mean(0)
    rows = rows @ torch.linalg.inv(torch.linalg.cholesky(rows.T.cov())).T
    return mean + deviation * rows


def test_the_distance_by_class_is_the_mean_of_those_of_the_classes():
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0, 1, 4]).repeat_interleave(60)
    real = torch.cat([gaussian(mean, 1, generator) for mean in (0, 5, -3)])
    fake = torch.cat([gaussian(*one, generator) for one in ((1, 1), (5, 3), (-3, 1))])
    order = torch.randperm(180, generator=generator)
    found = frechet_by_class(
        Features(real, labels=labels), Features(fake[order], labels=labels[order])
    )
    # |difference of means|^2 + 3 (difference of deviations)^2: 3, 12 and 0.
    assert found.value == pytest.approx(5, rel=1e-9)
    low, high = found.interval
    assert low < 5 < high
    mixed = Features(fake, labels=labels.roll(60))
    assert frechet_by_class(Features(real, labels=labels), mixed).value > 20


def test_a_class_without_samples_is_named():
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    real = Features(torch.randn(6, 2), labels=labels)
    with pytest.raises(UsageError, match="class 1 has fewer than 2 samples; --samples N"):
        frechet_by_class(real, Features(torch.randn(6, 2), labels=torch.zeros(6)))


def test_the_floor_by_class_is_that_of_held_out_images(tmp_path):
    test = shuffled_dataset(DIGITS["test"])
    (line,) = lines(tmp_path, "fd_by_class", test)
    assert line.value == pytest.approx(line.floor, rel=1e-9)
    assert line.protocol["real_count"] == len(DIGITS["train"])
    wrong = replace(test, labels=(test.labels + 1) % 10)
    assert lines(tmp_path, "fd_by_class", wrong)[0].value > 10 * line.value


# --- what a classifier learns of samples ---------------------------------------------------------


def test_real_images_teach_the_classes_and_shuffled_labels_nothing(tmp_path):
    train = shuffled_dataset(DIGITS["train"])
    (line,) = lines(tmp_path, "classification_accuracy", train)
    assert line.value == line.floor > 0.95  # the gate of the digits' own classifier
    low, high = line.interval
    assert low < line.value < high <= 1
    assert (line.protocol["real_split"], line.protocol["floor_split"]) == ("test", "train")
    assert line.protocol["real_count"] == len(DIGITS["test"])
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    shuffled = replace(train, labels=train.labels[order])
    found = classification_accuracy(DIGITS["test"], shuffled, steps=100)
    assert abs(found.value - 0.1) < 0.1


# --- a run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    ["fd_by_class,spectrum", pytest.param("classification_accuracy,copies,spectrum",
                                          marks=pytest.mark.slow)],
)  # fmt: skip
def test_a_conditional_run_gets_all_of_them_and_a_figure(gan_lab_here, tmp_path, names):
    # Long enough that samples lie among the data: `copies` compares within cells of these.
    settings = [text for text in SMALL if text != "steps=2"]
    trained = gan_lab_here(*settings, "model=cdcgan", "steps=100", "lr=2e-3", "batch_size=16")
    assert trained.returncode == 0
    result = gan_lab_here("evaluate", "latest", "--scores", names, "--samples", "200")
    assert result.returncode == 0, result.stderr
    run = the_run(tmp_path)
    found = {line.score for line in run.evaluations() if line.generated_count == 200}
    assert found == set(names.split(","))
    assert str(Path("figures") / "spectrum.png") in result.stdout
    for suffix in ("png", "pdf"):
        assert (run.figures / f"spectrum.{suffix}").stat().st_size > 5000
    shutil.rmtree(run.figures)
    again = gan_lab_here("evaluate", "latest", "--scores", "swd", "--samples", "200")
    assert again.returncode == 0 and not run.figures.exists()


def test_an_unconditional_run_is_told_why_in_one_line(gan_lab_here):
    assert gan_lab_here(*SMALL).returncode == 0
    for name in ("fd_by_class", "classification_accuracy"):
        result = gan_lab_here("evaluate", "latest", "--scores", name)
        assert_one_line(result, USAGE, f"{name} cannot be had: the run is not conditional")


@pytest.mark.slow
def test_a_report_has_p_beside_the_value(gan_lab_here, tmp_path):
    for command in (SMALL, ("evaluate", "latest", "--scores", "copies"), ("report", "scratch")):
        result = gan_lab_here(*command)
        assert result.returncode == 0, result.stderr
    with (tmp_path / "runs/scratch/report/results.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    found = {name: cell for name, cell in row.items() if name.endswith(", p")}
    assert len(found) == 2 and all(0 <= float(cell) <= 1 for cell in found.values())
