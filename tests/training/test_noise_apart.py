"""Noise and augmentation of D's images: a loss that compares pairs sees all of what was asked for.

With D = the mean of its images, and images of zeros, the logits are instance noise alone: normal,
with a standard deviation that is known. What a loss then comes to on average is an integral, which
Gauss-Hermite quadrature gives without our code.
"""

from dataclasses import replace
from statistics import mean, stdev

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_lab.common.paths import config_names
from gan_lab.config.identity import result_hash
from gan_lab.config.run_config import as_content, read_config
from gan_lab.jobs.preflight import with_noise_apart
from gan_lab.training import build
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import fakes_and_critics
from tiny_state import BATCH, DATA, SIZE, config_of

LOSSES = config_names("loss")
SCALE = 40.0  # of the mean of SIZE x SIZE numbers: a standard deviation of SCALE / SIZE = 2.5
STEPS = 150


class Mean(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return SCALE * images.flatten(1).mean(1)


def state_of(*settings: str) -> TrainingState:
    config = with_noise_apart(config_of("model=mlp", "instance_noise_steps=1000000000", *settings))
    state = build.training_state(config, DATA, torch.device("cpu"))
    return replace(state, discriminator=Mean())


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_says_that_it_compares_pairs_if_it_does(name):
    """f(real) + g(fake) adds up over the pairs of two real and two fake logits; a comparison does
    not."""
    loss = build.loss(config_of(f"loss={name}"))
    a, b, c, d = (torch.tensor([value], dtype=torch.float64) for value in (0.3, -0.4, 0.2, 0.9))
    value = loss.discriminator
    rest = value(a, c) + value(b, d) - value(a, d) - value(b, c)
    assert (abs(rest.item()) > 1e-3) == loss.relativistic


@pytest.mark.parametrize("name", LOSSES)
def test_a_noisy_loss_is_on_average_that_of_independent_noise(name):
    state = state_of(f"loss={name}", "instance_noise=1")
    nothing = torch.zeros(BATCH, 1, SIZE, SIZE)
    seen = []
    for step in range(STEPS):
        _, critics = fakes_and_critics(state, step, 0, with_graph=False)
        seen.append(state.loss.discriminator(critics.real(nothing), critics.fake(nothing)).item())
    places, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    logits = torch.tensor(places * SCALE / SIZE)[:, None]
    expected = sum(
        one * other * state.loss.discriminator(logits[i], logits[j]).item()
        for i, one in enumerate(weights)
        for j, other in enumerate(weights)
    )
    assert abs(mean(seen) - expected) < 4 * stdev(seen) / STEPS**0.5 + 1e-9


@pytest.mark.parametrize(("name", "apart"), [("nonsaturating", False), ("rpgan", True)])
def test_real_images_are_augmented_by_their_own_numbers_in_pairs_alone(name, apart):
    state = state_of(f"loss={name}", "augment=diffaugment")
    images = torch.rand(BATCH, 1, SIZE, SIZE)
    _, critics = fakes_and_critics(state, 3, 0, with_graph=False)
    assert torch.equal(critics.real(images), critics.fake(images)) != apart


def test_it_is_recorded_and_makes_another_run_only_where_it_changes_something():
    plain = config_of("loss=rpgan")
    assert with_noise_apart(plain) == plain and "noise_apart" not in as_content(plain)
    for setting in ("instance_noise=0.1", "augment=diffaugment"):
        before = config_of("loss=rpgan", setting)
        config = with_noise_apart(before)
        assert read_config(as_content(config)).noise_apart
        assert result_hash(config) != result_hash(before)
