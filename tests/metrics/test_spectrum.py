"""Spectra are those of known images: noise, waves, patterns of pixels."""

import math

import pytest
import torch
from torch import Tensor

from gan_lab.data import digits
from gan_lab.metrics import (
    log_spectral_distance,
    radial_spectrum,
    ring_frequencies,
    ring_numbers,
    rounding_power,
)

SIDES = [(32, 32), (28, 28), (15, 15), (24, 16)]


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("sides", SIDES)
def test_powers_sum_up_to_the_mean_square_of_the_pixels(sides):
    images = 40 * noise(5, 3, *sides) + 100
    sizes = ring_numbers(*sides).flatten().bincount()
    sums = (radial_spectrum(images) * sizes).sum(1)
    torch.testing.assert_close(sums, images.square().mean((1, 2, 3)), rtol=1e-12, atol=0)


def test_white_noise_is_flat():
    sizes = ring_numbers(16, 16).flatten().bincount()
    found = radial_spectrum(3 * noise(2000, 1, 16, 16)).mean(0)
    relative = found / (9 / 256)  # the variance, shared by 256 frequencies
    # Each power of noise has a deviation of its mean, or 1.4 times it where it is real.
    assert ((relative - 1).abs() < 5 * math.sqrt(2) / (2000 * sizes).sqrt()).all()


@pytest.mark.parametrize(("down", "across"), [(0, 5), (3, 4), (7, 0), (6, 8)])
def test_a_wave_is_a_peak_on_its_ring(down, across):
    places = torch.arange(32, dtype=torch.float64) / 32
    wave = torch.cos(2 * math.pi * (down * places.unsqueeze(1) + across * places))
    found = radial_spectrum((10 * wave).expand(1, 1, 32, 32))[0]
    ring = round(math.hypot(down, across))
    members = ring_numbers(32, 32).flatten().bincount()[ring]
    assert found.argmax() == ring
    assert found[ring] == pytest.approx(50 / members.item())  # a wave's mean square, on its ring
    others = found.clone()
    others[ring] = 0
    assert others.max() < 1e-12
    assert ring_frequencies(32, 32)[ring] == pytest.approx(math.hypot(down, across) / 32, rel=0.05)


def test_a_checkerboard_is_the_last_ring_and_stripes_lie_at_half_a_cycle():
    signs = 1 - 2 * (torch.arange(32) % 2).double()
    frequencies = ring_frequencies(32, 32)
    board = radial_spectrum((signs.unsqueeze(1) * signs).expand(1, 1, 32, 32))[0]
    assert board.argmax() == len(frequencies) - 1 and board[-1] == pytest.approx(1)
    assert frequencies[-1] == pytest.approx(0.5**0.5)
    stripes = radial_spectrum(signs.expand(1, 1, 32, 32))[0]
    assert frequencies[stripes.argmax()] == pytest.approx(0.5, abs=1 / 64)


def with_uneven_overlap(images: Tensor, gain: float) -> Tensor:
    """What a transposed convolution of stride 2 does whose kernel is not a multiple of 2."""
    lines = 1 + gain * (torch.arange(images.shape[-1]) % 2).double()
    return (images * lines.unsqueeze(1) * lines).round().clamp(0, 255).to(torch.uint8)


def test_the_checkerboard_of_uneven_overlap_is_a_peak():
    images = digits(32, split="test").images
    real, fake = radial_spectrum(images), radial_spectrum(with_uneven_overlap(images, 0.1))
    least = rounding_power(32, 32)
    decibels = 10 * ((fake.mean(0) + least) / (real.mean(0) + least)).log10()
    assert decibels[23] > 15 and decibels[23] == decibels[1:].max()
    distance, error = log_spectral_distance(real, fake, least)
    assert distance > 3 and 0 < error < 0.2


def test_the_distance_is_the_root_mean_square_of_decibels():
    real = torch.tensor([[5.0, 1, 1], [5, 3, 1]], dtype=torch.float64)
    fake = torch.tensor([[9.0, 20, 10], [1, 20, 10]], dtype=torch.float64)
    distance, error = log_spectral_distance(real, fake, 0.0)
    assert distance == pytest.approx(10) and error == pytest.approx(0)
    assert log_spectral_distance(real, real, 0.0) == (0, 0)
    ratios = [10 * math.log10(twice) for twice in (20 / 2, 10 / 1)]
    assert distance == pytest.approx(math.sqrt(sum(one**2 for one in ratios) / 2))


def test_images_without_any_power_have_a_distance():
    black = torch.zeros(3, 1, 16, 16, dtype=torch.uint8)
    spectra = radial_spectrum(black), radial_spectrum(digits(16, split="test").images)
    distance, _ = log_spectral_distance(*reversed(spectra), rounding_power(16, 16))
    assert math.isfinite(distance) and distance > 10


@pytest.mark.parametrize("images", [torch.rand(4, 4), torch.rand(0, 1, 4, 4),
                                    torch.full((1, 1, 4, 4), math.nan)])  # fmt: skip
def test_what_has_no_spectrum_is_refused(images):
    with pytest.raises(ValueError, match=r"a spectrum is of images|not finite"):
        radial_spectrum(images)


def test_unlike_sizes_are_refused():
    with pytest.raises(ValueError, match="real has 12 rings, fake has 7"):
        log_spectral_distance(
            radial_spectrum(noise(2, 1, 16, 16)), radial_spectrum(noise(2, 1, 8, 8)), 0.0
        )
