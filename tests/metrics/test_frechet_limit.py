"""Fréchet distances of known Gaussians: their limit, and how far samples are from it."""

import math

import pytest
import torch
from torch import Tensor

from gan_lab.metrics import (
    Moments,
    frechet,
    frechet_at_infinity,
    frechet_error,
    moments,
)

DOUBLE = torch.float64


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def test_the_error_in_one_dimension_is_that_of_mean_and_deviation():
    # N(0, 1) against N(m, s^2) is at m^2 + (s - 1)^2, where the mean has the variance s^2 / N and
    # the deviation s^2 / 2N.
    mean, deviation, count = 0.7, 1.6, 200_000
    real = Moments(torch.zeros(1, dtype=DOUBLE), torch.ones(1, 1, dtype=DOUBLE), 60_000)
    rows = mean + deviation * normal(count, 1)
    expected = deviation * math.sqrt((4 * mean**2 + 2 * (deviation - 1) ** 2) / count)
    assert frechet_error(real, moments(rows), rows) == pytest.approx(expected, rel=0.01)


def test_the_error_and_the_limit_do_not_depend_on_the_axes_nor_on_a_dead_feature():
    real, fake = normal(300, 3), 0.7 * normal(400, 3, seed=1) + 0.2
    turn = torch.linalg.qr(normal(3, 3, seed=2)).Q

    def found(real: Tensor, fake: Tensor) -> list[float]:
        known = moments(real)
        return [frechet_error(known, moments(fake), fake), frechet_at_infinity(known, fake)]

    plain = found(real, fake)
    shifted = found(real @ turn + 5, fake @ turn + 5)
    dead = found(*(torch.cat([side, torch.zeros(len(side), 1)], 1) for side in (real, fake)))
    assert shifted == pytest.approx(plain, rel=1e-9)
    assert dead == pytest.approx(plain, rel=1e-9)


def test_a_straight_line_is_followed_to_its_end():
    # In one dimension of a fixed deviation: only the mean moves, whose square is too large by
    # the variance of the mean on average, and the deviation of as few samples is off too.
    real = Moments(torch.zeros(1, dtype=DOUBLE), torch.ones(1, 1, dtype=DOUBLE), 60_000)
    plain, limits = [], []
    for seed in range(500):
        rows = normal(16, 1, seed=seed)
        plain.append(frechet(real, moments(rows)))
        limits.append(frechet_at_infinity(real, rows))
    assert sum(plain) / 500 > 0.07  # 1/16 of the mean, 1/32 of the deviation
    assert abs(sum(limits) / 500) < 0.02


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="6 features need at least 48 samples, got 47"):
        frechet_at_infinity(moments(normal(60, 6)), normal(47, 6))
