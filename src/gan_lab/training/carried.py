"""What a regulariser remembers from step to step, on the device; checkpoints have it."""

import torch
from torch import Tensor, nn

INTERVAL = 4  # turns of D between two changes of ADA's probability


class OutputAverages(nn.Module):
    """Moving averages of D's mean output on real and on fake images, from 0 on: see losses.LeCam.

    After t updates an average is (1 - decay) times the sum of decay^(t - k) of the k-th mean.
    """

    real: Tensor
    fake: Tensor

    def __init__(self, decay: float):
        super().__init__()
        self.decay = decay
        self.register_buffer("real", torch.zeros(()))
        self.register_buffer("fake", torch.zeros(()))

    @torch.no_grad()
    def update(self, real: Tensor, fake: Tensor) -> None:
        """Take the outputs [B] of one turn of D."""
        self.real.lerp_(real.mean().to(self.real.dtype), 1 - self.decay)
        self.fake.lerp_(fake.mean().to(self.fake.dtype), 1 - self.decay)


class AdaptiveProbability(nn.Module):
    """ADA's p, with which each transform applies to an image; it begins at 0.

    After every INTERVAL turns of D with r, their mean of sign(D(real)): p rises by
    INTERVAL * `share` if r is above `target`, falls by that if r is below it, and stays in 0 to 1.
    `share` is that of a batch in the images which take p from 0 to 1.
    Source: Karras et al. 2020 (arXiv 2006.06676), section 3, with its r_t and its interval.
    """

    probability: Tensor
    signs: Tensor
    turns: Tensor

    def __init__(self, target: float, share: float):
        super().__init__()
        self.target, self.share = target, share
        self.register_buffer("probability", torch.zeros(()))
        self.register_buffer("signs", torch.zeros(()))  # the sum since p last moved
        self.register_buffer("turns", torch.zeros(()))  # and their number

    @torch.no_grad()
    def update(self, real: Tensor) -> None:
        """Take the outputs [B] on the real images of one turn of D."""
        # On the device: an `if` would wait for it in each step.
        signs, turns = self.signs + real.sign().mean(), self.turns + 1
        is_due = turns == INTERVAL
        step = INTERVAL * self.share * (signs / INTERVAL - self.target).sign()
        moved = (self.probability + step).clamp(0, 1)
        self.probability.copy_(torch.where(is_due, moved, self.probability))
        self.signs.copy_(torch.where(is_due, 0, signs))
        self.turns.copy_(torch.where(is_due, 0, turns))


class Carried(nn.Module):
    """All that is remembered of one run; None for what it does not have."""

    def __init__(
        self, ada: AdaptiveProbability | None = None, averages: OutputAverages | None = None
    ):
        super().__init__()
        self.ada, self.averages = ada, averages
