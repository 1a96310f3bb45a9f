"""The census of samples: what is missing is found, noise is no digit, numbers are as by hand."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from gan_lab.analysis import modes
from gan_lab.analysis.modes import Sorted, describe_census, describe_diversity, take_census
from gan_lab.analysis.modes_figures import draw_census, draw_sheet
from gan_lab.cli.modes import class_rows
from gan_lab.config.run_config import RunConfig
from gan_lab.data import ImageDataset
from gan_lab.evaluation.evaluator import Samples
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.figures.points import draw_points
from gan_lab.figures.tiles import draw_tiles
from gan_lab.metrics import (
    Census,
    birthday_size,
    closest_pairs,
    count_modes,
    familiar_distance,
    is_strange,
    nearest_others,
    spread,
    sure_classes,
)
from gan_lab.metrics.census import RULE, RULE_WITHOUT_ERRORS
from gan_lab.runs.census import ChiSquare, ClassCensus, ClassCount, Judge, Share
from gan_lab.runs.directory import Run, run_directories
from gan_lab.tracking.base import census_numbers
from gan_lab.training import build
from small_runs import FEW_SAMPLES, FEW_SCORES, config_of

CPU = torch.device("cpu")
NOBODY = Judge(rule="none")


def test_counts_shares_and_distances_by_hand():
    census = Census((30, 10, 0), 10, (0.5, 0.25, 0.25))
    assert (census.sure, census.total, census.shares) == (40, 50, (0.75, 0.25, 0))
    expected = stats.chisquare([30, 10, 0], [20, 10, 10])
    assert census.chi_square == pytest.approx((expected.statistic, expected.pvalue))
    assert census.kl == pytest.approx(0.75 * np.log(1.5))
    # Wilson's interval of 0 of 40 ends at z^2 / (40 + z^2) = 0.088.
    assert census.intervals[2] == pytest.approx((0, 3.8415 / 43.8415), abs=1e-5)
    # Of its real share, 40 samples have none with probability 0.75^40 = 1e-5; 20 with 0.003.
    assert census.missing == (2,)
    few = Census((15, 5, 0), 0, (0.5, 0.25, 0.25))
    assert (few.missing, few.undecided, few.missing_number) == ((), (2,), None)
    assert Census((300, 200, 0), 0, (0.5, 0.25, 0.25)).missing == (2,)


def test_equal_shares_differ_by_nothing():
    census = Census((20, 10, 10), 0, (0.5, 0.25, 0.25))
    assert census.chi_square == (0, 1) and census.kl == 0 and census.missing == ()


def test_without_a_sure_sample_nothing_is_claimed():
    census = count_modes(torch.full((60,), -1), [5, 5])
    assert (census.sure, census.unsure, census.missing) == (0, 60, ())
    found = describe_census(census, ("a", "b"), Sorted(torch.full((60,), -1), NOBODY))
    assert found.conclusion.startswith("Unrecognisable: only 0 of 60")
    assert (found.missing_number, found.kl, found.chi_square.p) == (None, None, None)
    assert census_numbers(found) == {"modes/unsure": 1}  # no "0 missing" in W&B


def test_names_of_classes_are_no_formulas_in_figures(tmp_path):
    order = Sorted(torch.tensor([0, 0, 1, -1]), NOBODY)
    census = count_modes(order.predicted, [5, 5])
    found = describe_census(census, (r"$\frac$", r"$\nothing"), order)
    draw_census(found, tmp_path / "census.png")
    samples = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    draw_sheet(samples, order.predicted, found, tmp_path / "sheet.png")
    draw_tiles(samples[None], tmp_path / "tiles.png", ["$^$"] * 4, ["$_$"], r"of $\frac$")
    draw_points(torch.zeros(1, 2, 2), tmp_path / "points.png", True, r"of $\frac$")
    assert len(list(tmp_path.glob("*.pdf"))) == 4


def test_points_between_the_modes_are_in_none(tmp_path):
    """Eight centres of std 0.02 on the unit circle: all of radius 0.5 is at least 0.5 from each."""
    config, data = loaded("dataset=ring", f"cache_dir={tmp_path}", f"data_root={tmp_path}")
    centers = data.centers[torch.arange(1000) % 8]

    def census_of(points: torch.Tensor) -> ClassCensus:
        return take_census(sort(points, config, tmp_path), data)

    between = census_of(0.5 * centers)
    assert (between.unsure.count, between.missing_number) == (1000, None)
    assert between.conclusion.startswith("Unrecognisable: only 0 of 1,000")
    at_modes = census_of(centers)
    assert [entry.count for entry in at_modes.classes] == [125] * 8
    assert at_modes.high_quality.count == 1000
    assert at_modes.conclusion.startswith("No mode is missing")


def test_a_probability_under_a_half_is_unsure():
    probabilities = torch.tensor([[0.6, 0.3, 0.1], [0.45, 0.35, 0.2], [0.1, 0.1, 0.8]])
    assert sure_classes(probabilities.log()).tolist() == [0, -1, 2]


def loaded(*settings: str, split: str = "train") -> tuple[RunConfig, ImageDataset]:
    """The config of a run and its data, whose shape the config knows."""
    config = config_of(*settings)
    data = build.dataset(config, split=split)
    return replace(config, shape=tuple(data.shape)), data


@pytest.fixture(scope="module", params=["digits", pytest.param("mnist", marks=pytest.mark.slow)])
def judged(request, data_root, tmp_path_factory):
    """A run's config, images and labels: for digits all of them, for MNIST the test split."""
    places = (f"cache_dir={tmp_path_factory.mktemp('cache')}", f"data_root={data_root}")
    split = "train" if request.param == "digits" else "test"
    return loaded(f"dataset={request.param}", *places, split=split)


def sort(images: torch.Tensor, config: RunConfig, folder) -> Sorted:
    """The classes of images, as if they were samples of a run with this config."""
    drawn = Samples(lambda first, last: (images[first:last], None))
    order = modes.sort(RunEvaluator(config, Run(folder), CPU), drawn, len(images))
    assert order is not None
    return order


def test_a_generator_that_drops_two_digits_is_caught_with_exactly_those(judged, tmp_path):
    config, data = judged
    kept = data.images[(data.labels != 3) & (data.labels != 7)]
    order = sort(kept, config, tmp_path)
    found = take_census(order, data)
    assert found.missing == ("3", "7")
    assert found.conclusion.startswith("Modes are dropped: 2 of 10 are missing (3, 7).")


def test_each_digit_that_is_left_out_is_named(judged, tmp_path):
    config, data = judged
    order = sort(data.images, config, tmp_path)
    for label, name in enumerate(data.classes):
        left = replace(order, predicted=order.predicted[data.labels != label])
        found = take_census(left, data)
        assert (found.missing, found.undecided) == ((name,), ())


def test_real_images_miss_nothing(judged, tmp_path):
    config, data = judged
    order = sort(data.images, config, tmp_path)
    found = take_census(order, data)
    assert found.missing == () and found.unsure.share < 0.02
    assert found.kl < 0.002
    close = "No mode is missing, and the shares are close to the real ones."
    assert found.conclusion.startswith(close)
    test = build.dataset(config, split="test")
    assert take_census(sort(test.images, config, tmp_path), data).conclusion.startswith(close)
    halves = (found.judge.held_out, found.judge.checked)
    assert sum(halves) == len(test) and abs(halves[0] - halves[1]) <= 10


@pytest.mark.slow
def test_of_flowers_it_is_never_said_that_all_are_there_where_one_is_not(data_root, tmp_path):
    """By a judge that is right on two of three photographs, whose errors hide much."""
    if not (data_root / "flowers").is_dir():
        pytest.skip("there is no folder of flowers among the data")
    places = (f"cache_dir={tmp_path / 'cache'}", f"data_root={data_root}")
    config, train = loaded("dataset=flowers", *places)
    test = build.dataset(config, split="test")
    order = sort(test.images, config, tmp_path)
    assert "uneven" not in take_census(order, train).conclusion
    for label in range(len(test.classes)):
        left = replace(order, predicted=order.predicted[test.labels != label])
        found = take_census(left, train)
        assert not found.conclusion.startswith("No mode is missing")
        assert train.classes[label] in (*found.missing, *found.undecided)


def test_noise_is_unsure(judged, tmp_path):
    """Though the classifier of MNIST takes every such image, surely, for an 8."""
    config, _ = judged
    draw = torch.Generator().manual_seed(0)
    shape = (500, 1, config.image_size, config.image_size)
    noise = torch.randint(0, 256, shape, generator=draw, dtype=torch.uint8)
    order = sort(noise, config, tmp_path)
    # The classifier of digits is trained on the machine: 83 to 95 % there, by its last bits.
    least = 0.75 if config.choices.dataset == "digits" else 0.9
    assert (order.predicted == -1).double().mean() > least


def test_strange_is_farther_than_held_out_images_get():
    real, held_out = torch.zeros(5, 1), torch.linspace(0, 1, 1001).view(-1, 1)
    fake = torch.tensor([[0.5], [0.9985], [1.5]])
    limit = familiar_distance(real, held_out)
    assert limit == pytest.approx(0.999)
    assert is_strange(real, limit, fake).tolist() == [False, False, True]


def test_agreement_counts_what_was_asked_for():
    predicted, asked = torch.tensor([0, 0, 1, -1] * 25), torch.tensor([0, 1, 1, 1] * 25)
    census = count_modes(predicted, [50, 50])
    found = describe_census(census, ("a", "b"), Sorted(predicted, NOBODY), asked)
    assert found.agreement.share == 0.5
    assert [entry.agreement.share for entry in found.classes] == [1.0, pytest.approx(1 / 3)]


# --- without labels ------------------------------------------------------------------------------


def test_differences_by_hand():
    points = torch.tensor([[0.0, 0.0], [0.0, 2.0], [0.0, 5.0]])
    root = 2**0.5  # of the mean over two numbers
    assert nearest_others(points).tolist() == pytest.approx([2 / root, 2 / root, 3 / root])
    smallest, places = closest_pairs(points, 2)
    assert places.tolist() == [[0, 1], [1, 2]]
    assert smallest.tolist() == pytest.approx([2 / root, 3 / root])
    assert spread(torch.tensor([[0.0], [2.0]])) == pytest.approx(2**0.5)  # pairs: 0, 2, 2, 0


@pytest.mark.slow
def test_the_birthday_paradox_finds_the_size_of_a_support():
    """Of 365 equally likely days, 23 people are the first number with even odds of two alike."""
    draw = torch.Generator().manual_seed(0)
    days = torch.randint(0, 365, (2000, 1), generator=draw).float()
    assert birthday_size(days, 0.5, draws=400) == pytest.approx(23, abs=3)
    assert birthday_size(torch.arange(50.0).view(-1, 1), 0.5) is None


@pytest.mark.slow
def test_a_generator_of_a_hundred_images_repeats_itself():
    images = torch.randint(0, 256, (1000, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    images = images.to(torch.uint8)
    few = images[torch.arange(1000) % 100]
    assert describe_diversity(few, images).conclusion.startswith("The samples repeat themselves")
    assert describe_diversity(images, images).conclusion.startswith("No repetition is seen")
    one = images[:1].expand(1000, -1, -1, -1)
    assert describe_diversity(one, images).conclusion.startswith("Hardly any variety")


# --- the verb ------------------------------------------------------------------------------------

QUICK = ("logger=none", "steps=2", *FEW_SAMPLES)


@pytest.mark.parametrize(
    "settings", [f"model=cdcgan image_size=16 {FEW_SCORES}", "dataset=ring model=point_mlp"]
)
def test_modes_writes_counts_and_pictures(gan_lab_here, tmp_path, settings):
    assert gan_lab_here(*settings.split(), *QUICK).returncode == 0
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    for weights in ("ema", "raw"):
        result = gan_lab_here("modes", "latest", "--samples", "60", "--weights", weights)
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines()[-1] == str(run.modes_path(weights).relative_to(tmp_path))
        found = json.loads(run.modes_path(weights).read_text())
        rule = RULE if "cdcgan" in settings else RULE_WITHOUT_ERRORS
        assert (found["weights"], found["samples"], found["rule"]) == (weights, 60, rule)
        assert ("expected_share" in found["classes"][0]) == ("cdcgan" in settings)
        assert ("perfect_agreement" in found) == ("cdcgan" in settings)
        assert sum(entry["count"] for entry in found["classes"]) + found["unsure"]["count"] == 60
        assert ("agreement" in found) == ("cdcgan" in settings)
        assert found["conclusion"] in result.stdout
        for entry in found["classes"]:
            row = rf"^{re.escape(entry['class'])} +{entry['count']} "
            assert re.search(row, result.stdout, re.MULTILINE)
        for path in (run.modes_figure(weights), run.modes_samples(weights)):
            assert path.read_bytes().startswith(b"\x89PNG")
            assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
            assert f"{path.stem}.pdf" in result.stdout


def test_of_many_classes_those_furthest_below_their_share_are_listed():
    counts = [ClassCount(f"c{n}", n, n / 465, (0, 1), 1 / 31) for n in range(31)]
    census = ClassCensus(
        judge=NOBODY, samples=465, classes=tuple(counts), unsure=Share(0, 465, 0, (0, 0.008)),
        missing=(), missing_number=0, chi_square=ChiSquare(0, None, 30), kl=0, kl_by_chance=0,
        conclusion="",
    )  # fmt: skip
    _, *rows, left_out, unsure = class_rows(census)
    assert [row[:2] for row in rows] == [[f"c{n}", str(n)] for n in range(20)]
    assert left_out[0] == "and 11 more" and unsure[:3] == ["unsure", "0", "0%"]


def test_where_no_sample_has_a_class_there_are_no_shares_of_classes():
    census = ClassCensus(
        judge=NOBODY, samples=60, classes=(ClassCount("a", 0, 0.0, (0.0, 1.0), 1.0),),
        unsure=Share(60, 60, 1.0, (0.94, 1.0)), missing=(), missing_number=None,
        chi_square=ChiSquare(0, None, 0), kl=None, kl_by_chance=0, conclusion="",
    )  # fmt: skip
    _, row, unsure = class_rows(census)
    assert row == ["a", "0", "–", "–", "100%"]
    assert unsure == ["unsure", "60", "100%", "94.0% to 100%", ""]


def test_unlabelled_data_are_described_by_duplicates(gan_lab_here, tmp_path):
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(80):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{index}.png")
    train = ("dataset=image_folder", f"folder={folder}", "image_size=16", "hidden_dim=4")
    assert gan_lab_here(*train, *QUICK).returncode == 0
    result = gan_lab_here("modes", "latest", "--samples", "60")
    assert result.returncode == 0, result.stderr
    assert "of real images" in result.stdout and "birthday" in result.stdout


@pytest.mark.parametrize("number", ["49", "few"])
def test_too_few_samples_are_refused(gan_lab_here, number):
    result = gan_lab_here("modes", "latest", "--samples", number)
    assert result.returncode == 2 and "at least 50" in result.stderr
