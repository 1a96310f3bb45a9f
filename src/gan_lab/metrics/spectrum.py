"""The radial power spectrum of images: how much of them is of which scale.

Layers that enlarge leave patterns that repeat every two or four pixels, which eyes pass over and
spectra show as peaks (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts"; Durall et al.
2020, arXiv 2003.01826).
"""

import math

import torch
from torch import Tensor

PART = 256  # images at a time
DECIBELS = 10 / math.log(10)
ROUNDING = 1 / 12  # variance of what is lost where grey levels are rounded


def ring_numbers(height: int, width: int) -> Tensor:
    """Return the ring [H, W] of each frequency of `torch.fft.fft2`: an integer from 0.

    Ring r holds the frequencies nearest to r / max(H, W) cycles a pixel; where there are none, the
    next have its number.
    """
    radii = max(height, width) * _cycles(height, width)
    numbers: Tensor = (radii + 0.5).floor().unique(return_inverse=True)[1]
    return numbers


def ring_frequencies(height: int, width: int) -> Tensor:
    """Return the mean frequency [R] of each ring in cycles a pixel, from 0 to at most 0.707."""
    numbers = ring_numbers(height, width).flatten()
    return numbers.bincount(_cycles(height, width).flatten()) / numbers.bincount()


def _cycles(height: int, width: int) -> Tensor:
    """Return how many cycles a pixel each frequency [H, W] has along its own direction."""
    rows, columns = (torch.fft.fftfreq(side, dtype=torch.float64) for side in (height, width))
    return torch.hypot(rows.unsqueeze(1), columns)


def radial_spectrum(images: Tensor) -> Tensor:
    """Return the mean power [N, R] of the frequencies on each ring of images [N, C, H, W].

    The power of a frequency is |FFT|^2 / (H W)^2 in squared grey levels, the mean of the channels.
    Over all frequencies it sums up to the mean square of the pixels (Parseval). Ring 0 is the
    square of the mean. Raises ValueError for other shapes, or numbers that are not finite.
    """
    if images.ndim != 4 or not images.numel():
        raise ValueError(f"a spectrum is of images [N, C, H, W], got {list(images.shape)}")
    height, width = images.shape[-2:]
    numbers = ring_numbers(height, width).flatten()
    sizes = numbers.bincount()
    powers = []
    for part in images.split(PART):
        transformed = torch.fft.fft2(part.to("cpu", torch.float64))
        power = (transformed.abs().square() / (height * width) ** 2).mean(1).flatten(1)
        sums = power.new_zeros(len(part), len(sizes)).index_add_(1, numbers, power)
        powers.append(sums / sizes)
    found = torch.cat(powers)
    if not found.isfinite().all():
        raise ValueError("the images hold numbers that are not finite (nan or inf)")
    return found


def rounding_power(height: int, width: int) -> float:
    """Return the power that rounding to grey levels gives to each frequency: less tells nothing."""
    return ROUNDING / (height * width)


def log_spectral_distance(real: Tensor, fake: Tensor, least: float) -> tuple[float, float]:
    """Return the distance of mean spectra [N, R] and [M, R] in decibels, and its standard error.

    The root of the mean over rings of the squared difference in decibels (Gray and Markel 1976);
    ring 0, the brightness, is left out. `least` is added to all powers. The error is that of the
    draw of fakes, by the delta method. Raises ValueError for other numbers of rings.
    """
    if real.shape[1] != fake.shape[1] or real.shape[1] < 2:
        raise ValueError(f"real has {real.shape[1]} rings, fake has {fake.shape[1]}")
    real_mean, fake_mean = (side[:, 1:].mean(0) + least for side in (real, fake))
    differences = DECIBELS * (fake_mean / real_mean).log()
    distance = differences.square().mean().sqrt()
    if not distance or len(fake) < 2:
        return distance.item(), 0.0
    slopes = differences / (distance * len(differences)) * DECIBELS / fake_mean
    influence = fake[:, 1:] @ slopes
    return distance.item(), influence.std().item() / math.sqrt(len(fake))
