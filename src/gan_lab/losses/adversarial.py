"""The losses of Goodfellow et al. 2014 (arXiv 1406.2661), in logits a, with D(x) = sigmoid(a).

-log sigmoid(a) = softplus(-a) and -log(1 - sigmoid(a)) = softplus(a), which stay finite where
sigmoid rounds to 0 or 1. `gan-lab explain` prints the docstrings below.
"""

from torch import Tensor
from torch.nn.functional import softplus

from gan_lab.losses.objective import GanLoss


def minimax(
    discriminator_steps: int = 1, generator_steps: int = 1, label_smoothing: float = 0.0
) -> GanLoss:
    """Return the original, saturating game.

    D minimises (1 - s) * mean(softplus(-real)) + s * mean(softplus(real)) + mean(softplus(fake))
    G minimises -mean(softplus(fake))

    That is -E log D(x) - E log(1 - D(G(z))) and E log(1 - D(G(z))), with one-sided label smoothing
    s (Salimans et al. 2016, arXiv 1606.03498, section 3.4), here 0 unless set.
    Source: Goodfellow et al. 2014 (arXiv 1406.2661), equation 1. Many call it BCE; the BCELoss of
    most tutorials is `nonsaturating`.
    When it trains: D(x) and D(G(z)) stay away from 1 and 0, and loss/g some tenths below 0.
    When it fails: D wins early. G's gradient is -sigmoid(a) of the fake logit, which vanishes
    exactly when D is sure: grad_norm/g falls by orders of magnitude, d/fake_1 sits at 0, loss/g at
    0, and the samples stay grey. A slower or noisier D mends it (lr_d, instance_noise).
    """
    return GanLoss(
        discriminator=lambda real, fake: cross_entropy(real, fake, label_smoothing),
        generator=lambda real, fake: -softplus(fake).mean(),
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
    )


def nonsaturating(
    discriminator_steps: int = 1, generator_steps: int = 1, label_smoothing: float = 0.0
) -> GanLoss:
    """Return the game with the log-D trick, which most people mean by a GAN's BCE.

    D minimises (1 - s) * mean(softplus(-real)) + s * mean(softplus(real)) + mean(softplus(fake))
    G minimises mean(softplus(-fake))

    That is -E log D(x) - E log(1 - D(G(z))) and -E log D(G(z)), with one-sided label smoothing s
    (Salimans et al. 2016, arXiv 1606.03498, section 3.4), here 0 unless set.
    Source: Goodfellow et al. 2014 (arXiv 1406.2661), section 3.
    When it trains: d/real stays around 0.7 to 0.9 and d/fake_1 around 0.1 to 0.3, both ragged;
    loss/g is 1 to 4. Falling losses are no sign of success, and no failure either.
    When it fails: loss/d goes to 0 and loss/g grows without end (D has won), or the shares of the
    classes drift apart while the losses look healthy (mode collapse).
    """
    return GanLoss(
        discriminator=lambda real, fake: cross_entropy(real, fake, label_smoothing),
        generator=lambda real, fake: softplus(-fake).mean(),
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
    )


def cross_entropy(real_logits: Tensor, fake_logits: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Return the negated value that D maximises: a scalar, the mean over logits [B]."""
    real = softplus(-real_logits).mean()
    if label_smoothing:
        real = (1 - label_smoothing) * real + label_smoothing * softplus(real_logits).mean()
    return real + softplus(fake_logits).mean()
