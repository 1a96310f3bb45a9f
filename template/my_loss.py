"""A loss is two functions of logits, the outputs of the discriminator."""

from torch.nn.functional import softplus

from gan_lab.losses import GanLoss


def balanced(fake_weight: float = 1.0) -> GanLoss:
    """Return the nonsaturating loss in which D weighs its errors on fake images by a factor.

    D minimises mean(softplus(-real)) + fake_weight * mean(softplus(fake))
    G minimises mean(softplus(-fake))
    """
    return GanLoss(
        discriminator=lambda real, fake: (
            softplus(-real).mean() + fake_weight * softplus(fake).mean()
        ),
        generator=lambda real, fake: softplus(-fake).mean(),
        output="probability",
    )
