"""The discriminator that would be best against a run's generator, beside the one it has learned.

Only where the real density is known (ring, grid): D* = p / (p + q) (Goodfellow et al. 2014,
proposition 1), with p exact and q counted from many samples in cells of half a standard deviation.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_lab.data import PointDataset
from gan_lab.metrics import (
    Cells,
    cells_for,
    jensen_shannon,
    optimal_discriminator,
    value_of,
)
from gan_lab.runs.equilibrium import OptimumNumbers
from gan_lab.training.sampling import generate, sample_latents

LOG_4 = math.log(4)  # -V where D = 1/2 everywhere
POINTS = 1_000_000  # of the generator


@dataclass(frozen=True)
class Optimum:
    """D* and the learned D in each cell [side * side], the masses there, and the numbers."""

    cells: Cells
    optimal: Tensor
    learned: Tensor
    real: Tensor
    fake: Tensor
    numbers: OptimumNumbers


def compare_with_optimum(
    generator: nn.Module,
    discriminator: nn.Module,
    data: PointDataset,
    seed: int,
    latent_dim: int,
    count: int = POINTS,
) -> Optimum:
    """Return D* of the generator's density beside the learned D, both unconditional.

    The numbers: `error`, the mean of |D - D*| under (p + q) / 2, and `error_by_chance`, what
    counting alone gives it; V of both; `outside`, the share of fakes in no cell, where D* is 0 and
    D is taken at those points; the Jensen-Shannon divergence of p and q in nats, and that of as
    many points of p itself (`divergence_by_chance`).
    """
    assert data.centers is not None, "p is known of a mixture"
    cells = cells_for(data.centers, data.std)
    real = cells.masses(data.centers, data.std)
    points = generate(generator, sample_latents(seed, count, latent_dim), None, 50_000)
    counts = cells.counts(points)
    fake = counts.double() / count
    optimal, standard_error = optimal_discriminator(real, counts)
    logits = _logits(discriminator, cells.middles())
    # What lies outside of the cells is nobody's but the generator's: D* is 0 there.
    outside = _logits(discriminator, points[cells.of(points) == cells.side**2])
    learned = torch.cat([logits.sigmoid(), outside.sigmoid().mean().view(1)])
    logits = torch.cat([logits, _of_mean_loss(outside).view(1)])
    weight = (real + fake) / 2
    difference = (learned - optimal).abs().where(weight > 0, 0)
    ideal = cells.counts(_draw(data, count, seed)).double() / count
    numbers = OptimumNumbers(
        samples=count,
        cell=cells.width,
        outside=float(fake[-1]),
        error=float((weight * difference).sum()),
        # E |X| of a normal X with mean 0 is sqrt(2 / pi) of its standard deviation.
        error_by_chance=math.sqrt(2 / math.pi)
        * float((weight * standard_error).where(weight > 0, 0).sum()),
        value_learned=value_of(logits, real, fake),
        value_optimal=value_of(optimal.logit(), real, fake),
        divergence=jensen_shannon(real, fake),
        divergence_by_chance=jensen_shannon(real, ideal),
    )
    return Optimum(cells, optimal[:-1], learned[:-1], real[:-1], fake[:-1], numbers)


@torch.inference_mode()
def _logits(discriminator: nn.Module, points: Tensor) -> Tensor:
    device = next(discriminator.parameters()).device
    was_training = discriminator.training
    discriminator.eval()
    parts = [discriminator(part.float().to(device)).cpu() for part in points.split(50_000)]
    discriminator.train(was_training)
    return torch.cat(parts).double()


def _of_mean_loss(logits: Tensor) -> Tensor:
    """Return the logit of one D that has the mean of log(1 - D) over many; nan of none."""
    loss = softplus(logits).mean()  # -log(1 - D)
    return loss + torch.log(-torch.expm1(-loss))


def _draw(data: PointDataset, count: int, seed: int) -> Tensor:
    assert data.centers is not None, "p is known of a mixture"
    generator = torch.Generator().manual_seed(seed)
    modes = torch.randint(len(data.centers), (count,), generator=generator)
    noise = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    return data.centers[modes] + data.std * noise
