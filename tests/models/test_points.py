"""Points in place of images: mixtures with known modes, networks without tanh, scatter plots."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from gan_lab import load_dataset
from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config.checks import check_fit
from gan_lab.config.compose import jobs
from gan_lab.data import PointDataset
from gan_lab.figures.points import scatter
from gan_lab.models import MaxoutDiscriminator, PointGenerator
from gan_lab.training import build
from gan_lab.training.loop import sample_grid
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step

LOSSES = sorted(path.stem for path in (conf_directory() / "loss").glob("*.yaml"))
POINT_MODELS = ("point_maxout", "point_mlp")
RING = load_dataset("ring")


def make_state(*settings: str) -> TrainingState:
    (job,) = jobs(["dataset=ring", "batch_size=12", "latent_dim=2", *settings], False)
    config = job.config
    check_fit(config)
    return build.training_state(config, RING, torch.device("cpu"))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# --- the mixtures --------------------------------------------------------------------------------

HALF = math.sqrt(0.5)
CENTERS = {
    "ring": [(1, 0), (HALF, HALF), (0, 1), (-HALF, HALF), (-1, 0), (-HALF, -HALF), (0, -1),
             (HALF, -HALF)],
    "grid": [(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)],
}  # fmt: skip


@pytest.mark.parametrize(("name", "std"), [("ring", 0.01), ("grid", 0.05)])
@pytest.mark.parametrize(("split", "size"), [("train", 100_000), ("test", 10_000)])
def test_a_mixture_has_its_means_and_its_spread(name, std, split, size):
    data = load_dataset(name, split=split)
    assert isinstance(data, PointDataset) and data.shape == (2,) and data.std == std
    assert data.images.shape == (size, 2) and data.images.dtype == torch.float32
    torch.testing.assert_close(data.centers, torch.tensor(CENTERS[name], dtype=torch.float32))
    each = size // len(data.centers)
    assert (
        data.labels.bincount().tolist() == [each] * len(data.centers) == [each] * len(data.classes)
    )
    for mode, center in enumerate(data.centers):
        points = data.images[data.labels == mode].double()
        assert (points.mean(0) - center).abs().max() < 5 * std / math.sqrt(each)
        assert points.std(0) == pytest.approx([std, std], rel=5 / math.sqrt(2 * each))
        assert abs(np.corrcoef(points.T.numpy())[0, 1]) < 5 / math.sqrt(each)
    away = (data.images - data.centers[data.labels]).norm(dim=1)
    share = (away < 3 * std).double().mean().item()
    assert share == pytest.approx(1 - math.exp(-4.5), abs=5 * math.sqrt(0.011 / size))


def test_points_are_the_same_each_time_and_others_in_the_test_split():
    again, test = load_dataset("ring"), load_dataset("ring", split="test")
    assert torch.equal(RING.images, again.images)
    assert not torch.equal(RING.images[:10_000], test.images)


# --- the networks --------------------------------------------------------------------------------


def test_the_networks_have_the_sizes_counted_by_hand():
    mlp, pacgan = make_state("model=point_mlp"), make_state("model=point_maxout")
    assert count(mlp.generator) == (2 + 1) * 128 + 129 * 128 + 129 * 2
    assert count(mlp.discriminator) == (2 + 1) * 128 + 129 * 128 + 129
    assert count(pacgan.generator) == 2 * 400 + 3 * 400 * 400 + 4 * 2 * 400 + 401 * 2
    assert count(pacgan.discriminator) == 3 * 1000 + 2 * 201 * 1000 + 201
    weights = next(pacgan.discriminator.parameters())
    assert weights.std().item() == pytest.approx(0.02, rel=0.1)


def test_generated_points_have_no_bounds():
    generator = PointGenerator(2, [8], 2)
    assert generator(1000 * torch.randn(64, 2)).abs().max() > 10


@torch.no_grad()
def test_a_maxout_unit_is_the_largest_of_its_pieces():
    network = MaxoutDiscriminator([1], 3, 2)
    first, last = (layer for layer in network.layers if isinstance(layer, nn.Linear))
    first.weight.copy_(torch.tensor([[1.0, 0], [0, 1], [-1, -1]]))
    last.weight.fill_(2.0)
    logits = network(torch.tensor([[3.0, 1], [1, 4], [-2, -3]]))
    assert logits.tolist() == [6, 8, 10]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", POINT_MODELS)
def test_points_go_with_every_loss_and_switch(model, loss):
    switches = ("pack=3", "instance_noise=0.1", "gradient_clip=1", "penalty=[r1,r2]")
    state = make_state(f"model={model}", f"loss={loss}", *switches)
    before = [weights.clone() for weights in state.generator.parameters()]
    for step in range(2):
        scalars = take_step(state, step)
    assert state.is_finite() and all(value.isfinite() for value in scalars.values())
    moved = zip(before, state.generator.parameters(), strict=True)
    assert not any(torch.equal(*weights) for weights in moved)


@pytest.mark.parametrize("model", POINT_MODELS)
def test_modes_are_labels_that_both_players_can_be_given(model):
    state = make_state(f"model={model}", "model.condition_g=true", "model.condition_d=true")
    take_step(state, 0)
    points, labels = state.batches.real(0, 0), state.batches.labels(0, 0)
    assert (points - RING.centers[labels]).norm(dim=1).max() < 0.06
    others = (labels + 1) % 8
    assert not torch.equal(state.discriminator(points, labels), state.discriminator(points, others))
    assert sample_grid(state).shape[-1] == 3


# --- pictures ------------------------------------------------------------------------------------


def test_samples_are_a_scatter_plot_on_axes_that_stay():
    state = make_state("model=point_mlp")
    pictures = [sample_grid(state)]
    for step in range(3):
        take_step(state, step)
    pictures.append(sample_grid(state))
    assert pictures[0].shape == pictures[1].shape and pictures[0].dtype == np.uint8
    assert not np.array_equal(*pictures)
    far = scatter(RING.images[:100], torch.full((7, 2), 99.0))
    near = scatter(RING.images[:100], RING.images[:7])
    assert far.shape == near.shape and not np.array_equal(far, near)


# --- what does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "pieces"),
    [
        ("dataset=ring", ["model=dcgan makes images", "dataset=ring has points", "point_mlp"]),
        ("dataset=grid model=mlp", ["model=mlp makes images", "model=point_mlp"]),
        ("model=point_mlp", ["dataset=digits has images", "use model=mlp"]),
    ],
)
def test_networks_and_data_of_two_kinds_are_one_line(gan_lab_here, tmp_path, settings, pieces):
    result = gan_lab_here(*settings.split(), "logger=none")
    (line,) = result.stderr.splitlines()
    assert result.returncode == 2 and all(piece in line for piece in pieces)
    assert not (tmp_path / "runs").exists()


def test_a_network_that_makes_no_points_is_refused():
    with pytest.raises(UsageError, match="the generator makes"):
        make_state("model=point_mlp", "model.generator._target_=gan_lab.models.MLPGenerator",
                   "~model.generator.batch_norm", "+model.generator.image_size=8")  # fmt: skip


@pytest.mark.parametrize("model", POINT_MODELS)
def test_the_layers_are_explained(gan_lab_here, model):
    result = gan_lab_here("explain", f"model={model}", "latent_dim=2")
    assert (result.returncode, result.stderr) == (0, "")
    assert "in: 2 latents\n" in result.stdout and "in: point 2\n" in result.stdout
