"""95 % intervals hold what they are said to be of, in simulations of known populations.

Ideal is the interval of one who knows the deviation of a score: 1.96 of them. Seeds were fixed
before the first run.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from gan_lab.evaluation.measures import Features, Measured
from gan_lab.evaluation.scores import load_score
from gan_lab.metrics import (
    Moments,
    precision_recall_density_coverage,
    ring_numbers,
    rounding_power,
)

DOUBLE = torch.float64
Repeat = Callable[[torch.Generator], dict[str, Measured]]
SEED = 23


@dataclass(frozen=True)
class Found:
    """How often an interval holds the truth, and how wide it is beside the ideal one."""

    share: float
    width: float


def simulate(repeat: Repeat, repeats: int, **truths: float) -> dict[str, Found]:
    """Repeat scores; where no truth is given it is what the score has on average."""
    generator = torch.Generator().manual_seed(SEED)
    found: dict[str, list[Measured]] = {}
    for _ in range(repeats):
        for name, one in repeat(generator).items():
            found.setdefault(name, []).append(one)
    return {name: coverage(ones, truths.get(name)) for name, ones in found.items()}


def coverage(found: list[Measured], truth: float | None) -> Found:
    values = torch.tensor([one.value for one in found], dtype=DOUBLE)
    low, high = torch.tensor([one.interval for one in found], dtype=DOUBLE).T
    truth = values.mean().item() if truth is None else truth
    inside = ((low <= truth) & (truth <= high)).double().mean().item()
    return Found(inside, ((high - low) / 2).mean().item() / (1.96 * values.std().item()))


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, dtype=DOUBLE, generator=generator)


@dataclass(frozen=True)
class Population:
    """Gaussian features: real N(0, S), and of a generator the linear map T of them, moved by m.

    T is symmetric and positive, and so the optimal map: the distance is |m|^2 + tr (1-T) S (1-T).
    """

    size: int
    unlike: float

    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        turn = torch.linalg.qr(normal(torch.Generator().manual_seed(0), self.size, self.size)).Q
        covariance = (turn * torch.linspace(1, 0.05, self.size, dtype=DOUBLE)) @ turn.T
        stretch = torch.diag(1 + self.unlike * torch.linspace(-1, 1, self.size, dtype=DOUBLE))
        mean = torch.zeros(self.size, dtype=DOUBLE)
        mean[:4] = self.unlike
        return covariance, stretch, mean

    @property
    def distance(self) -> float:
        covariance, stretch, mean = self._parts()
        left = torch.eye(self.size, dtype=DOUBLE) - stretch
        return float(mean @ mean + (left @ covariance @ left).trace())

    def real(self) -> Features:
        """The real side with its moments known, as those of 60,000 images are."""
        factor = torch.linalg.cholesky(self._parts()[0])
        zero = torch.zeros(self.size, dtype=DOUBLE)
        return Features(zero.unsqueeze(0), known=Moments(zero, factor, 60_000))

    def fakes(self, count: int) -> Callable[[torch.Generator], Features]:
        covariance, stretch, mean = self._parts()
        factor = stretch @ torch.linalg.cholesky(covariance)
        return lambda generator: Features(normal(generator, count, self.size) @ factor.T + mean)


def distances(population: Population, count: int) -> Repeat:
    """The distance of three sets, and the limit of the first."""
    finite, limit = load_score("fd_classifier"), load_score("fd_infinite")
    real, draw = population.real(), population.fakes(count)

    def repeat(generator: torch.Generator) -> dict[str, Measured]:
        sets = [draw(generator) for _ in range(finite.sets)]
        return finite(real, sets) | limit(real, sets[:1])

    return repeat


def neighbours(count: int, size: int, scale: float) -> Repeat:
    """Precision and the like of a generator that is narrower than the real data, and moved."""
    score = load_score("precision_recall")

    def repeat(generator: torch.Generator) -> dict[str, Measured]:
        real, fake = normal(generator, count, size), scale * normal(generator, count, size)
        fake[:, 0] += 0.5
        return score(Features(real), [Features(fake)])

    return repeat


def known_classes(count: int) -> Repeat:
    """The score of a classifier that is sure to a varying degree of ten classes, unevenly made."""
    score, shares = load_score("classifier_score"), torch.arange(1, 11, dtype=DOUBLE)

    def repeat(generator: torch.Generator) -> dict[str, Measured]:
        classes = shares.multinomial(count, replacement=True, generator=generator)
        logits = normal(generator, count, 10)
        logits[torch.arange(count), classes] += 5 * normal(generator, count).abs()
        return score(None, [Features(logits, logits)])

    return repeat


def classes(population: Population, count: int) -> Repeat:
    """The distance by class of three classes, `count` samples each, which lie apart."""
    score, draw = load_score("fd_by_class"), population.fakes(3 * count)
    labels = torch.arange(3).repeat_interleave(count)
    real = population.fakes(3000)(torch.Generator().manual_seed(1))
    real = Features(real.values.repeat(3, 1), labels=torch.arange(3).repeat_interleave(3000))
    places = 5.0 * labels.unsqueeze(1)

    def repeat(generator: torch.Generator) -> dict[str, Measured]:
        return score(real, [Features(draw(generator).values + places, labels=labels)])

    return repeat


def spectra(count: int, side: int, blur: float) -> tuple[Repeat, float]:
    """The spectra of noise that is lessened by `blur` decibels per ring, and their distance."""
    score = load_score("spectrum")
    rings = ring_numbers(side, side)
    decibels = blur * torch.arange(int(rings.max()) + 1, dtype=DOUBLE)
    gains = 10 ** (-decibels[rings] / 20)
    white = 40 * normal(torch.Generator().manual_seed(2), 20_000, 1, side, side)
    least = rounding_power(side, side)
    powers = torch.full_like(decibels, 1600 / side**2)
    ratios = (powers * 10 ** (-decibels / 10) + least) / (powers + least)
    truth = (10 * ratios[1:].log10()).square().mean().sqrt().item()

    def repeat(generator: torch.Generator) -> dict[str, Measured]:
        noise = torch.fft.fft2(40 * normal(generator, count, 1, side, side))
        return score(white, [torch.fft.ifft2(noise * gains).real])

    return repeat, truth


# --- quick: a hundred repeats tell a half width that is 1.4 times too narrow ----------------------


def holds(found: Found, repeats: int) -> bool:
    """Whether a share is within 3 deviations of 0.95, and the width at most 1.5 of the ideal."""
    reach = 3 * (0.95 * 0.05 / repeats) ** 0.5
    return abs(found.share - 0.95) <= reach and found.width <= 1.5


def test_a_distance_holds_its_expectation_and_the_limit_that_of_the_generator():
    population, repeats = Population(size=8, unlike=0.3), 100
    found = simulate(distances(population, 300), repeats, fd_infinite=population.distance)
    assert all(holds(one, repeats) for one in found.values()), found


def test_a_distance_does_not_hold_the_generators_own():
    population = Population(size=8, unlike=0.1)
    found = simulate(distances(population, 300), 50, fd_classifier=population.distance)
    assert found["fd_classifier"].share < 0.5


def test_shares_of_neighbours_hold_their_expectations():
    found = simulate(neighbours(200, 8, 0.8), 100)
    assert all(holds(one, 100) for one in found.values()), found


def test_the_score_of_a_classifier_holds_that_of_a_tenth_of_the_samples():
    found = simulate(known_classes(1000), 200)
    assert holds(found["classifier_score"], 200), found


def test_the_distance_by_class_holds_its_expectation():
    found = simulate(classes(Population(size=4, unlike=0.3), 100), 100)
    assert holds(found["fd_by_class"], 100), found


def test_the_distance_of_spectra_holds_that_of_the_generator():
    repeat, truth = spectra(100, 8, blur=0.5)
    found = simulate(repeat, 50, spectrum=truth)
    assert holds(found["spectrum"], 50), found


def test_what_lies_near_in_parts_alone_does_not_widen_a_share_of_none():
    # Of 1,000 numbers in a row the last has a ball of 5, of every tenth of them one of about 50.
    generator = torch.Generator().manual_seed(SEED)
    real = torch.randperm(1000, generator=generator).double().unsqueeze(1)
    fake = 1045 + 1e-3 * normal(generator, 1000, 1)
    found = load_score("precision_recall")(Features(real), [Features(fake)])
    near = [precision_recall_density_coverage(*both)["precision"]
            for both in zip(real.chunk(10), fake.chunk(10), strict=True)]  # fmt: skip
    assert set(near) == {0, 1}
    assert found["precision"].value == 0 and found["precision"].interval[1] < 0.01
    assert found["density"].interval is None


def test_few_samples_have_no_interval_of_neighbours():
    generator = torch.Generator().manual_seed(0)
    assert all(one.interval is None for one in neighbours(199, 8, 0.8)(generator).values())


# --- slow: what docs/scores.md says ---------------------------------------------------------------


def holds_well(found: Found) -> bool:
    return 0.93 <= found.share <= 0.97 and found.width <= 1.5


@pytest.mark.slow
@pytest.mark.parametrize(("size", "count"), [(16, 500), (64, 2000)])
def test_distances_of_known_gaussians_a_thousand_times(size, count):
    population = Population(size, unlike=0.3)
    found = simulate(distances(population, count), 1000, fd_infinite=population.distance)
    print(f"\n{size} features, {count} samples: {found}")
    assert all(holds_well(one) for one in found.values())


@pytest.mark.slow
@pytest.mark.parametrize(("count", "size", "scale"), [(500, 8, 0.8), (1000, 16, 0.9)])
def test_neighbours_of_known_gaussians_a_thousand_times(count, size, scale):
    found = simulate(neighbours(count, size, scale), 1000)
    print(f"\n{count} samples of {size} features: {found}")
    assert all(holds_well(one) for one in found.values())


@pytest.mark.slow
@pytest.mark.parametrize(("size", "count"), [(4, 100), (16, 200)])
def test_distances_by_class_a_thousand_times(size, count):
    found = simulate(classes(Population(size, unlike=0.3), count), 1000)
    print(f"\n3 classes, {count} samples each of {size} features: {found}")
    assert holds_well(found["fd_by_class"])


@pytest.mark.slow
@pytest.mark.parametrize(("count", "side", "blur"), [(100, 8, 0.5), (500, 16, 0.2)])
def test_distances_of_spectra_a_thousand_times(count, side, blur):
    repeat, truth = spectra(count, side, blur)
    found = simulate(repeat, 1000, spectrum=truth)
    print(f"\n{count} images of {side}x{side}: {found}, true distance {truth:.3f} dB")
    assert holds_well(found["spectrum"])


@pytest.mark.slow
def test_known_classes_a_thousand_times():
    found = simulate(known_classes(2000), 1000)
    print(f"\n{found}")
    assert holds_well(found["classifier_score"])
