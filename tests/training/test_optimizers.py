"""Rates, betas, clipping and numbers of updates reach the optimizers as they are set."""

import pytest
import torch
from torch import nn

from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step
from tiny_state import make_state

# --- gradient clipping ---------------------------------------------------------------------------


def gradient_norm(network: nn.Module) -> float:
    gradients = [weights.grad.flatten() for weights in network.parameters()]
    return torch.cat(gradients).norm().item()


@pytest.mark.parametrize("player", ["d", "g"])
def test_clipping_bounds_what_the_optimizer_gets_and_not_what_is_logged(player):
    """One player at a time, from the same weights, so that both runs have the same gradient."""
    other = "generator_steps=0" if player == "d" else "discriminator_steps=0"
    free = make_state(other)
    norm = take_step(free, 0)[f"grad_norm/{player}"].item()
    for bound, expected in [(norm / 10, norm / 10), (norm * 10, norm)]:
        clipped = make_state(other, f"gradient_clip={bound}")
        assert take_step(clipped, 0)[f"grad_norm/{player}"].item() == pytest.approx(norm, rel=1e-6)
        network = clipped.discriminator if player == "d" else clipped.generator
        assert gradient_norm(network) == pytest.approx(expected, rel=1e-4)


def test_clipping_keeps_the_direction():
    free, clipped = (
        make_state("generator_steps=0"),
        make_state("generator_steps=0", "gradient_clip=0.001"),
    )
    for state in (free, clipped):
        take_step(state, 0)
    gradients = [
        torch.cat([weights.grad.flatten() for weights in state.discriminator.parameters()])
        for state in (free, clipped)
    ]
    assert torch.cosine_similarity(*gradients, dim=0).item() == pytest.approx(1, abs=1e-5)


# --- rates and steps -----------------------------------------------------------------------------


def rates(state: TrainingState) -> tuple[float, float]:
    optimizers = (state.optimizer_g, state.optimizer_d)
    (pair,) = zip(*({group["lr"] for group in one.param_groups} for one in optimizers), strict=True)
    return pair


@pytest.mark.parametrize(("step", "share"), [(0, 1), (1, 0.99), (50, 0.5), (99, 0.01)])
def test_rates_fall_linearly_to_nothing(step, share):
    settings = ("lr_g=4e-3", "lr_d=2e-3", "steps=100")
    falling, constant = make_state(*settings, "lr_decay=linear"), make_state(*settings)
    for state in (falling, constant):
        take_step(state, step)  # also the first of a resumed run
    assert rates(falling) == pytest.approx((share * 4e-3, share * 2e-3))
    assert rates(constant) == (4e-3, 2e-3)


@pytest.mark.parametrize(
    ("length", "steps"), [("steps=40", 40), ("epochs=2", 240), ("images=1201", 101)]
)
def test_rates_fall_over_the_length_however_it_is_given(length, steps):
    state = make_state("lr_decay=linear", length)  # 2 * 1438 / 12 = 239.7 and 1201 / 12 = 100.1
    state.decay_learning_rates(steps - 1)
    assert rates(state) == pytest.approx((2e-4 / steps, 2e-4 / steps))


def test_rates_and_betas_reach_their_optimizers():
    state = make_state("lr_g=3e-3", "lr_d=1e-3", "beta1=0.1", "beta2=0.7")
    assert rates(state) == (3e-3, 1e-3)
    for optimizer, player in [
        (state.optimizer_g, state.generator),
        (state.optimizer_d, state.discriminator),
    ]:
        (group,) = optimizer.param_groups
        assert group["betas"] == (0.1, 0.7)
        assert list(map(id, group["params"])) == list(map(id, player.parameters()))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [("", (2e-4, 2e-4)), ("lr=1e-3", (1e-3, 1e-3)), ("lr=1e-3 lr_d=5e-4", (1e-3, 5e-4))],
)
def test_one_rate_feeds_both(settings, expected):
    assert rates(make_state(*settings.split())) == expected


@pytest.mark.parametrize("name", ["n_critic", "discriminator_steps", "loss.discriminator_steps"])
def test_numbers_of_updates_reach_the_loss(name):
    state = make_state("loss=wgan_gp", f"{name}=3", "generator_steps=2")
    assert (state.loss.discriminator_steps, state.loss.generator_steps) == (3, 2)
    assert state.batches.discriminator_steps == 3
