"""Penalties on the gradient of the critic with respect to its input.

Each sample has one norm, over all its pixels: a norm over the batch is another objective.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gan_lab.losses.objective import Critic


@dataclass(frozen=True)
class GradientPenalty:
    """Keep the critic's gradient at norm 1 between real and fake images.

    D's loss gains weight * mean((norm(gradient(u * real + (1 - u) * fake)) - 1) ** 2)

    with one u, uniform on [0, 1), for each sample. One-sided (`two_sided: false`), only norms above
    1 are penalised (Petzka et al. 2018, arXiv 1709.08894, equation 8).
    Source: Gulrajani et al. 2017 (arXiv 1704.00028), equation 3.
    When it trains: penalty/gradient_penalty begins at some units, where the critic is too steep,
    and falls with -loss/d, of which it stays a fraction.
    When it fails: it grows with the logits instead (lr_d or beta1 too high for it), or stays at
    `weight`, where every gradient is 0: the critic is flat and teaches G nothing.
    """

    weight: float = 10.0
    two_sided: bool = True
    noise: ClassVar[tuple[str, ...]] = ("uniform",)

    def __call__(
        self, critic: Critic, real: Tensor, fake: Tensor, noise: Mapping[str, Tensor] | None
    ) -> Tensor:
        assert noise is not None, "the gradient penalty declares that it needs uniform numbers"
        share = noise["uniform"].view(-1, *[1] * (real.ndim - 1))
        # norm, unlike the root of the squares, has a finite gradient where the critic is flat.
        gradients = input_gradients(critic, share * real + (1 - share) * fake)
        excess: Tensor = gradients.norm(dim=1) - 1
        return self.weight * (excess if self.two_sided else excess.relu()).square().mean()


@dataclass(frozen=True)
class DRAGAN:
    """Keep the critic's gradient at norm 1 around real images.

    D's loss gains weight * mean((norm(gradient(real + scale * std(real) * n)) - 1) ** 2)

    with n standard normal for each pixel, and one deviation of all pixels of the batch.
    Source: Kodali et al. 2017 (arXiv 1705.07215), algorithm 1. There the noise has a fixed
    variance; that it is half of the data's deviation is from the authors' code.
    When it trains: penalty/dragan is well below `weight`, for D's slope near the data is about 1.
    When it fails: it stays at `weight`, where every gradient is 0 and D is flat.
    """

    weight: float = 10.0
    scale: float = 0.5
    noise: ClassVar[tuple[str, ...]] = ("normal",)

    def __call__(
        self, critic: Critic, real: Tensor, fake: Tensor, noise: Mapping[str, Tensor] | None
    ) -> Tensor:
        assert noise is not None, "DRAGAN declares that it needs normal numbers"
        gradients = input_gradients(critic, real + self.scale * real.std() * noise["normal"])
        excess: Tensor = gradients.norm(dim=1) - 1
        return self.weight * excess.square().mean()


@dataclass(frozen=True)
class R1:
    """Keep the discriminator flat at real images.

    D's loss gains weight / 2 * mean(norm(gradient(real)) ** 2)

    Source: Mescheder et al. 2018 (arXiv 1801.04406), equation 9.
    When it trains: at weight 1 penalty/r1 stays at some hundredths, small beside loss/d, and both
    losses grow calm.
    When it fails: near 0 while loss/d falls to 0, it is too weak to hold D; above loss/d, with
    d/real and d/fake_1 almost equal, it is so strong that D cannot tell (weight).
    """

    weight: float = 1.0
    noise: ClassVar[tuple[str, ...]] = ()

    def __call__(
        self, critic: Critic, real: Tensor, fake: Tensor, noise: Mapping[str, Tensor] | None
    ) -> Tensor:
        return self.weight / 2 * input_gradients(critic, real).square().sum(1).mean()


@dataclass(frozen=True)
class R2:
    """Keep the discriminator flat at generated images.

    D's loss gains weight / 2 * mean(norm(gradient(fake)) ** 2)

    Source: Mescheder et al. 2018 (arXiv 1801.04406), equation 10.
    When it trains: penalty/r2 begins apart from penalty/r1 and comes to it, as generated images
    come to lie where real ones do.
    When it fails: the two stay apart, for D still treats samples as unlike the data; or as for r1.
    """

    weight: float = 1.0
    noise: ClassVar[tuple[str, ...]] = ()

    def __call__(
        self, critic: Critic, real: Tensor, fake: Tensor, noise: Mapping[str, Tensor] | None
    ) -> Tensor:
        return self.weight / 2 * input_gradients(critic, fake).square().sum(1).mean()


def input_gradients(critic: Critic, images: Tensor) -> Tensor:
    """Return grad D(x) of each sample [B, pixels], in a graph that reaches the critic's weights."""
    points = images.detach().requires_grad_(True)
    (gradients,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return gradients.flatten(1)
