"""Every file of conf/score is a score, and every dataset lists scores that it can have."""

import inspect
from dataclasses import replace
from typing import Any

import pytest
import torch

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config.instantiate import locate
from gan_lab.config.run_config import RunConfig, as_content, read_config
from gan_lab.data import digits, ring
from gan_lab.evaluation.folders import default_scores
from gan_lab.evaluation.measures import Features, Splits
from gan_lab.evaluation.scores import DIRECTIONS, NEEDS, asked_scores, load_score, value_named
from small_runs import config_of

SCORES = sorted(path.stem for path in (conf_directory() / "score").glob("*.yaml"))
DIGITS = {split: digits(28, split=split) for split in ("train", "test")}
DATASETS = sorted(path.stem for path in (conf_directory() / "dataset").glob("*.yaml"))


def config_with_classes(*settings: str, classes: int = 10) -> RunConfig:
    return replace(config_of(*settings), class_counts=(1,) * classes)


# --- every file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_a_function_that_takes_its_settings(name):
    score = load_score(name)
    assert score.needs in NEEDS
    taken = inspect.signature(locate(str(score.measure.target))).parameters
    assert set(score.settings()) == set(taken) - {"real", "fake"}


def made_up(needs: str) -> tuple[Any, Any]:
    """Something real and something fake of the kind that a score needs, labelled if it can be."""
    if needs == "labelled":
        few = replace(DIGITS["train"], images=DIGITS["train"].images[:40, :, ::4, ::4],
                      labels=DIGITS["train"].labels[:40])  # fmt: skip
        return few, few
    if needs == "splits":
        few = DIGITS["train"].images[:60].flatten(1)
        return Splits(few, few), few
    if needs in ("classifier", "classes", "inception", "stacked"):
        values = torch.randn(200, 8, generator=torch.Generator().manual_seed(0))
        features = Features(values, values.repeat(1, 125 if needs == "stacked" else 2),
                            torch.zeros(200, dtype=torch.long))  # fmt: skip
        return features, features
    if needs == "images":
        return DIGITS["train"].images[:100], DIGITS["test"].images[:100]
    points = ring()
    return points if needs == "modes" else points.images, points.images[:100]


@pytest.mark.parametrize("name", SCORES)
def test_every_value_of_a_score_has_a_direction(name):
    score = load_score(name)
    real, fake = made_up(score.needs)
    found = score.values()
    assert found.keys() == score(real, [fake]).keys()
    assert {value.better for value in found.values()} <= DIRECTIONS.keys()
    for name, value in found.items():  # one of a name that two scores share
        assert value_named(name).better == value.better


@pytest.mark.parametrize("name", DATASETS)
def test_the_least_value_of_a_selection_score_is_the_best(name):
    chosen_by = config_of(f"dataset={name}", "folder=x").dataset.selection
    assert value_named(chosen_by).better == "lower"


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_lists_scores_that_it_can_have(name):
    folder = ["folder=x"] if name == "image_folder" else []
    classes = 1000 if name == "stacked_mnist" else 10
    config = config_with_classes(f"dataset={name}", *folder, classes=classes)
    data = config.dataset
    assert asked_scores(data.scores, config) == ([*data.scores], [])
    assert set(data.scores_during_training) <= set(data.scores)
    assert data.selection in data.scores_during_training


def test_a_dataset_that_lists_none_gets_what_its_data_allow():
    for name, best_by in (("mnist", "fd_classifier"), ("faces", "swd")):
        content = as_content(config_of(f"dataset={name}"))
        for key in ("scores", "scores_during_training", "selection"):
            del content["dataset"][key]
        config = replace(read_config(content), class_counts=(1,) * 10)
        data = config.dataset
        assert asked_scores(data.scores, config) == ([*data.scores], [])
        assert {"swd", "ssim", "pairwise_distance", "nearest_train"} <= set(data.scores)
        assert data.selection == best_by in data.scores_during_training


@pytest.mark.parametrize(
    ("dataset", "score", "reason"),
    [
        ("faces", "fd_classifier", "faces has no classifier"),
        ("ring", "swd", "ring has points, no images"),
        ("grid", "fid", "grid has points, no images"),
        ("mnist", "mode_coverage", "the modes of mnist are not known"),
        ("mnist", "stacked_modes", "mnist is not made of three digits"),
        ("mnist", "wasserstein", "mnist has images, no points"),
        ("mnist", "fd_by_class", "the run is not conditional"),
        ("mnist", "classification_accuracy", "the run is not conditional"),
        ("faces", "fd_by_class", "faces has no classifier"),
        ("ring", "classification_accuracy", "ring has points, no images"),
        ("ring", "spectrum", "ring has points, no images"),
    ],
)
def test_a_score_that_makes_no_sense_is_refused_with_the_reason(dataset, score, reason):
    allowed, (line,) = asked_scores([score], config_with_classes(f"dataset={dataset}"))
    assert not allowed and reason in line and "it has" in line and "\n" not in line


def test_a_conditional_run_can_have_the_scores_of_classes():
    names = ["fd_by_class", "classification_accuracy", "copies", "spectrum"]
    config = config_with_classes("dataset=mnist", "model=cdcgan")
    assert asked_scores(names, config) == (names, [])


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_taken_by_name_alone_is_in_no_list(name):
    listed = set(config_of(f"dataset={name}", "folder=x").dataset.scores)
    alone = {"copies", "fd_by_class", "classification_accuracy", "spectrum", "fd_infinite"}
    assert alone <= set(SCORES) and not listed & alone
    assert not alone & set(default_scores())


def test_a_score_that_there_is_not():
    with pytest.raises(UsageError, match=r"score 'fdi'\. Did you mean 'fid'\? Choose from .*kid"):
        load_score("fdi")
