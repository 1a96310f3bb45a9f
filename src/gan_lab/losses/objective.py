"""What a GAN minimises: the contract between losses, penalties and the training step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from gan_lab.losses.lecam import LeCam

Critic = Callable[[Tensor], Tensor]  # images [B, C, H, W] -> logits [B]


class Penalty(Protocol):
    """A weighted term added to the discriminator's loss."""

    # The random inputs it asks for: "uniform" is [B] on [0, 1), "normal" is shaped as the images.
    noise: tuple[str, ...]

    def __call__(
        self, critic: Critic, real: Tensor, fake: Tensor, noise: Mapping[str, Tensor] | None
    ) -> Tensor:
        """Return the weighted penalty, a scalar that can be differentiated."""


@dataclass(frozen=True)
class GanLoss:
    """The objective of both players, as functions of logits [B] that return scalars.

    `discriminator(real_logits, fake_logits)`; `generator(real_logits, fake_logits)`, where
    real_logits is None unless the loss is `relativistic`. A step is `discriminator_steps` updates
    of D, each followed by weight clipping to [-clip, clip] if set, then `generator_steps` of G.
    `lecam`, where there is one, is a term of D's outputs and their moving averages. `output` is
    what the d/* curves show: "probability" (mean sigmoid) or "score" (mean logit).
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor | None, Tensor], Tensor]
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    lecam: LeCam | None = None
    discriminator_steps: int = 1
    generator_steps: int = 1
    clip: float | None = None
    relativistic: bool = False
    output: str = "probability"
