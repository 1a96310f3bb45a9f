"""Points along curves: on their curves, in equal parts, and no modes to count."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons
from torch import Tensor

from gan_lab import load_dataset
from gan_lab.common.errors import UsageError
from gan_lab.data import PointDataset
from gan_lab.evaluation.scores import load_score
from gan_lab.training.monitor import Monitor

SHAPES = {"moons": 2, "spiral": 2, "pinwheel": 5}  # and their parts


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("split", "size"), [("train", 100_000), ("test", 10_000)])
def test_a_shape_has_equal_parts_and_no_modes(name, split, size):
    data = load_dataset(name, split=split)
    assert isinstance(data, PointDataset) and data.centers is None
    assert data.images.shape == (size, 2) and data.images.dtype == torch.float32
    assert data.labels.bincount().tolist() == [size // SHAPES[name]] * SHAPES[name]
    assert len(data.classes) == SHAPES[name]
    first = data.images[:1000].double()  # what is drawn of them: all of the shape
    assert (first.mean(0) - data.images.double().mean(0)).abs().max() < 0.15
    again = load_dataset(name, split=split)
    assert torch.equal(data.images, again.images) and data.images.isfinite().all()


@pytest.mark.parametrize("name", SHAPES)
def test_the_splits_are_of_other_points(name):
    train, test = load_dataset(name), load_dataset(name, split="test")
    assert not torch.isin(test.images[:, 0], train.images[:1000, 0]).all()


def test_moons_are_those_of_scikit_learn_with_noise():
    data = load_dataset("moons", split="test")
    points, labels = make_moons(10_000, shuffle=False, noise=None)
    exact = torch.from_numpy(points).float()
    for label in (0, 1):
        curve, mine = exact[labels == label], data.images[data.labels == label]
        assert torch.cdist(mine, curve).amin(1).max() < 5 * 0.05
        assert (mine.mean(0) - curve.mean(0)).abs().max() < 0.01
    radius = data.images[data.labels == 0].double().norm(dim=1)
    inner = radius[data.images[data.labels == 0][:, 1] > 0.3]  # away from the ends
    assert inner.std().item() == pytest.approx(0.05, rel=0.05)
    assert inner.mean().item() == pytest.approx(1, abs=0.005)


def test_the_radius_of_a_spiral_grows_with_its_angle_and_its_arms_are_opposite():
    data = load_dataset("spiral")
    points = data.images.double()
    points = torch.where((data.labels == 0)[:, None], points, -points)
    radius = points.norm(dim=1)
    points, radius = points[radius > 0.3], radius[radius > 0.3]
    # r = 2 angle / (3 pi): the angle that the radius tells is that of the point, up to whole turns.
    told = radius * 1.5 * math.pi
    off = (torch.atan2(points[:, 1], points[:, 0]) - told + math.pi) % (2 * math.pi) - math.pi
    # The noise moves the point by 0.05 across, and the radius that tells by 0.05 along.
    assert (off.abs() < 5 * 0.05 * (1 / radius + 1.5 * math.pi)).all()
    assert abs(off.mean().item()) < 0.02
    assert radius.max().item() == pytest.approx(2, abs=0.25)


def test_a_pinwheel_is_five_times_one_blade():
    data = load_dataset("pinwheel")
    assert data.images.double().square().sum(1).mean().item() == pytest.approx(
        1 + 0.3**2 + 0.1**2, abs=0.01
    )
    means = torch.stack([data.images[data.labels == blade].double().mean(0) for blade in range(5)])
    for blade in range(5):
        assert (
            means[blade] - turned(mean_of_a_blade(), 2 * math.pi * blade / 5)
        ).abs().max() < 0.01


def mean_of_a_blade() -> Tensor:
    """The mean of r (cos a, sin a) with a = exp(r) / 4 and r normal around 1, by quadrature."""
    r = np.linspace(1 - 6 * 0.3, 1 + 6 * 0.3, 20_001)
    density = np.exp(-(((r - 1) / 0.3) ** 2) / 2)
    density /= density.sum()
    angle = np.exp(r) / 4
    return torch.tensor([(density * r * np.cos(angle)).sum(), (density * r * np.sin(angle)).sum()])


def turned(point: Tensor, angle: float) -> Tensor:
    matrix = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return torch.tensor(matrix, dtype=torch.float64) @ point


def test_modes_that_are_not_known_are_not_counted():
    data = load_dataset("moons", split="test")
    with pytest.raises(UsageError, match="no known modes"):
        load_score("mode_coverage")(data, [data.images])
    evidence = Monitor(data, [], say=print).look(data.images[:500])
    assert evidence.keys() == {"monitor/spread", "monitor/nearest"}
    assert evidence["monitor/spread"] == pytest.approx(1, abs=0.1)


def test_a_run_on_a_shape_is_trained_and_scored_and_has_no_census(gan_lab_here):
    small = ("dataset=moons", "model=point_mlp", "latent_dim=2", "logger=none", "steps=20",
             "batch_size=16", "evaluation.samples=200", "evaluation.samples_during=50",
             "score_every=10", "threads=1")  # fmt: skip
    result = gan_lab_here(*small)
    assert result.returncode == 0, result.stderr
    assert "sliced Wasserstein" in result.stdout or "wasserstein" in result.stdout
    refused = gan_lab_here("modes", "latest")
    (line,) = refused.stderr.splitlines()
    assert refused.returncode == 2 and "points of moons have no modes" in line
