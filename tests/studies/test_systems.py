"""Every system: its parameters counted, and every model with every objective."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from conf_experiments import listed
from gan_lab.config.checks import check_fit
from gan_lab.config.compose import jobs
from gan_lab.data import ImageDataset, digits
from gan_lab.losses import Critic
from gan_lab.training import build
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import fakes_and_critics, take_step

IMAGE_MODELS = [name for name in listed("model") if not name.startswith("point_")]
OBJECTIVES = [*(f"loss={name}" for name in listed("loss")), "loss=rpgan penalty=[r1,r2]"]
TINY = ["dataset=digits", "image_size=16", "latent_dim=3", "hidden_dim=4"]
DATA = digits(16)


def make_state(*settings: str, data: ImageDataset = DATA, batch_size: int = 8) -> TrainingState:
    (job,) = jobs([*TINY, f"batch_size={batch_size}", *settings], False)
    config = job.config
    check_fit(config)
    return build.training_state(config, data, torch.device("cpu"))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# --- sizes ---------------------------------------------------------------------------------------

SYSTEM_C = "model=dcgan hidden_dim=64 latent_dim=256"
SYSTEM_D = "model=dcgan_instance conv_dim=32"
SYSTEM_E = "model=dcgan_k5 hidden_dim=64 latent_dim=100"


@pytest.mark.parametrize(
    ("settings", "generator", "discriminator"),
    [
        (SYSTEM_C, 4_854_656, 2_765_568),
        (SYSTEM_D, None, 693_760),
        (SYSTEM_E, 5_142_083, 4_316_545),
        (f"{SYSTEM_E} loss=wgan_gp", 5_142_083, 4_314_753),  # no batch norm in the critic
        (f"{SYSTEM_E} loss=lsgan penalty=[r1]", 5_142_083, 4_314_753),
    ],
)
def test_parameters_of_rgb_systems_at_64(settings, generator, discriminator):
    (job,) = jobs([*settings.split(), "image_size=64"], False)
    config = replace(job.config, shape=(3, 64, 64))
    networks = build.networks(config)
    assert generator in (None, count(networks[0]))
    assert discriminator == count(networks[1])


# --- every model with every objective ------------------------------------------------------------


def last_turn(state: TrainingState) -> tuple[Tensor, Tensor, Critic]:
    """The real and fake images of step 1's last discriminator turn, and its critic."""
    turn = state.loss.discriminator_steps - 1
    fake, critics = fakes_and_critics(state, 1, turn, with_graph=False)
    return state.batches.real(1, turn), fake, critics.fake


def moves_all_logits_alike(state: TrainingState, weights: Tensor) -> bool:
    """Whether every logit of D, real or fake, has the same derivative in these weights.

    A bias of the last layer has; one before batch norm has (none); and one whose units keep their
    side of the kink for all images, as in a small network with clipped weights.
    """
    real, fake, critic = last_turn(state)
    logits = torch.cat([critic(real), critic(fake)])
    rows = [torch.autograd.grad(logit, weights, retain_graph=True)[0] for logit in logits]
    return torch.allclose(torch.stack(rows), rows[0].expand(len(rows), *rows[0].shape), atol=1e-7)


def ignores_a_shift_of_all_logits(state: TrainingState) -> bool:
    """Whether D's loss stays if all logits move alike: as in wgan, rpgan, or hinge's margins."""
    real, fake, critic = last_turn(state)
    logits = [critic(images).detach().requires_grad_() for images in (real, fake)]
    slopes = torch.autograd.grad(state.loss.discriminator(*logits), logits)
    return abs(sum(slope.sum().item() for slope in slopes)) < 1e-6


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("model", IMAGE_MODELS)
def test_after_two_steps_every_weight_has_a_gradient(model, objective):
    state = make_state(f"model={model}", *objective.split())
    for step in range(2):
        take_step(state, step)
    assert state.is_finite()
    for player in (state.generator, state.discriminator):
        for name, weights in player.named_parameters():
            assert weights.grad is not None and weights.grad.isfinite().all(), name
            if not weights.grad.any():  # only what cannot matter
                assert player is state.discriminator, name
                assert ignores_a_shift_of_all_logits(state), name
                assert moves_all_logits_alike(state, weights), name


@pytest.mark.parametrize("model", IMAGE_MODELS)
def test_on_64_images_the_loss_of_the_discriminator_falls(model):
    """Against a generator that stands still: real images recur, generated ones are new."""
    few = replace(DATA, images=DATA.images[:64], labels=DATA.labels[:64])
    settings = ("generator_steps=0", "lr=5e-4", f"model={model}")
    state = make_state(*settings, data=few, batch_size=64)
    losses = [take_step(state, step)["loss/d"].item() for step in range(50)]
    assert max(losses[-5:]) < 0.9 * losses[0]
