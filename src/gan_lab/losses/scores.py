"""Losses whose discriminator gives a score that is no probability.

`gan-lab explain` prints the docstrings below; real and fake are D's outputs [B].
"""

from collections.abc import Mapping

from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_lab.losses.objective import GanLoss, Penalty


def lsgan(discriminator_steps: int = 1, generator_steps: int = 1) -> GanLoss:
    """Return least squares with targets 1 for real and 0 for fake.

    D minimises (mean((real - 1) ** 2) + mean(fake ** 2)) / 2
    G minimises mean((fake - 1) ** 2) / 2

    Source: Mao et al. 2017 (arXiv 1611.04076), equation 9, with the factor 1/2 in both players.
    When it trains: d/real and d/fake_1 lie on either side of 1/2, loss/d well below its value at
    1/2, which is 1/4.
    When it fails: d/fake_1 sits at 0 and loss/g at 1/2; unlike cross entropy the gradient does not
    vanish there, so that G may still recover.
    """
    return GanLoss(
        discriminator=lambda real, fake: ((real - 1).square().mean() + fake.square().mean()) / 2,
        generator=lambda real, fake: (fake - 1).square().mean() / 2,
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
        output="score",
    )


def wasserstein(
    discriminator_steps: int = 5,
    generator_steps: int = 1,
    clip: float | None = None,
    penalties: Mapping[str, Penalty] | None = None,
) -> GanLoss:
    """Return the Wasserstein game: D is a critic whose mean outputs are driven apart.

    D minimises mean(fake) - mean(real)
    G minimises -mean(fake)

    Source: Arjovsky et al. 2017 (arXiv 1701.07875), equation 2. The critic must be Lipschitz:
    `wgan` clips its weights to [-clip, clip] after each update (algorithm 1 there), `wgan_gp` adds
    a gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028, algorithm 1), of which `wgan_lp`
    has only the side above 1 (Petzka et al. 2018, arXiv 1709.08894).
    When it trains: -loss/d, the estimate of the distance times the Lipschitz constant, rises
    quickly and then falls slowly as the samples get better: the one loss curve of a GAN that means
    something. penalty/gradient_penalty settles well below lambda.
    When it fails: -loss/d grows for thousands of steps (nothing bounds the critic), or hovers at 0
    with samples that stay grey (the clip is too tight for so small a network).
    """
    return GanLoss(
        discriminator=lambda real, fake: fake.mean() - real.mean(),
        generator=lambda real, fake: -fake.mean(),
        penalties=penalties or {},
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
        clip=clip,
        output="score",
    )


def hinge(discriminator_steps: int = 1, generator_steps: int = 1) -> GanLoss:
    """Return the hinge game: D stops caring for what is beyond the margins 1 and -1.

    D minimises mean(relu(1 - real)) + mean(relu(1 + fake))
    G minimises -mean(fake)

    Source: Lim & Ye 2017 (arXiv 1705.02894); Miyato et al. 2018 (arXiv 1802.05957), equation 16.
    When it trains: loss/d is between 0 and 2 (its value when D cannot tell), d/real and d/fake_1
    around the margins.
    When it fails: loss/d is 0 and stays there: no sample is within the margins, and D learns no
    more.
    """
    return GanLoss(
        discriminator=lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
        generator=lambda real, fake: -fake.mean(),
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
        output="score",
    )


def rpgan(discriminator_steps: int = 1, generator_steps: int = 1) -> GanLoss:
    """Return relativistic pairing: each player wants its images to score above the other's.

    D minimises mean(softplus(fake - real))
    G minimises mean(softplus(real - fake))

    Source: Jolicoeur-Martineau 2018 (arXiv 1807.00734), section 4.1. With penalty=[r1,r2] it is the
    objective of R3GAN (Huang et al. 2024, arXiv 2501.05441, equation 2); with r1 alone it diverges
    easily.
    When it trains: loss/d stays somewhat below log 2 = 0.693, its value when D cannot tell; only
    the difference of d/real and d/fake_1 means something, for a constant cancels.
    When it fails: loss/d goes to 0 and loss/g grows; without penalties this is the rule.
    """
    return GanLoss(
        discriminator=_above_fake,
        generator=_above_real,
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
        relativistic=True,
        output="score",
    )


def _above_fake(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-_difference(real, fake)).mean()


def _above_real(real: Tensor | None, fake: Tensor) -> Tensor:
    assert real is not None, "a relativistic generator step is given the real logits"
    return softplus(_difference(real, fake)).mean()


def _difference(real: Tensor, fake: Tensor) -> Tensor:
    """Return real - fake of pairs of logits. Raises ValueError for other shapes: [B, 1] and [B]
    would make all B x B pairs."""
    if real.shape != fake.shape:
        shapes = f"{list(real.shape)} and {list(fake.shape)}"
        raise ValueError(f"pairs need real and fake logits of one shape, got {shapes}")
    return real - fake
