"""Scores as a whole: every file of conf/score, protocols, floors, tables, folders, selection."""

import inspect
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import jobs
from gan_lab.config.instantiate import locate
from gan_lab.config.run_config import (
    data_facts,
    listed_scores,
    make_record,
    scores_during_training,
    selection,
)
from gan_lab.config.schedule import make_schedule
from gan_lab.data import ImageDataset, digits, image_folder, mnist, ring
from gan_lab.evaluation.evaluator import Evaluator, Samples
from gan_lab.evaluation.extractors import shipped_classifier, stacked_classifier
from gan_lab.evaluation.measures import Features
from gan_lab.evaluation.reference import Reference, shuffled
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.evaluation.scores import DIRECTIONS, NEEDS, asked_scores, directions, load_score
from gan_lab.evaluation.tables import runs_table
from gan_lab.runs.directory import Run, run_directories
from gan_lab.runs.protocol import COMPARED, column_key, differences
from gan_lab.training import build
from gan_lab.training.loop import Progress, save

CPU = torch.device("cpu")
SCORES = sorted(path.stem for path in (conf_directory() / "score").glob("*.yaml"))
DATASETS = sorted(path.stem for path in (conf_directory() / "dataset").glob("*.yaml"))
DIGITS = {split: digits(28, split=split) for split in ("train", "test")}


def record_of(*settings: str) -> dict[str, Any]:
    (job,) = jobs(settings, multirun=False)
    return {**make_record(job.config, job.choices), "class_counts": [1] * 10}


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


# --- every file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_a_function_that_takes_its_settings(name):
    score = load_score(name)
    assert score.needs in NEEDS
    taken = inspect.signature(locate(score.measure["_target_"])).parameters
    assert set(score.settings()) == set(taken) - {"real", "fake"}


def made_up(needs: str) -> tuple[Any, Any]:
    """Something real and something fake of the kind that a score needs, labelled if it can be."""
    if needs in ("classifier", "inception", "stacked"):
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
    assert score.directions().keys() == score(real, [fake]).keys()
    assert set(score.directions().values()) <= DIRECTIONS.keys() == {"lower", "higher", "floor"}
    for value, better in score.directions().items():  # one of a name that two scores share
        assert directions()[value] == better


@pytest.mark.parametrize("name", DATASETS)
def test_the_least_value_of_a_selection_score_is_the_best(name):
    chosen_by = selection(record_of(f"dataset={name}", "folder=x"))
    assert directions()[chosen_by] == "lower"


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_lists_scores_that_it_can_have(name):
    record = record_of(f"dataset={name}", "folder=x") if name == "image_folder" else record_of(
        f"dataset={name}"
    )  # fmt: skip
    if name == "stacked_mnist":
        record["class_counts"] = [1] * 1000
    names = listed_scores(record)
    assert asked_scores(names, record) == (names, [])
    assert set(scores_during_training(record)) <= set(names)
    assert selection(record) in scores_during_training(record)


def test_a_dataset_that_lists_none_gets_what_its_data_allow():
    for name, best_by in (("mnist", "fd_classifier"), ("faces", "swd")):
        record = record_of(f"dataset={name}")
        for key in ("scores", "scores_during_training", "selection"):
            del record["dataset"][key]
        names = listed_scores(record)
        assert asked_scores(names, record) == (names, [])
        assert {"swd", "ssim", "pairwise_distance", "nearest_train"} <= set(names)
        assert selection(record) == best_by in scores_during_training(record)


@pytest.mark.parametrize(
    ("dataset", "score", "reason"),
    [
        ("faces", "fd_classifier", "faces has no classifier"),
        ("ring", "swd", "ring has points, no images"),
        ("grid", "fid", "grid has points, no images"),
        ("mnist", "mode_coverage", "the modes of mnist are not known"),
        ("mnist", "stacked_modes", "mnist is not made of three digits"),
        ("mnist", "wasserstein", "mnist has images, no points"),
    ],
)
def test_a_score_that_makes_no_sense_is_refused_with_the_reason(dataset, score, reason):
    allowed, (line,) = asked_scores([score], record_of(f"dataset={dataset}"))
    assert not allowed and reason in line and "it has" in line and "\n" not in line


def test_a_score_that_there_is_not():
    with pytest.raises(UsageError, match=r"called 'fdi'\. Did you mean 'fid'\? There is .*kid"):
        load_score("fdi")


# --- protocol, floor, interval -------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in listed_scores(record_of()) if n != "nearest_train"])
def test_every_record_has_its_protocol_and_what_is_worse_scores_worse(tmp_path, name):
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
        protocol = clean["protocol"]
        assert protocol.keys() >= COMPARED.keys() - {"weights"}
        assert (protocol["real_split"], protocol["floor_split"]) == ("train", "test")
        assert protocol["generated_shape"] == "1x28x28"
        assert protocol["generated_count"] == protocol["floor_count"] == 359
        assert clean["value"] == pytest.approx(clean["floor"], rel=1e-9)  # it is the test split
        if clean["interval"]:
            low, high = clean["interval"]
            assert low <= clean["value"] <= high
        values = [one["value"] for one in (clean, worse, worst)]
        if clean["score"] in lower:
            assert values == sorted(values) and values[0] < values[1] < values[2]
        if clean["score"] in higher:
            assert values == sorted(values, reverse=True) and values[0] > values[2]


def test_intervals_of_several_sets_are_students(tmp_path):
    images = DIGITS["train"].images[:900]
    (record,) = evaluator(tmp_path).evaluate(
        load_score("fd_classifier"), samples(images), 300, sets=3
    )
    singles = [
        evaluator(tmp_path).evaluate(load_score("fd_classifier"), samples(part), 300, sets=1)[0][
            "value"
        ]
        for part in images.split(300)
    ]
    values = torch.tensor(singles)
    reach = 4.302653 * values.std().item() / 3**0.5
    assert record["value"] == pytest.approx(values.mean().item(), rel=1e-6)
    assert record["interval"] == pytest.approx(
        [record["value"] - reach, record["value"] + reach], rel=1e-4
    )
    assert record["protocol"]["sets"] == 3


def test_a_copied_training_set_is_seen(tmp_path):
    score = load_score("nearest_train")
    (copied,) = evaluator(tmp_path).evaluate(score, samples(DIGITS["train"].images), 500, sets=1)
    assert copied["value"] == 0 < copied["floor"]
    assert copied["protocol"]["real_count"] == len(DIGITS["train"])


def test_equal_samples_are_seen(tmp_path):
    images = DIGITS["test"].images[:1].expand(100, -1, -1, -1)
    found = {
        name: evaluator(tmp_path).evaluate(load_score(name), samples(images), 100, sets=1)[0]
        for name in ("ssim", "pairwise_distance")
    }
    assert found["ssim"]["value"] == pytest.approx(1)
    assert found["pairwise_distance"]["value"] == 0 < found["pairwise_distance"]["floor"]


def test_the_cache_gives_the_same_record(tmp_path):
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
            assert ours["value"] == pytest.approx(theirs["value"], rel=1e-6, abs=1e-9), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_features_do_not_depend_on_the_device():
    images = DIGITS["test"].images
    ours, theirs = (
        shipped_classifier(torch.device(name), "mnistcnn-v1").extract(images)
        for name in ("cpu", "cuda")
    )
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


# --- points and triples --------------------------------------------------------------------------


def test_a_perfect_sampler_of_the_ring(tmp_path):
    data = {split: ring(split) for split in ("train", "test")}
    one = evaluator(tmp_path, data, extractor=None, resize="none: 2")
    found = {
        record["score"]: record
        for name in ("mode_coverage", "wasserstein")
        for record in one.evaluate(load_score(name), samples(data["test"].images), 5000, sets=1)
    }
    assert found["modes"]["value"] == 8
    assert found["high_quality"]["protocol"]["generated_count"] == 2500
    low, high = found["high_quality"]["interval"]
    assert low < 0.98889 < high
    assert found["reverse_kl"]["value"] < 0.003
    assert found["wasserstein"]["value"] < 0.05
    collapsed = data["test"].images[:1].expand(5000, 2)
    (worse,) = one.evaluate(load_score("wasserstein"), samples(collapsed), 5000, sets=1)
    assert worse["value"] > 0.5


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


# --- unlike scores -------------------------------------------------------------------------------


def line(**protocol: Any) -> dict[str, Any]:
    defaults = dict.fromkeys(COMPARED, "same") | {"weights": "ema", "seed": 0}
    return {
        "step": 10, "score": "swd", "value": 1.5, "floor": 0.5, "interval": None,
        "protocol": {**defaults, **protocol},
    }  # fmt: skip


@pytest.mark.parametrize("key", COMPARED)
def test_whatever_differs_gets_a_column_of_its_own_and_is_named(key):
    table = runs_table({"a": [line()], "b": [line(**{key: "other"})], "c": [line(seed=7)]})
    heading, row_a, row_b, row_c, floors, remark = table
    assert heading.split() == ["run", "swd", "(1)", "swd", "(2)"]
    assert row_a.split() == ["a", "1.5"] and row_c.split() == ["c", "1.5"]
    assert row_a.index("1.5") == row_c.index("1.5") < row_b.index("1.5")
    assert floors.split() == ["real", "test", "0.5", "0.5"]
    assert remark.startswith("not comparable: swd (1) and swd (2): ")
    assert f"{COMPARED[key]}: " in remark and "other" in remark


def test_like_scores_share_a_column():
    table = runs_table({"a": [line()], "b": [line(seed=1, version="another")]})
    assert table[0].split() == ["run", "swd"] and len(table) == 4


def changed_protocol(tmp_path: Path, change: str) -> dict[str, Any]:
    """The record of a distance after a real change of what it depends on."""
    classifier = shipped_classifier(CPU, "mnistcnn-v1")
    data = dict(DIGITS)
    if change == "weights":
        classifier = replace(classifier, sha256="0" * 64)
    if change == "resize":
        classifier = replace(classifier, resize="bicubic to 28")
    if change == "split":
        data["train"] = ImageDataset(data["train"].images[:700], data["train"].labels[:700])
    one = evaluator(tmp_path, data, extractor=lambda kind: classifier)
    (record,) = one.evaluate(
        load_score("fd_classifier"), samples(DIGITS["test"].images), 300, sets=1
    )
    return {**record, "protocol": {**record["protocol"], "weights": "ema", "seed": 0}}


@pytest.mark.parametrize(
    ("change", "named"),
    [("weights", "weight file"), ("resize", "resize"), ("split", "real images")],
)
def test_a_changed_resize_split_or_weight_file_is_another_quantity(tmp_path, change, named):
    ours, theirs = changed_protocol(tmp_path, ""), changed_protocol(tmp_path, change)
    assert column_key(ours) != column_key(theirs)
    assert any(difference.startswith(f"{named}: ") for difference in differences(ours, theirs))
    assert len(runs_table({"a": [ours], "b": [theirs]})[0].split("FD-mnistcnn-v1")) == 3


# --- the command line ----------------------------------------------------------------------------

SHORT = ("steps=2", "logger=none", "evaluation.samples=64", "image_size=16", "hidden_dim=4")


@pytest.mark.slow
def test_runs_are_scored_into_one_table(gan_lab_here, tmp_path):
    for settings in (("seed=0",), ("seed=1",), ("image_size=28",)):
        assert gan_lab_here(*SHORT[:3], "hidden_dim=4", *settings).returncode == 0
    runs = [path.name for path in run_directories(tmp_path / "runs")]
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
    asked = [one for one in stored if one["protocol"]["generated_count"] == 50]
    assert {one["score"] for one in asked} == {
        "fd_classifier", "confident", "smallest_class", "largest_class", "swd",
    }  # fmt: skip
    assert all(one.keys() >= {"step", "value", "floor", "interval", "protocol"} for one in stored)


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


def write_folder(folder: Path, images: Tensor, side: int) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        picture = Image.fromarray(image.squeeze(0).numpy()).resize((side, side + 4))
        picture.save(folder / f"{number:03d}.png")
    return folder


def test_two_folders_are_scored(gan_lab_here, tmp_path):
    real = write_folder(tmp_path / "real", DIGITS["train"].images[:200], 32)
    fake = write_folder(tmp_path / "fake", DIGITS["test"].images[:100], 24)
    result = gan_lab_here("evaluate", "--real", str(real), "--fake", str(fake))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "folder_scores.jsonl"
    records = [
        json.loads(text) for text in (tmp_path / "folder_scores.jsonl").read_text().splitlines()
    ]
    assert [one["score"] for one in records] == [
        "swd", "ssim", "pairwise_distance", "nearest_train",
    ]  # fmt: skip
    for one in records:
        protocol = one["protocol"]
        assert "antialias to 24" in protocol["resize"] and "centre square" in protocol["resize"]
        assert (protocol["floor_split"], protocol["floor_count"]) == ("half", 100)
        assert protocol["generated_count"] == 100
        assert 0.3 * one["floor"] < one["value"] < 3 * one["floor"]  # both are digits
    same = gan_lab_here("evaluate", "--real", str(real), "--fake", str(real), "--scores", "swd")
    assert same.returncode == 0
    last = json.loads((tmp_path / "folder_scores.jsonl").read_text().splitlines()[-1])
    assert last["score"] == "swd" and last["value"] == 0


def test_each_folder_is_decoded_once(gan_lab_here, tmp_path, monkeypatch):
    module = sys.modules["gan_lab.data.image_folder"]
    decoded, folders = module.decoded, []

    def counting(top, *arguments):
        folders.append(Path(top).name)
        return decoded(top, *arguments)

    monkeypatch.setattr(module, "decoded", counting)
    images = DIGITS["test"].images
    real = write_folder(tmp_path / "real", images[:60], 32)
    fake = write_folder(tmp_path / "fake", images[60:120], 32)
    both = gan_lab_here("evaluate", "--real", str(real), "--fake", str(fake), "--scores", "swd")
    assert both.returncode == 0 and sorted(folders) == ["fake", "real"]
    gan_lab_here("evaluate", "--real", str(real), "--fake", str(real), "--scores", "swd")
    assert sorted(folders) == ["fake", "real", "real"]


def test_all_of_a_folder_is_its_two_splits(tmp_path):
    folder = write_folder(tmp_path / "folder", DIGITS["test"].images[:35], 32)
    train, test, every = (
        image_folder(folder, None, 32, 3, split).images for split in ("train", "test", "all")
    )
    assert (len(train), len(test)) == (32, 3) and torch.equal(every, torch.cat([train, test]))


def test_folders_too_small_for_a_score_get_the_others(gan_lab_here, tmp_path):
    images = DIGITS["test"].images[:40]
    folders = [str(write_folder(tmp_path / name, images, 8)) for name in ("real", "fake")]
    both = ["evaluate", "--real", folders[0], "--fake", folders[1], "--scores"]
    result = gan_lab_here(*both, "swd,nearest_train")
    assert result.returncode == 0 and "swd not computed: swd needs 14 pixels" in result.stdout
    (record,) = map(json.loads, (tmp_path / "folder_scores.jsonl").read_text().splitlines())
    assert (record["score"], record["value"]) == ("nearest_train", 0)
    alone = gan_lab_here(*both, "swd")
    assert alone.returncode == 2 and "swd needs 14 pixels" in alone.stderr


def test_odd_folders_are_one_line(gan_lab_here, tmp_path):
    real = write_folder(tmp_path / "real", DIGITS["train"].images[:40], 32)
    one = write_folder(tmp_path / "one", DIGITS["train"].images[:1], 32)
    (tmp_path / "empty").mkdir()
    for fake, count in ((one, 1), (tmp_path / "empty", 0)):
        result = gan_lab_here("evaluate", "--real", str(real), "--fake", str(fake))
        assert result.returncode == 1
        assert f"has {count} readable images" in result.stderr and result.stderr.count("\n") == 1
    for index in range(5):
        (real / f"text{index}.png").write_text("no picture")
    result = gan_lab_here("evaluate", "--real", str(real), "--fake", str(real))
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "5 of 45 images cannot be used" in result.stderr
    assert "bad_images" not in result.stderr, "which is no setting of evaluate"


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ("", 2, "evaluate what?"),
        ("--real x", 2, "--real DIR --fake DIR"),
        ("latest --real x --fake y", 2, "without runs"),
        ("--real x --fake y", 2, "x is no folder"),
        ("--real x --fake y --scores fd_classifier", 2, "folders have no classifier"),
        ("--real x --fake y --scores nonsense", 2, "no score called 'nonsense'"),
    ],
)
def test_mistakes_are_one_line(gan_lab_here, arguments, code, reason):
    result = gan_lab_here("evaluate", *arguments.split())
    assert result.returncode == code
    assert reason in result.stderr and result.stderr.count("\n") == 1


def test_each_run_is_listed_by_the_score_that_its_best_is_chosen_by(gan_lab_here):
    length = ("steps=2", "logger=none", "threads=1", "evaluation.samples=100", "log_every=1")
    ring = gan_lab_here("dataset=ring", "model=point_mlp", *length)
    assert ring.returncode == 0, ring.stderr
    headings, run = gan_lab_here("runs").stdout.splitlines()[:2]
    assert headings.split() == ["study", "run", "state", "step", "time", "wasserstein", "modes",
                                "reason"]  # fmt: skip
    assert float(run.split()[-2]) > 0 and 0 <= int(run.split()[-1]) <= 8
    digits = gan_lab_here("hidden_dim=4", "steps=2", *length)
    assert digits.returncode == 0, digits.stderr
    headings = gan_lab_here("runs").stdout.splitlines()[0].split()
    assert sorted(headings[-5:-1]) == ["FD", "confident", "modes", "wasserstein"]


# --- real MNIST ----------------------------------------------------------------------------------


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
            for record in one.evaluate(load_score(name), samples(images), 10_000, sets=1):
                values.setdefault(record["score"], []).append(record["value"])
                floor = record["floor"]
        assert floor is not None
    for name in ("fd_classifier", "kd_classifier", "swd"):
        assert values[name] == sorted(values[name]), name
    for name in ("classifier_score", "precision", "recall", "density", "coverage"):
        assert values[name] == sorted(values[name], reverse=True), name
    assert 0.5 < values["fd_classifier"][0] < 2  # other classifiers: 1.5 to 1.9
    assert values["classifier_score"][0] > 9.5


# --- the best checkpoint -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "best_by"), [("digits", "fd_classifier"), ("ring", "wasserstein")]
)
def test_the_best_checkpoint_is_that_of_the_selection_score(tmp_path, dataset, best_by):
    model = ["model=point_mlp"] if dataset == "ring" else ["image_size=16"]
    (job,) = jobs([f"dataset={dataset}", *model, "hidden_dim=4", "checkpoint_every=1"], False)
    record = make_record(job.config, job.choices)
    data = build.dataset(record)
    parts = build.training_state(record, data, CPU)
    schedule = make_schedule(record, len(data))
    assert schedule.best_by == best_by
    run, progress = Run(tmp_path / "run"), Progress()
    run.take()
    for step, score in enumerate([3.0, 1.0, 2.0, 4.0, 5.0], start=1):
        progress.step = step
        save(parts, schedule, run, progress, {f"score/{best_by}": score, "score/other": -score})
    assert (progress.best_step, progress.best_score) == (2, 1.0)
    assert run.checkpoint_steps() == [2, 4, 5]


def test_scores_during_training_are_few_and_small(tmp_path):
    settings = ["dataset=ring", "model=point_mlp", f"cache_dir={tmp_path}", "hidden_dim=4"]
    (job,) = jobs([*settings, "evaluation.samples_during=300"], False)
    record = make_record(job.config, job.choices)
    data = build.dataset(record)
    record |= data_facts(data)
    run = Run(tmp_path / "run")
    run.take()
    seen = []

    def look(shown: Tensor, logits: Tensor | None) -> dict[str, float]:
        seen.append((shown.shape, logits))
        return {"looked": 1.0}

    generator: nn.Module = build.training_state(record, data, CPU).average
    scalars = RunEvaluator(record, run, CPU).during_training(generator, 7, look)
    assert scalars.keys() == {
        "score/high_quality", "score/modes", "score/reverse_kl", "score/wasserstein", "looked",
    }  # fmt: skip
    assert seen == [((300, 2), None)]
    assert {one["protocol"]["generated_count"] for one in run.evaluations()} == {300, 2500}
