"""A mixture of normals in the plane on a grid of cells, and the discriminator that is best there.

Both densities are replaced by their masses in cells. The mixture's are exact; those of samples are
counts, whose error is known. On functions that are constant in a cell, all theory stays true.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Cells:
    """Square cells of `width` that cover [-reach, reach]^2, `side` in a row; and what is outside.

    Masses and counts [side * side + 1] hold the cells row by row in x, then the rest of the plane.
    """

    reach: float
    side: int

    @property
    def width(self) -> float:
        """The side of a cell."""
        return 2 * self.reach / self.side

    def middles(self) -> Tensor:
        """Return the middles of the cells, float64 [side * side, 2]."""
        axis = (torch.arange(self.side, dtype=torch.float64) + 0.5) * self.width - self.reach
        return torch.cartesian_prod(axis, axis)

    def of(self, points: Tensor) -> Tensor:
        """Return the number of the cell in which each of `points` [N, 2] lies; the last outside."""
        places = ((points.double() + self.reach) / self.width).floor().long()
        inside = ((places >= 0) & (places < self.side)).all(1)
        index = places[:, 0] * self.side + places[:, 1]
        return index.where(inside, self.side**2)

    def counts(self, points: Tensor) -> Tensor:
        """Return how many of `points` [N, 2] lie in each cell, and outside: int64."""
        return self.of(points).bincount(minlength=self.side**2 + 1)

    def masses(self, centers: Tensor, std: float) -> Tensor:
        """Return the mass of the mixture with equal weights in each cell, and outside: float64."""
        edges = torch.arange(self.side + 1, dtype=torch.float64) * self.width - self.reach
        # The normal mass between two edges, along each axis, of each centre: [modes, 2, side].
        below = torch.special.ndtr((edges - centers.double()[..., None]) / std)
        across = below.diff(dim=2)
        inside = torch.einsum("mx,my->xy", across[:, 0], across[:, 1]).flatten() / len(centers)
        outside = 1 - inside.sum()
        # The sum's rounding is no mass: a D of 0 there would have a value of minus infinity.
        rounding = len(inside) * torch.finfo(inside.dtype).eps
        return torch.cat([inside, outside.where(outside > rounding, 0).view(1)])


def optimal_discriminator(real: Tensor, fake_counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return D* = p / (p + q) in each cell, and the standard error that counting q gives it.

    `real` are the masses p, `fake_counts` the counts that estimate q. D* is nan where neither has
    mass; the error is to first order, with a count of 0 taken for 1.
    """
    total = fake_counts.sum()
    if real.shape != fake_counts.shape or not total > 0:
        shapes = f"{list(real.shape)} and {list(fake_counts.shape)}"
        raise ValueError(f"needs as many counts as masses, some above 0, got {shapes}")
    fake = fake_counts / total
    error = fake_counts.clamp(min=1).sqrt() / total
    mass = real + fake
    return real / mass, real * error / (real + fake_counts.clamp(min=1) / total).square()


def jensen_shannon(real: Tensor, fake: Tensor) -> float:
    """Return the Jensen-Shannon divergence in nats of two lists of masses: 0 to log 2.

    Raises ValueError for lists of other lengths, or masses that are negative or not finite.
    """
    if real.shape != fake.shape:
        raise ValueError(f"masses of shapes {list(real.shape)} and {list(fake.shape)}")
    if not all(bool((one.isfinite() & (one >= 0)).all()) for one in (real, fake)):
        raise ValueError("masses are finite and at least 0")
    middle = (real + fake) / 2
    terms = [torch.special.xlogy(one, one / middle.clamp(min=1e-300)).sum() for one in (real, fake)]
    return float(sum(terms)) / 2


def value_of(logits: Tensor, real: Tensor, fake: Tensor) -> float:
    """Return V = E log D(x) + E log(1 - D(G(z))) in nats, for D's logits and the masses in cells.

    Cells without mass count nothing, whatever D is there.
    """
    if not logits.shape == real.shape == fake.shape:
        raise ValueError("logits and masses are of the same cells, or have no value")
    on_real = (real * softplus(-logits)).where(real > 0, 0)
    on_fake = (fake * softplus(logits)).where(fake > 0, 0)
    return -float(on_real.sum() + on_fake.sum())


def cells_for(centers: Tensor, std: float) -> Cells:
    """Return cells of half a standard deviation that cover the modes and their surroundings."""
    if not len(centers) or not 0 < std < math.inf:
        raise ValueError(f"cells need centres and a std above 0, got {len(centers)}, std {std}")
    reach = 1.25 * float(centers.abs().max()) + 5 * std
    return Cells(reach, math.ceil(2 * reach / (std / 2)))
