"""The averaged generator: its decay by hand, and on MNIST that it is worth scoring early."""

import math
import os
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gan_lab.config.compose import jobs
from gan_lab.data import mnist
from gan_lab.evaluation.classifier import classify, load_mnistcnn_v1
from gan_lab.metrics import frechet, moments
from gan_lab.training import build
from gan_lab.training.ema import update_average
from gan_lab.training.sampling import generate, sample_latents
from gan_lab.training.steps import take_step


class Number(nn.Module):
    """One parameter."""

    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))


def averages(decay: float, values: list[float]) -> list[float]:
    """The average, from 0, of a parameter that takes these values at steps 1, 2, ..."""
    average, found = Number(0.0), []
    for step, value in enumerate(values, start=1):
        update_average(average, Number(value), decay, step)
        found.append(average.value.item())
    return found


def test_warm_up_by_hand():
    # decays 2/11, 3/12, 4/13
    expected = [9 / 11, 9 / 11 / 4 + 3 / 4 * 2, (9 / 11 / 4 + 3 / 4 * 2) * 4 / 13 + 9 / 13 * 4]
    assert averages(0.999, [1.0, 2.0, 4.0]) == pytest.approx(expected, rel=1e-12)


def test_the_decay_is_a_ceiling():
    # decays 2/11 < 0.2, then 0.2 < 3/12
    expected = [9 / 11, 9 / 11 * 0.2 + 0.8 * 2]
    assert averages(0.2, [1.0, 2.0]) == pytest.approx(expected, rel=1e-12)
    assert averages(0.0, [1.0, 2.0, -5.0]) == [1.0, 2.0, -5.0]


def test_a_long_average_of_a_constant_forgets_where_it_began():
    # What is left of the start after 20 steps: the product of (1 + t) / (10 + t) telescopes.
    remaining = math.factorial(10) / math.prod(range(22, 31))
    assert 1 - averages(0.999, [1.0] * 20)[-1] == pytest.approx(remaining, rel=1e-6)


def test_buffers_are_copied_and_the_network_is_left_alone():
    network, average = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    network(torch.randn(8, 3) * 3 + 1)
    before = deepcopy(network.state_dict())
    update_average(average, network, 0.999, 1)
    for name, value in average.named_buffers():
        assert torch.equal(value, before[name]), name
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert average.num_batches_tracked == 1


def test_a_network_that_learns_takes_no_part_in_the_graph():
    average, network = Number(0.0).requires_grad_(False), Number(1.0)
    update_average(average, network, 0.999, 1)
    assert average.value.grad_fn is None and network.value.requires_grad


@pytest.fixture(scope="module")
def data_root() -> Path:
    root = Path(os.environ.get("GAN_LAB_DATA", "data"))
    if not (root / "MNIST/raw").is_dir():
        pytest.skip(f"no MNIST in {root}; set GAN_LAB_DATA to what holds MNIST/raw")
    return root


@pytest.mark.slow
def test_after_200_steps_on_mnist_the_average_is_as_good_as_the_weights(data_root):
    job = jobs(["experiment=mnist_dcgan", "logger=none"], False)[0]
    config = job.config
    state = build.training_state(config, mnist(data_root), torch.device("cpu"))
    for step in range(200):
        take_step(state, step)
        update_average(state.average, state.generator, config.ema_decay, step + 1)
    classifier = load_mnistcnn_v1()
    real = moments(classify(classifier, mnist(data_root, split="test").images)[0])
    latents = sample_latents(0, 1000, config.latent_dim)

    def distance(generator: nn.Module) -> float:
        images: Tensor = generate(generator, latents)
        return frechet(real, moments(classify(classifier, images)[0]))

    assert distance(state.average) == pytest.approx(distance(state.generator), rel=0.3)
