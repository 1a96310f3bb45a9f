"""The GAN: one update of each player.

A critic is the discriminator with everything bound that is the same for all its calls in a step,
so that the steps and the penalties see only critic(images) -> logits [B].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from gan_lab.losses import Critic, GanLoss, Penalty
from gan_lab.models import call
from gan_lab.training.batches import Side
from gan_lab.training.rng import torch_seed
from gan_lab.training.state import TrainingState


@dataclass(frozen=True)
class Critics:
    """The discriminator in one turn, as it judges real and as it judges fake images.

    Noise and augmentation of both have the same random numbers where each mean of a loss is over
    one of them: nothing but the variance of their difference depends on it, and that is smaller. A
    relativistic loss is a mean over pairs, in which equal numbers partly cancel, so that D would be
    shown less noise than was asked for: there the real images have their own.
    """

    real: Critic
    fake: Critic


def bind(
    discriminator: nn.Module,
    labels: Tensor | None = None,
    noise: Tensor | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
) -> Critic:
    """Return critic(images [B, C, H, W]) -> logits [B] for one turn.

    Whatever the critic is shown is augmented, and then `noise`, shaped as the images, is added to
    it (Sønderby et al. 2017, arXiv 1610.04490, section 3: instance noise).
    """

    def critic(images: Tensor) -> Tensor:
        shown = images if augment is None else augment(images)
        return call(discriminator, shown if noise is None else shown + noise, labels)

    return critic


def in_bf16(function: Callable[..., Tensor], device: torch.device) -> Callable[..., Tensor]:
    """Return the function with its convolutions and products in bfloat16, its result in float32.

    For forwards alone. Weights, losses and optimizers stay in float32, and penalties are given the
    critic itself: a gradient of gradients has too small terms for 8 bits of precision.
    """

    def rounded(*inputs: Any) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            made = function(*inputs)
        return made.float()

    return rounded


def packed(images: Tensor, pack: int) -> Tensor:
    """Join every `pack` images along the channels: [B, C, H, W] -> [B / pack, pack C, H, W].

    PacGAN (Lin et al. 2018, arXiv 1712.04086): the discriminator judges several images together,
    so that a lack of variety shows.
    """
    return images.unflatten(0, (-1, pack)).flatten(1, 2) if pack > 1 else images


def take_step(state: TrainingState, step: int) -> dict[str, Tensor]:
    """Update both players once and return scalars to log, unread: reading waits for the device."""
    loss, batches = state.loss, state.batches
    scalars: dict[str, Tensor] = {}
    torch.manual_seed(torch_seed(batches.seed, "layers", step))  # for networks that draw: dropout
    state.decay_learning_rates(step)
    real = fake = None
    for turn in range(loss.discriminator_steps):
        # The generator learns through the fakes of the last turn; the others need no graph.
        reused = loss.generator_steps > 0 and turn == loss.discriminator_steps - 1
        fake, critics = fakes_and_critics(state, step, turn, with_graph=reused)
        real = packed(batches.real(step, turn), batches.pack)
        noise = batches.penalty_noise(step, turn, loss)
        scalars |= discriminator_step(state, critics, real, fake, noise)
    for turn in range(loss.generator_steps):
        if turn > 0 or fake is None:
            fresh = loss.discriminator_steps + turn
            fake, critics = fakes_and_critics(state, step, fresh, with_graph=True)
            real = packed(batches.real(step, fresh), batches.pack) if loss.relativistic else None
        scalars |= generator_step(state, critics, real if loss.relativistic else None, fake)
    return scalars


def fakes_and_critics(
    state: TrainingState, step: int, turn: int, with_graph: bool
) -> tuple[Tensor, Critics]:
    """Return the generated images of a turn, as D sees them, and the critics of the turn.

    `with_graph`: whether they carry gradients to the generator.
    """
    batches = state.batches
    labels = batches.labels(step, turn)
    make = in_bf16(call, batches.device) if state.precision == "bf16" else call
    with torch.set_grad_enabled(with_graph):
        fake = make(state.generator, batches.latents(step, turn), labels)
    probability = state.carried.ada.probability if state.carried.ada else None

    def critic_of(side: Side) -> Critic:
        augment = batches.critic_augment(step, turn, probability, side)
        return bind(state.discriminator, labels, batches.critic_noise(step, turn, side), augment)

    of_fake = critic_of("fake")
    of_real = critic_of("real") if batches.noise_apart else of_fake
    return packed(fake, batches.pack), Critics(of_real, of_fake)


def discriminator_step(
    state: TrainingState,
    critics: Critics,
    real: Tensor,
    fake: Tensor,
    noise: Mapping[str, Tensor] | None,
) -> dict[str, Tensor]:
    """Update D once on images in [-1, 1] (both [B, C, H, W]) and return scalars to log, unread."""
    loss, fake = state.loss, fake.detach()
    judges = _rounded(critics, real.device) if state.precision == "bf16" else critics
    # Two passes: batch norm sees real and fake images apart.
    real_logits, fake_logits = judges.real(real), judges.fake(fake)
    value = loss.discriminator(real_logits, fake_logits)
    penalties = {
        name: penalty(critics.fake, real, fake, _declared(penalty, noise))
        for name, penalty in loss.penalties.items()
    }
    ada, averages = state.carried.ada, state.carried.averages
    if ada:
        ada.update(real_logits.detach())
    if loss.lecam and averages:
        averages.update(real_logits, fake_logits)
        penalties["lecam"] = loss.lecam(real_logits, fake_logits, averages.real, averages.fake)
    total = sum(penalties.values(), value)
    state.optimizer_d.zero_grad()
    total.backward()
    gradient_norm = _gradient_norm(state.discriminator, state.gradient_clip)
    state.optimizer_d.step()
    if loss.clip is not None:
        with torch.no_grad():
            for parameter in state.discriminator.parameters():
                parameter.clamp_(-loss.clip, loss.clip)
    return {
        "loss/d": value.detach(),
        "d/real": _mean_output(loss, real_logits),
        "d/fake_1": _mean_output(loss, fake_logits),
        "d/accuracy": _accuracy(real_logits.detach(), fake_logits.detach()),
        **{f"penalty/{name}": term.detach() for name, term in penalties.items()},
        "grad_norm/d": gradient_norm,
        **({"augment/probability": ada.probability.clone()} if ada else {}),
    }


def generator_step(
    state: TrainingState, critics: Critics, real: Tensor | None, fake: Tensor
) -> dict[str, Tensor]:
    """Update G once through `fake`, which carries its gradients; `real` only if relativistic."""
    judges = _rounded(critics, fake.device) if state.precision == "bf16" else critics
    state.discriminator.requires_grad_(False)  # its weights get no gradients: 6 to 9 % of a step
    real_logits = judges.real(real) if real is not None else None
    fake_logits = judges.fake(fake)
    value = state.loss.generator(real_logits, fake_logits)
    state.optimizer_g.zero_grad()
    value.backward()
    state.discriminator.requires_grad_(True)
    gradient_norm = _gradient_norm(state.generator, state.gradient_clip)
    state.optimizer_g.step()
    return {
        "loss/g": value.detach(),
        "d/fake_2": _mean_output(state.loss, fake_logits),
        "grad_norm/g": gradient_norm,
    }


def _rounded(critics: Critics, device: torch.device) -> Critics:
    return Critics(in_bf16(critics.real, device), in_bf16(critics.fake, device))


def _declared(penalty: Penalty, noise: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
    """Return the random inputs that a penalty asked for, or None if it asked for none."""
    return {name: noise[name] for name in penalty.noise} if noise and penalty.noise else None


def _mean_output(loss: GanLoss, logits: Tensor) -> Tensor:
    logits = logits.detach()
    return (logits.sigmoid() if loss.output == "probability" else logits).mean()


def _accuracy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the share of pairs (real, fake) that D ranks rightly, ties counting half.

    1/2 is chance. Unlike a count at logit 0 it needs no threshold, and means the same for any loss.
    """
    return (1 + (real_logits[:, None] - fake_logits).sign().mean()) / 2


def _gradient_norm(network: nn.Module, clip: float | None) -> Tensor:
    """Return the norm of all gradients before they are clipped to a norm of `clip`."""
    weights = [parameter for parameter in network.parameters() if parameter.grad is not None]
    norm = get_total_norm([weight.grad for weight in weights if weight.grad is not None])
    if clip is not None:
        clip_grads_with_norm_(weights, clip, norm)
    return norm
