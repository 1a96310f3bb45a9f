"""The GAN itself: a step against a plain loop, and what each player may touch."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

import pytest
import torch
from beartype import beartype
from jaxtyping import Float, jaxtyped
from torch import Tensor, nn

from gan_lab import load_loss
from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import jobs
from gan_lab.data import digits
from gan_lab.losses import Critic, GanLoss
from gan_lab.training import build
from gan_lab.training.batches import Batches
from gan_lab.training.loop import Progress, read_line
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import (
    Critics,
    bind,
    discriminator_step,
    generator_step,
    take_step,
)

LOSSES = sorted(path.stem for path in (conf_directory() / "loss").glob("*.yaml"))
SIZE, BATCH, LATENT, WIDTH = 16, 8, 3, 4
RATE_G, RATE_D, BETAS = 2e-3, 1e-3, (0.5, 0.99)
TINY = [
    "model=dcgan",
    "dataset=digits",
    "logger=none",
    f"image_size={SIZE}",
    f"batch_size={BATCH}",
    f"latent_dim={LATENT}",
    f"hidden_dim={WIDTH}",
    f"lr_g={RATE_G}",
    f"lr_d={RATE_D}",
    f"beta1={BETAS[0]}",
    f"beta2={BETAS[1]}",
]
DATA = digits(SIZE)


@dataclass(frozen=True)
class Recorder(Batches):
    """Draws what a run draws, in float64, and keeps it."""

    reals: list[Tensor] = field(default_factory=list)
    drawn: list[Tensor] = field(default_factory=list)

    def real(self, step: int, turn: int) -> Tensor:
        self.reals.append(super().real(step, turn).double())
        return self.reals[-1]

    def latents(self, step: int, turn: int) -> Tensor:
        self.drawn.append(super().latents(step, turn).double())
        return self.drawn[-1]


def make_state(*settings: str) -> TrainingState:
    """The tiny problem in float64."""
    job = jobs([*TINY, *settings], False)[0]
    state = build.training_state(job.config, DATA, torch.device("cpu"))
    for player in (state.generator, state.discriminator, state.average):
        player.double()
    return replace(state, batches=Recorder(**vars(state.batches)))


def copies(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def moved(network: nn.Module, before: list[Tensor]) -> bool:
    return not all(map(torch.equal, network.parameters(), before))


def updates(optimizer: torch.optim.Optimizer) -> set[float]:
    """How many updates each parameter has had."""
    parameters = optimizer.param_groups[0]["params"]
    return {float(optimizer.state[one].get("step", 0)) for one in parameters}


# --- against a plain loop ------------------------------------------------------------------------


def plain_networks() -> tuple[nn.Module, nn.Module]:
    """DCGAN for 16x16 grey images, as a tutorial writes it."""
    generator = nn.Sequential(
        nn.ConvTranspose2d(LATENT, 2 * WIDTH, 4, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, WIDTH, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 1, 4, bias=False),
        nn.Flatten(0),
    )
    return generator.double(), discriminator.double()


def plain_loop(
    generator: nn.Module,
    discriminator: nn.Module,
    batches: Iterator[tuple[Tensor, Tensor]],
    saturating: bool,
) -> list[dict[str, float]]:
    """Train as DCGAN's reference implementation does, on batches of (real images, latents)."""
    entropy = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(BATCH).double(), torch.zeros(BATCH).double()
    adam_g = torch.optim.Adam(generator.parameters(), RATE_G, BETAS)
    adam_d = torch.optim.Adam(discriminator.parameters(), RATE_D, BETAS)
    lines = []
    for real, latents in batches:
        adam_d.zero_grad()
        on_real = discriminator(real)
        loss_real = entropy(on_real, ones)
        loss_real.backward()
        fake = generator(latents[:, :, None, None])
        on_fake = discriminator(fake.detach())
        loss_fake = entropy(on_fake, zeros)
        loss_fake.backward()
        adam_d.step()

        adam_g.zero_grad()
        on_fake_again = discriminator(fake)
        loss_g = -entropy(on_fake_again, zeros) if saturating else entropy(on_fake_again, ones)
        loss_g.backward()
        adam_g.step()
        lines.append(
            {
                "loss/d": (loss_real + loss_fake).item(),
                "loss/g": loss_g.item(),
                "d/real": on_real.sigmoid().mean().item(),
                "d/fake_1": on_fake.sigmoid().mean().item(),
                "d/fake_2": on_fake_again.sigmoid().mean().item(),
            }
        )
    return lines


@pytest.mark.parametrize("loss", ["nonsaturating", "minimax"])
def test_ten_steps_are_those_of_a_plain_loop(loss):
    state = make_state(f"loss={loss}")
    generator, discriminator = plain_networks()
    with torch.no_grad():
        for plain, ours in [(generator, state.generator), (discriminator, state.discriminator)]:
            for parameter, start in zip(plain.parameters(), ours.parameters(), strict=True):
                parameter.copy_(start)
    lines = [take_step(state, step) for step in range(10)]
    batches = zip(state.batches.reals, state.batches.drawn, strict=True)
    expected = plain_loop(generator, discriminator, batches, saturating=loss == "minimax")
    for line, plain in zip(lines, expected, strict=True):
        assert {name: line[name].item() for name in plain} == pytest.approx(plain, abs=1e-10)
    for plain, ours in [(generator, state.generator), (discriminator, state.discriminator)]:
        states = (dict(enumerate(net.state_dict().values())) for net in (ours, plain))
        torch.testing.assert_close(*states, rtol=0, atol=1e-10)


# --- what each player touches --------------------------------------------------------------------


def player_inputs(state: TrainingState) -> tuple[Critic, Tensor, Tensor]:
    fake = state.generator(state.batches.latents(0, 0))
    return bind(state.discriminator), state.batches.real(0, 0), fake


def test_the_discriminator_step_leaves_the_generator_alone():
    state = make_state()
    critic, real, fake = player_inputs(state)
    before_g, before_d = copies(state.generator), copies(state.discriminator)
    discriminator_step(state, Critics(critic, critic), real, fake, None)
    assert moved(state.discriminator, before_d) and not moved(state.generator, before_g)
    assert all(parameter.grad is None for parameter in state.generator.parameters())


def test_the_generator_step_leaves_the_discriminator_alone():
    state = make_state()
    critic, _, fake = player_inputs(state)
    before_g, before_d = copies(state.generator), copies(state.discriminator)
    generator_step(state, Critics(critic, critic), None, fake)
    assert moved(state.generator, before_g) and not moved(state.discriminator, before_d)
    assert all(parameter.grad is None for parameter in state.discriminator.parameters())
    assert all(parameter.requires_grad for parameter in state.discriminator.parameters())


def test_a_step_depends_on_the_state_and_its_place_alone():
    state, resumed = make_state(), make_state()
    for step in range(3):
        take_step(state, step)
    resumed.load(deepcopy(state.checkpoint(Progress(3).numbers())))
    lines = [take_step(one, 3) for one in (state, resumed)]
    torch.testing.assert_close(*lines, rtol=0, atol=0)


@pytest.mark.parametrize("turns_d", [0, 1, 2])
@pytest.mark.parametrize("turns_g", [0, 1, 2])
def test_numbers_of_updates_and_of_images(turns_d, turns_g):
    state = make_state(f"discriminator_steps={turns_d}", f"generator_steps={turns_g}")
    before_g, before_d = copies(state.generator), copies(state.discriminator)
    for step in range(3):
        scalars = take_step(state, step)
    assert updates(state.optimizer_d) == {3 * turns_d}
    assert updates(state.optimizer_g) == {3 * turns_g}
    assert moved(state.discriminator, before_d) == (turns_d > 0)
    assert moved(state.generator, before_g) == (turns_g > 0)
    assert {"loss/d", "d/real", "d/fake_1"} <= scalars.keys() or turns_d == 0
    assert {"loss/g", "d/fake_2"} <= scalars.keys() or turns_g == 0
    line = read_line(state, Progress(step=3), scalars, {})
    assert line["images"] == 3 * turns_d * BATCH == sum(map(len, state.batches.reals))


@pytest.mark.parametrize(("turns_d", "turns_g"), [(0, 2), (1, 1), (2, 0), (2, 2), (3, 1)])
def test_only_the_first_generator_turn_reuses_fakes(turns_d, turns_g):
    state = make_state(f"discriminator_steps={turns_d}", f"generator_steps={turns_g}")
    for step in range(4):
        take_step(state, step)
    reused = 1 if turns_d and turns_g else 0
    assert len(state.batches.drawn) == 4 * (turns_d + turns_g - reused)
    assert len(torch.cat(state.batches.drawn).unique()) == len(state.batches.drawn) * BATCH * LATENT


def test_discriminator_turns_share_an_epoch_without_repetition():
    state = make_state("discriminator_steps=2")
    state = replace(state, batches=replace(state.batches, batch_size=200))
    for step in range(3):  # 6 of the 7 batches of an epoch; no two digits are alike
        take_step(state, step)
    assert len(torch.cat(state.batches.reals).unique(dim=0)) == 1200


def test_a_relativistic_generator_alone_sees_new_images_each_step():
    state = make_state("discriminator_steps=0")
    loss = replace(state.loss, relativistic=True, generator=lambda a, b: (a - b).mean())
    for step in range(2):
        take_step(replace(state, loss=loss), step)
    assert not torch.equal(*state.batches.reals)


# --- curves, clipping, penalties -----------------------------------------------------------------


@pytest.mark.parametrize("output", ["probability", "score"])
def test_curves_are_the_discriminator_before_and_after_its_update(output):
    state = make_state()
    shown = torch.sigmoid if output == "probability" else torch.clone
    critic, real, fake = player_inputs(state)
    with torch.no_grad():
        before = [shown(critic(images)).mean().item() for images in (real, fake)]
    scalars = take_step(replace(state, loss=replace(state.loss, output=output)), 0)
    with torch.no_grad():
        after = shown(critic(fake)).mean().item()
    found = [scalars[name].item() for name in ("d/real", "d/fake_1", "d/fake_2")]
    assert found == pytest.approx([*before, after], abs=1e-12)
    assert abs(after - before[1]) > 1e-4


def test_gradient_norms_are_over_all_weights():
    state = make_state()
    scalars = take_step(state, 0)
    for name, player in [("d", state.discriminator), ("g", state.generator)]:
        gradients = torch.cat([parameter.grad.flatten() for parameter in player.parameters()])
        assert scalars[f"grad_norm/{name}"].item() == pytest.approx(gradients.norm().item())


def test_clipping_holds_every_weight_of_the_discriminator():
    state = make_state()
    before = copies(state.generator)
    take_step(replace(state, loss=replace(state.loss, clip=0.01)), 0)
    assert max(parameter.abs().max() for parameter in state.discriminator.parameters()) == 0.01
    assert any((weights.abs() > 0.01).any() for weights in before)
    assert any((weights.abs() > 0.01).any() for weights in state.generator.parameters())


@dataclass
class Spy:
    """A penalty that keeps what it was given: weight * E critic(real)^2."""

    noise: tuple[str, ...]
    weight: float = 3.0
    seen: list = field(default_factory=list)

    def __call__(
        self, critic: Critic, real: Tensor, fake: Tensor, noise: Mapping[str, Tensor] | None
    ) -> Tensor:
        self.seen.append((real, fake, noise))
        return self.weight * critic(real).square().mean()


def test_penalties_are_given_images_and_the_noise_they_declared():
    state, spy = make_state("discriminator_steps=2"), Spy(noise=("uniform",))
    take_step(replace(state, loss=replace(state.loss, penalties={"spy": spy})), 0)
    assert len(spy.seen) == 2
    for turn, (real, fake, noise) in enumerate(spy.seen):
        assert torch.equal(real, state.batches.reals[turn])
        assert fake.shape == real.shape and not fake.requires_grad
        assert noise.keys() == {"uniform"} and noise["uniform"].shape == (BATCH,)
        assert noise["uniform"].min() >= 0 and noise["uniform"].max() < 1
        assert len(noise["uniform"].unique()) == BATCH
    assert not torch.equal(spy.seen[0][2]["uniform"], spy.seen[1][2]["uniform"])


def test_penalties_that_declare_no_noise_get_none():
    state, spy = make_state(), Spy(noise=())
    take_step(replace(state, loss=replace(state.loss, penalties={"spy": spy})), 0)
    assert [noise for _, _, noise in spy.seen] == [None]


def test_penalties_are_added_to_what_the_discriminator_descends():
    state = make_state()
    critic, real, fake = player_inputs(state)
    on_real, weights = critic(real), list(state.discriminator.parameters())
    penalty = 3 * on_real.square().mean()
    value = state.loss.discriminator(on_real, critic(fake.detach()))
    gradients = torch.autograd.grad(value + penalty, weights)
    expected = [
        weight.detach() - 0.1 * step for weight, step in zip(weights, gradients, strict=True)
    ]
    loss = replace(state.loss, penalties={"spy": Spy(noise=())})
    state = replace(state, optimizer_d=torch.optim.SGD(weights, lr=0.1), loss=loss)
    scalars = discriminator_step(state, Critics(critic, critic), real, fake, None)
    torch.testing.assert_close(copies(state.discriminator), expected, rtol=0, atol=1e-12)
    assert scalars["loss/d"].item() == pytest.approx(value.item(), abs=1e-12)
    assert scalars["penalty/spy"].item() == pytest.approx(penalty.item(), abs=1e-12)


# --- shapes --------------------------------------------------------------------------------------

Logits = Float[Tensor, " batch"]
Scalar = Float[Tensor, ""]


def with_checked_shapes(loss: GanLoss) -> GanLoss:
    """The loss, refusing logits [B, 1], which would broadcast against [B] in silence."""

    @jaxtyped(typechecker=beartype)
    def discriminator(real: Logits, fake: Logits) -> Scalar:
        return loss.discriminator(real, fake)

    @jaxtyped(typechecker=beartype)
    def generator(real: Logits | None, fake: Logits) -> Scalar:
        return loss.generator(real, fake)

    return replace(loss, discriminator=discriminator, generator=generator)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_stepped_with_one_logit_an_image(name):
    state = make_state(f"loss={name}")
    state = replace(state, loss=with_checked_shapes(state.loss))
    scalars = take_step(state, 0)
    assert all(value.shape == () and value.isfinite() for value in scalars.values())
    assert load_loss(name).output == state.loss.output
