"""Labels: where they enter, that they matter, and that real, fake and pictures share them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import jobs
from gan_lab.data import ImageDataset, digits
from gan_lab.models import LabelledDiscriminator, LabelledGenerator
from gan_lab.training import build
from gan_lab.training.loop import sample_grid
from gan_lab.training.sampling import sample_labels
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import bind, take_step

YAMLS = sorted((conf_directory() / "model").glob("*.yaml"))
MODELS = [path.stem for path in YAMLS if not path.stem.startswith("point_")]  # see test_points.py
SIZE, BATCH, LATENT, WIDTH = 16, 8, 3, 4
DATA = digits(SIZE)
BOTH = ("model.condition_g=true", "model.condition_d=true")
LABELS = torch.tensor([0, 2, 1, 2])


def make_state(*settings: str, data: ImageDataset = DATA, **changes: float) -> TrainingState:
    knobs = {"image_size": SIZE, "batch_size": BATCH, "latent_dim": LATENT, "hidden_dim": WIDTH}
    tiny = [f"{name}={value}" for name, value in (knobs | changes).items()]
    (job,) = jobs(["dataset=digits", *tiny, *settings], False)
    config = job.config
    return build.training_state(config, data, torch.device("cpu"))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# --- where labels enter --------------------------------------------------------------------------


def test_labels_are_one_hot_beside_the_latents():
    latents = torch.randn(4, 2)
    given = LabelledGenerator(nn.Identity(), 3)(latents, LABELS)
    one_hot = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]])
    assert torch.equal(given, torch.cat([latents, one_hot], dim=1))


def test_labels_are_constant_planes_beside_the_channels():
    images = torch.randn(4, 2, 5, 6)
    given = LabelledDiscriminator(nn.Identity(), 3)(images, LABELS)
    assert given.shape == (4, 5, 5, 6) and torch.equal(given[:, :2], images)
    for planes, label in zip(given[:, 2:], LABELS, strict=True):
        assert [plane.unique().tolist() for plane in planes] == [
            [float(i == label)] for i in range(3)
        ]


# What ten more inputs cost: the first layer of each player has so many weights an input.
@pytest.mark.parametrize(
    ("model", "of_g", "of_d"),
    [
        ("dcgan", 4 * 4 * 2 * WIDTH, 4 * 4 * WIDTH),  # two halvings of 16: 2h channels at 4x4
        ("dcgan_k5", 4 * 4 * 2 * WIDTH, 5 * 5 * WIDTH),
        ("resnet_nf", 4 * 4 * 2 * WIDTH, 3 * 3 * WIDTH),
        ("mlp", 256, SIZE * SIZE * 512),
    ],
)
def test_labels_are_so_many_more_parameters(model, of_g, of_d):
    plain, labelled = make_state(f"model={model}"), make_state(f"model={model}", *BOTH)
    assert count(labelled.generator) - count(plain.generator) == 10 * of_g
    assert count(labelled.discriminator) - count(plain.discriminator) == 10 * of_d


def test_cdcgan_is_dcgan_with_labels():
    state = [make_state("model=cdcgan"), make_state("model=dcgan", *BOTH)]
    states = [one.generator.state_dict() | one.discriminator.state_dict() for one in state]
    torch.testing.assert_close(*states, rtol=0, atol=0)


# --- that they matter ----------------------------------------------------------------------------


def outputs(state: TrainingState) -> list[Tensor]:
    """What D says and G makes, for right labels and for others."""
    latents, images = state.batches.latents(0, 0), state.batches.real(0, 0)
    labels = state.batches.labels(0, 0)
    assert labels is not None
    others = (labels + 1) % 10
    with torch.no_grad():
        return [
            *(state.generator(latents, one) for one in (labels, others)),
            *(state.discriminator(images, one) for one in (labels, others)),
        ]


@pytest.mark.parametrize("condition_g", [False, True])
@pytest.mark.parametrize("condition_d", [False, True])
def test_a_player_listens_to_labels_if_it_is_told_to(condition_g, condition_d):
    if not (condition_g or condition_d):
        assert make_state("model=dcgan").batches.labels(0, 0) is None
        return
    settings = (f"model.condition_g={condition_g}", f"model.condition_d={condition_d}")
    made, made_otherwise, judged, judged_otherwise = outputs(make_state("model=cdcgan", *settings))
    assert torch.equal(made, made_otherwise) != condition_g
    assert torch.equal(judged, judged_otherwise) != condition_d


@pytest.mark.parametrize("model", MODELS)
def test_every_model_takes_labels(model):
    state = make_state(f"model={model}", *BOTH)
    for step in range(2):
        scalars = take_step(state, step)
    assert state.is_finite() and all(value.isfinite() for value in scalars.values())
    made, made_otherwise, judged, judged_otherwise = outputs(state)
    assert not torch.equal(made, made_otherwise)
    assert not torch.equal(judged, judged_otherwise)


@torch.no_grad()
@pytest.mark.parametrize(("model", "least"), [("cdcgan", 0.1), ("dcgan_projection", 0.05)])
def test_swapped_labels_raise_the_loss_of_a_trained_discriminator(model, least):
    state = make_state(f"model={model}", "lr=1e-3", hidden_dim=8, latent_dim=16, batch_size=32)
    with torch.enable_grad():
        for step in range(200):
            take_step(state, step)
    inputs, turns = state.batches, range(1000, 1004)
    real = torch.cat([inputs.real(turn, 0) for turn in turns])
    labels = torch.cat([inputs.labels(turn, 0) for turn in turns])
    fake = state.generator(torch.cat([inputs.latents(turn, 0) for turn in turns]), labels)

    def loss(shift: int) -> float:
        critic = bind(state.discriminator, (labels + shift) % 10)
        return state.loss.discriminator(critic(real), critic(fake)).item()

    assert min(loss(shift) for shift in range(1, 10)) > loss(0)
    assert sum(loss(shift) for shift in range(1, 10)) / 9 > loss(0) + least


# --- that all share them -------------------------------------------------------------------------

# An image of class c has the grey level 20 c everywhere, so that a picture tells its label.
TELLING = ImageDataset(
    images=(20 * DATA.labels)
    .to(torch.uint8)
    .view(-1, 1, 1, 1)
    .expand(-1, 1, SIZE, SIZE)
    .contiguous(),
    labels=DATA.labels,
    classes=DATA.classes,
)


class Listener(nn.Module):
    """Passes on to a network and keeps what it was given."""

    labelled = True

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.given: list[tuple[Tensor, Tensor]] = []

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        self.given.append((inputs.detach(), labels))
        return self.network(inputs, labels)


@pytest.mark.parametrize(("turns_d", "turns_g"), [(1, 1), (2, 1), (1, 2), (0, 1)])
def test_real_and_fake_images_of_a_turn_have_the_labels_of_the_real(turns_d, turns_g):
    settings = (f"discriminator_steps={turns_d}", f"generator_steps={turns_g}")
    state = make_state("model=cdcgan", "loss=rpgan", *settings, data=TELLING)
    listening = [Listener(state.generator), Listener(state.discriminator)]
    state = replace(state, generator=listening[0], discriminator=listening[1])
    for step in range(3):
        take_step(state, step)
    made, judged = (listener.given for listener in listening)
    assert len(judged) == 2 * 3 * (turns_d + turns_g)  # real and fake, for rpgan in G's turns too
    for (real, labels), (fake, fake_labels) in zip(judged[::2], judged[1::2], strict=True):
        assert torch.equal(((real[:, 0, 0, 0] + 1) * 127.5 / 20).round().long(), labels)
        assert torch.equal(labels, fake_labels) and not torch.equal(real, fake)
    assert {tuple(x.tolist()) for _, x in made} == {tuple(x.tolist()) for _, x in judged}


class Telling(nn.Module):
    """A generator whose images show their label on the left and their latent on the right."""

    labelled = True

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        images = torch.empty(len(latents), 1, SIZE, SIZE)
        images[..., : SIZE // 2] = (labels / 10)[:, None, None, None]
        images[..., SIZE // 2 :] = latents[:, :1, None, None].tanh()
        return images


def test_the_grid_has_a_row_for_each_class_and_a_latent_for_each_column():
    state = replace(make_state("model=cdcgan"), generator=Telling())
    cells = torch.from_numpy(sample_grid(state)[..., 0])[2:, 2:].unfold(0, SIZE, SIZE + 2)
    cells = cells.unfold(1, SIZE, SIZE + 2)  # [rows, columns, SIZE, SIZE], 2 pixels apart
    shown_labels, shown_latents = cells[..., 0, 0], cells[..., 0, -1]
    levels = (torch.arange(10) / 10 * 127.5 + 127.5).round().byte()
    assert shown_labels.tolist() == levels.unsqueeze(1).expand(10, 8).tolist()
    assert (shown_latents == shown_latents[0]).all()
    assert len(shown_latents[0].unique()) == 8


@pytest.mark.parametrize("counts", [[100, 300, 600], [0, 5, 5], [7]])
def test_sample_labels_are_as_frequent_as_in_the_data(counts):
    labels = sample_labels(0, counts, 20_000)
    shares = labels.bincount(minlength=len(counts)) / len(labels)
    expected = torch.tensor(counts) / sum(counts)
    error = 5 * (expected * (1 - expected) / len(labels)).sqrt()
    assert len(shares) == len(counts) and ((shares - expected).abs() <= error).all()


def test_a_longer_list_of_sample_labels_begins_alike_and_seeds_differ():
    labels = sample_labels(3, [1] * 10, 500)
    assert torch.equal(sample_labels(3, [1] * 10, 40), labels[:40])
    assert not torch.equal(sample_labels(4, [1] * 10, 500), labels)
