"""A score comes with its protocol, its floor and its interval, and what is worse scores worse."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.data import ImageDataset, digits, mnist, ring
from gan_lab.evaluation import reference
from gan_lab.evaluation.evaluator import Evaluator, Samples
from gan_lab.evaluation.extractors import Extractor, shipped_classifier, stacked_classifier
from gan_lab.evaluation.reference import Reference, shuffled
from gan_lab.evaluation.scores import load_score
from gan_lab.evaluation.tables import runs_table
from gan_lab.runs.lines import ScoreLine
from gan_lab.runs.protocol import WORDS, column_key, differences
from small_runs import config_of

CPU = torch.device("cpu")
SCORES = sorted(path.stem for path in (conf_directory() / "score").glob("*.yaml"))
DIGITS = {split: digits(28, split=split) for split in ("train", "test")}


def evaluator(
    cache: Path, data: dict[str, ImageDataset] | None = None, **changes: Any
) -> Evaluator:
    """An evaluator of digits by the shipped classifier, or of other data."""
    splits = data or DIGITS
    classifier = shipped_classifier(CPU, "mnistcnn-v1")
    defaults: dict[str, Any] = {
        "dataset": "digits",
        "real": Reference(lambda split, image_size: splits[split], cache),
        "extractor": lambda kind: classifier,
        "resize": "none: 1x28x28",
    }
    return Evaluator(**{**defaults, **changes})


def samples(images: Tensor, labels: Tensor | None = None) -> Samples:
    return Samples(lambda first, last: (images[first:last], labels and labels[first:last]))


def noisy(images: Tensor, scale: float, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = scale * torch.randn(images.shape, generator=generator)
    return (images + noise).round().clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize("name", [n for n in config_of().dataset.scores if n != "nearest_train"])
def test_every_line_has_its_protocol_and_what_is_worse_scores_worse(tmp_path, name):
    clean = shuffled(DIGITS["test"].images)  # in the order of the floor
    blurred = avg_pool2d(clean.float(), 5, 1, 2).round().to(torch.uint8)
    sides = [clean, blurred, noisy(torch.full_like(clean, 128), 200.0)]
    found = [
        evaluator(tmp_path).evaluate(load_score(name), samples(images), len(images), sets=1)
        for images in sides
    ]
    lower = {"fd_classifier", "kd_classifier", "swd"}
    higher = {"classifier_score", "precision", "recall", "density", "coverage"}
    for clean, worse, worst in zip(*found, strict=True):
        protocol = clean.protocol
        assert protocol.keys() >= WORDS.keys() - {"weights", "definition"}
        assert (protocol["real_split"], protocol["floor_split"]) == ("train", "test")
        assert protocol["generated_shape"] == "1x28x28"
        assert protocol["generated_count"] == protocol["floor_count"] == 359
        assert clean.value == pytest.approx(clean.floor, rel=1e-9)  # it is the test split
        if clean.interval:
            low, high = clean.interval
            assert low <= clean.value <= high
        values = [one.value for one in (clean, worse, worst)]
        if clean.score in lower:
            assert values == sorted(values) and values[0] < values[1] < values[2]
        if clean.score in higher:
            assert values == sorted(values, reverse=True) and values[0] > values[2]


def test_intervals_of_several_sets_are_students(tmp_path):
    images = DIGITS["train"].images[:900]
    (line,) = evaluator(tmp_path).evaluate(
        load_score("fd_classifier"), samples(images), 300, sets=3
    )
    singles = [
        evaluator(tmp_path)
        .evaluate(load_score("fd_classifier"), samples(part), 300, sets=1)[0]
        .value
        for part in images.split(300)
    ]
    values = torch.tensor(singles)
    reach = 4.302653 * values.std().item() / 3**0.5
    assert line.value == pytest.approx(values.mean().item(), rel=1e-6)
    assert line.interval == pytest.approx((line.value - reach, line.value + reach), rel=1e-4)
    assert line.protocol["sets"] == 3


def test_a_score_of_more_samples_than_the_floor_is_given_on_as_many(tmp_path):
    images = noisy(DIGITS["train"].images[:900], 20)
    for name in ("fd_classifier", "precision_recall", "ssim"):
        score = load_score(name)
        lines = evaluator(tmp_path).evaluate(score, samples(images), 600, sets=1)
        fewer = evaluator(tmp_path).evaluate(score, samples(images), 359, sets=1)
        for line, like in zip(lines, fewer, strict=True):
            assert (line.generated_count, line.floor_count) == (600, 359)
            assert line.floor == like.floor and line.floor_beside is None
            assert like.floor_beside == like.floor and like.at_floor_count is None
            assert line.at_floor_count == pytest.approx(like.value, rel=1e-9)
    assert lines[0].at_floor_count != lines[0].value


def test_the_limit_of_samples_has_no_floor_where_the_test_split_is_too_small(tmp_path):
    # 359 test images are fewer than 8 times 64 features.
    images = noisy(DIGITS["train"].images[:900], 20)
    (line,) = evaluator(tmp_path).evaluate(load_score("fd_infinite"), samples(images), 900, sets=1)
    low, high = line.interval
    assert low < line.value < high and line.floor is None and line.at_floor_count is None
    (finite,) = evaluator(tmp_path).evaluate(
        load_score("fd_classifier"), samples(images), 900, sets=1
    )
    assert line.value < finite.value
    with pytest.raises(UsageError, match=r"at least 512 samples, got 400; --samples N takes more"):
        evaluator(tmp_path).evaluate(load_score("fd_infinite"), samples(images), 400, sets=1)


def test_a_copied_training_set_is_seen(tmp_path):
    score = load_score("nearest_train")
    (copied,) = evaluator(tmp_path).evaluate(score, samples(DIGITS["train"].images), 500, sets=1)
    assert copied.value == 0 < copied.floor
    assert copied.protocol["real_count"] == len(DIGITS["train"])


def test_equal_samples_are_seen(tmp_path):
    images = DIGITS["test"].images[:1].expand(100, -1, -1, -1)
    found = {
        name: evaluator(tmp_path).evaluate(load_score(name), samples(images), 100, sets=1)[0]
        for name in ("ssim", "pairwise_distance")
    }
    assert found["ssim"].value == pytest.approx(1)
    assert found["pairwise_distance"].value == 0 < found["pairwise_distance"].floor


def test_the_cache_gives_the_same_line(tmp_path):
    images = DIGITS["test"].images
    score = load_score("kd_classifier")
    first = evaluator(tmp_path).evaluate(score, samples(images), 200, sets=1)
    assert len(list(tmp_path.iterdir())) == 2  # features and floors
    assert evaluator(tmp_path).evaluate(score, samples(images), 200, sets=1) == first


def test_scores_do_not_depend_on_the_batch_size(tmp_path):
    classifier = shipped_classifier(CPU, "mnistcnn-v1")

    def extract(images: Tensor) -> tuple[Tensor, Tensor]:
        parts = [classifier.extract(part) for part in images.split(7)]
        features, logits = zip(*parts, strict=True)
        return torch.cat(features), torch.cat(logits)

    small = replace(classifier, extract=extract)
    images = noisy(DIGITS["train"].images[:450], 20)
    for name in (n for n in SCORES if load_score(n).needs == "classifier"):
        found = [
            evaluator(folder, extractor=lambda kind, one=one: one).evaluate(
                load_score(name), samples(images), 450, sets=1
            )
            for folder, one in ((tmp_path / "a", classifier), (tmp_path / "b", small))
        ]
        for ours, theirs in zip(*found, strict=True):
            assert ours.value == pytest.approx(theirs.value, rel=1e-6, abs=1e-9), name


def test_features_too_many_for_the_memory_are_summed_up_in_parts(tmp_path, monkeypatch):
    pixels = torch.randperm(784, generator=torch.Generator().manual_seed(0))[:5]
    few = Extractor(
        "few", "0" * 64, "none", None, lambda images: (images.flatten(1)[:, pixels].double(), None)
    )
    whole = Reference(lambda split, size: DIGITS[split], tmp_path / "whole").train_features(few)
    monkeypatch.setattr(reference, "WHOLE", 0)
    monkeypatch.setattr(reference, "PART", 100)
    parts = Reference(lambda split, size: DIGITS[split], tmp_path / "parts").train_features(few)
    assert parts.moments.count == whole.moments.count == len(DIGITS["train"])
    assert torch.equal(parts.values, whole.values)
    torch.testing.assert_close(parts.moments.mean, whole.moments.mean, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        parts.moments.covariance, whole.moments.covariance, rtol=1e-9, atol=1e-9
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_features_do_not_depend_on_the_device():
    images = DIGITS["test"].images
    ours, theirs = (
        shipped_classifier(torch.device(name), "mnistcnn-v1").extract(images)
        for name in ("cpu", "cuda")
    )
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_a_perfect_sampler_of_the_ring(tmp_path):
    data = {split: ring(split) for split in ("train", "test")}
    one = evaluator(tmp_path, data, extractor=None, resize="none: 2")
    found = {
        line.score: line
        for name in ("mode_coverage", "wasserstein")
        for line in one.evaluate(load_score(name), samples(data["test"].images), 5000, sets=1)
    }
    assert found["modes"].value == 8
    assert found["high_quality"].protocol["generated_count"] == 2500
    low, high = found["high_quality"].interval
    assert low < 0.98889 < high
    assert found["reverse_kl"].value < 0.003
    assert found["wasserstein"].value < 0.05
    collapsed = data["test"].images[:1].expand(5000, 2)
    (worse,) = one.evaluate(load_score("wasserstein"), samples(collapsed), 5000, sets=1)
    assert worse.value > 0.5


def test_stacked_digits_are_read_channel_by_channel(data_root):
    data = mnist(data_root, image_size=28, split="test")
    generator = torch.Generator().manual_seed(0)
    triples = torch.randint(len(data), (200, 3), generator=generator)
    images = data.images[triples].squeeze(2)
    features, logits = stacked_classifier(CPU, "mnistcnn-v1").extract(images)
    assert features.shape == (200, 192) and logits.shape == (200, 1000)
    torch.testing.assert_close(logits.exp().sum(1), torch.ones(200).double())
    labels = data.labels[triples] @ torch.tensor([100, 10, 1])
    assert (logits.argmax(1) == labels).double().mean() > 0.95


def changed_protocol(tmp_path: Path, change: str) -> ScoreLine:
    """The line of a distance after a real change of what it depends on."""
    classifier = shipped_classifier(CPU, "mnistcnn-v1")
    data = dict(DIGITS)
    if change == "weights":
        classifier = replace(classifier, sha256="0" * 64)
    if change == "resize":
        classifier = replace(classifier, resize="bicubic to 28")
    if change == "split":
        data["train"] = ImageDataset(data["train"].images[:700], data["train"].labels[:700])
    one = evaluator(tmp_path, data, extractor=lambda kind: classifier)
    (line,) = one.evaluate(load_score("fd_classifier"), samples(DIGITS["test"].images), 300, sets=1)
    return replace(line, protocol={**line.protocol, "weights": "ema", "seed": 0})


@pytest.mark.parametrize(
    ("change", "named"),
    [("weights", "weight file"), ("resize", "resize"), ("split", "real images")],
)
def test_a_changed_resize_split_or_weight_file_is_another_quantity(tmp_path, change, named):
    ours, theirs = changed_protocol(tmp_path, ""), changed_protocol(tmp_path, change)
    assert column_key(ours) != column_key(theirs)
    assert any(difference.startswith(f"{named}: ") for difference in differences(ours, theirs))
    assert len(runs_table({"a": [ours], "b": [theirs]})[0].split("FD-mnistcnn-v1")) == 3


@pytest.mark.slow
def test_on_mnist_clean_beats_blurred_beats_noise_and_clean_is_at_the_floor(data_root, tmp_path):
    data = {split: mnist(data_root, 32, split=split) for split in ("train", "test")}
    small = {split: mnist(data_root, 28, split=split) for split in ("train", "test")}
    side = Reference(lambda split, size: (small if size == 28 else data)[split], tmp_path)
    one = evaluator(tmp_path, data, real=side)
    clean = data["test"].images
    blurred = avg_pool2d(clean.float(), 3, 1, 1).round().to(torch.uint8)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, clean.shape, generator=generator, dtype=torch.uint8)
    values: dict[str, list[float]] = {}
    for name in ("fd_classifier", "kd_classifier", "swd", "classifier_score", "precision_recall"):
        for images in (clean, blurred, noise):
            for line in one.evaluate(load_score(name), samples(images), 10_000, sets=1):
                values.setdefault(line.score, []).append(line.value)
                floor = line.floor
        assert floor is not None
    for name in ("fd_classifier", "kd_classifier", "swd"):
        assert values[name] == sorted(values[name]), name
    for name in ("classifier_score", "precision", "recall", "density", "coverage"):
        assert values[name] == sorted(values[name], reverse=True), name
    assert 0.5 < values["fd_classifier"][0] < 2  # other classifiers: 1.5 to 1.9
    assert values["classifier_score"][0] > 9.5
