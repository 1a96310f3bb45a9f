"""Held-out images are a fair part of their dataset: by class, at random, the same for all runs."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency

from gan_lab import load_dataset
from gan_lab.data import ImageDataset, digits
from gan_lab.data.holdout import every, stratified
from gan_lab.evaluation.classifier import classify, train_classifier
from gan_lab.metrics import frechet_from_features


def p_of_classes(*splits: ImageDataset) -> float:
    """How often random splits have class counts that are as uneven (chi-square)."""
    counts = [data.labels.bincount(minlength=len(data.classes)).numpy() for data in splits]
    return chi2_contingency(counts, correction=False).pvalue


# --- every dataset with labels -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "ring", "grid"])
def test_train_and_test_have_the_same_classes(name):
    assert p_of_classes(*(load_dataset(name, split=split) for split in ("train", "test"))) > 0.01


@pytest.mark.parametrize(
    "name", ["mnist", "stacked_mnist", pytest.param("flowers", marks=pytest.mark.slow)]
)
def test_train_and_test_of_files_have_the_same_classes(data_root, tmp_path, monkeypatch, name):
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path))
    splits = [load_dataset(name, data_root, split=split) for split in ("train", "test")]
    assert p_of_classes(*splits) > 0.01


def test_the_digits_of_version_01_had_other_classes_in_train_than_in_test():
    splits = [digits(8, split=split) for split in ("train", "test")]
    assert p_of_classes(*splits) == pytest.approx(0.0003, abs=0.0001)


def test_digits_are_stratified_and_all_there_once():
    train, test = (load_dataset("digits", split=split, image_size=8) for split in ("train", "test"))
    assert (len(train), len(test)) == (1438, 359)
    whole = torch.cat([train.labels, test.labels]).bincount()
    share = test.labels.bincount() / whole
    assert ((share - 0.2).abs() * whole < 1).all(), "each class gives a fifth, rounded"
    old = torch.cat([digits(8, split=split).images for split in ("train", "test")])
    new = torch.cat([train.images, test.images])
    assert sorted(image.numpy().tobytes() for image in old) == sorted(
        image.numpy().tobytes() for image in new
    )


@pytest.mark.slow
def test_the_floor_of_digits_is_that_of_as_many_of_each():
    """A distance of images of all classes in equal parts: 2.1 for 21 of each, seen by others."""
    train, test = (load_dataset("digits", split=split) for split in ("train", "test"))
    classifier = train_classifier(train.images, train.labels, 10, epochs=20)
    features = classify(classifier, train.images)[0]
    draws = torch.Generator().manual_seed(0)
    even = torch.cat([
        rows[torch.randperm(len(rows), generator=draws)[:21]]
        for rows in ((test.labels == label).nonzero().flatten() for label in range(10))
    ])  # fmt: skip
    some, whole = (
        frechet_from_features(features, classify(classifier, images)[0])
        for images in (test.images[even], test.images)
    )
    assert whole < some < 3


def test_another_holdout_is_one_line():
    with pytest.raises(ValueError, match="unknown holdout 'sixth'; choose from fifth, stratified"):
        digits(holdout="sixth")


# --- the rule ------------------------------------------------------------------------------------

ORDERS = {
    "sorted": np.repeat(np.arange(7), [500, 40, 310, 77, 100, 23, 1]),
    "in turn": np.arange(1000) % 10,
    "in turns of five": np.arange(1000) // 2 % 5,
    "one class": np.zeros(95, dtype=int),
    "alternating in runs": np.arange(2000) // 10 % 2,
}


@pytest.mark.parametrize("nth", [5, 10])
@pytest.mark.parametrize("order", ORDERS)
def test_each_class_gives_its_share_whatever_the_order(order, nth):
    labels = ORDERS[order]
    held_out = np.array(stratified(len(labels), nth, labels.tolist()))
    whole, held = np.bincount(labels), np.bincount(labels[held_out], minlength=labels.max() + 1)
    assert held_out.sum() == len(labels) // nth
    assert (np.abs(held - whole / nth) < 1).all() and (held < whole).all()


def test_every_tenth_of_what_comes_in_turn_is_one_class():
    labels = np.arange(1000) % 10
    assert set(labels[every(1000, 10)]) == {9}


def test_no_class_loses_its_last_training_image():
    labels = [0] * 50 + [*range(1, 31)]
    held_out = stratified(len(labels), 10, labels)
    assert sum(held_out) <= 8 and not any(held_out[50:])


def test_without_labels_or_with_a_class_for_each_image_some_are_drawn_from_all():
    for labels in (None, list(range(200))):
        held_out = np.flatnonzero(stratified(200, 10, labels))
        assert len(held_out) == 20
        assert len(set(held_out % 10)) > 3, "not every tenth"


@pytest.mark.parametrize(("count", "expected"), [(1, 0), (2, 1), (9, 1), (19, 1), (20, 2)])
def test_small_folders_keep_something_to_train_on(count, expected):
    assert sum(stratified(count, 10, [0] * count)) == expected


def test_the_draw_is_the_same_each_time():
    held_out = np.flatnonzero(stratified(30, 10, [0] * 15 + [1] * 15))
    assert held_out.tolist() == [2, 11, 26]
