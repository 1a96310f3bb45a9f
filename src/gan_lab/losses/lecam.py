"""The one regulariser of outputs alone: LeCam, which remembers what D has said before."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class LeCam:
    """Keep D's outputs near the average of what it has said of the other kind of images.

    D's loss gains weight * (mean((real - average_fake) ** 2) + mean((fake - average_real) ** 2))

    real and fake are D's outputs, and an average is (1 - decay) of the newest mean and decay of
    itself, from 0 on. The authors' code counts only the real outputs above average_fake, and
    the fake ones below average_real.
    Source: Tseng et al. 2021 (arXiv 2104.03310), equation 3, for few images: it bounds a
    divergence of LeCam.
    When it trains: d/real and d/fake_1 are apart, and both averages are finite and calm.
    When it fails: d/real and d/fake_1 are the same, for `weight` is so large that D tells nothing
    apart.
    """

    weight: float = 0.1
    decay: float = 0.99

    def __call__(
        self, real: Tensor, fake: Tensor, average_real: Tensor, average_fake: Tensor
    ) -> Tensor:
        """Return the weighted term of outputs [B], a scalar; the averages are scalars."""
        far_real = (real - average_fake).square().mean()
        far_fake = (fake - average_real).square().mean()
        return self.weight * (far_real + far_fake)
