"""The equilibrium: known where it holds, missed where it does not, and D* against closed forms."""

import json
import math
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from gan_lab import load_loss
from gan_lab.analysis.equilibrium import (
    conclude,
    curve_means,
    duality_gap,
    fresh_accuracy,
    on_held_out,
)
from gan_lab.analysis.optimal_discriminator import compare_with_optimum
from gan_lab.common.typed import plain, read
from gan_lab.data import PointDataset, grid, ring
from gan_lab.data.augment import Augmentation
from gan_lab.metrics import (
    Cells,
    cells_for,
    jensen_shannon,
    optimal_discriminator,
    value_of,
)
from gan_lab.runs.directory import Run, run_directories
from gan_lab.runs.equilibrium import CurveMean, Equilibrium
from gan_lab.training.batches import Batches
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step
from small_runs import FEW_SAMPLES, FEW_SCORES

LOG_2 = math.log(2)


def normal_points(seed: int) -> PointDataset:
    points = torch.randn(8192, 2, generator=torch.Generator().manual_seed(seed))
    return PointDataset(points, centers=torch.zeros(1, 2), std=1.0)


HELD_OUT = normal_points(1)


def network() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))


def make_state(shift: float) -> TrainingState:
    """A game on normal points: G(z) = z + shift, and a D that says 1/2 everywhere."""
    generator, discriminator = nn.Linear(2, 2), network()
    with torch.no_grad():
        generator.weight.copy_(torch.eye(2))
        generator.bias.fill_(shift)
        discriminator[2].weight.zero_()
        discriminator[2].bias.zero_()
    return TrainingState(
        generator=generator,
        discriminator=discriminator,
        average=deepcopy(generator).requires_grad_(False),
        optimizer_g=torch.optim.Adam(generator.parameters(), 1e-3),
        optimizer_d=torch.optim.Adam(discriminator.parameters(), 1e-3),
        loss=load_loss("nonsaturating"),
        batches=Batches(
            normal_points(0), 0, 256, 2, 1, augmentation=Augmentation(), device=torch.device("cpu")
        ),
        ema_decay=0.999,
    )


def weights_of(state: TrainingState) -> list[Tensor]:
    return [*state.generator.parameters(), *state.discriminator.parameters()]


def test_where_g_is_the_data_nobody_gains():
    state = make_state(shift=0.0)
    before = deepcopy(weights_of(state))
    found = duality_gap(state, HELD_OUT, take_step, 100)
    assert abs(found.gap.mean) < 0.005
    for value in (found.best_discriminator, found.best_generator):
        assert value.mean == pytest.approx(-LOG_2, abs=0.005)
    assert all(map(torch.equal, before, weights_of(state)))


def test_away_from_it_the_gap_is_what_d_can_gain():
    found = duality_gap(make_state(shift=2.0), HELD_OUT, take_step, 300)
    low, high = found.gap.interval
    assert low > 0.1
    # Between normals 2 sqrt(2) apart nobody gets above log 2 times the share of a bit that D* has.
    assert found.best_discriminator.mean > -0.55
    assert found.best_generator.mean == pytest.approx(-LOG_2, abs=0.01)  # D says 1/2
    assert high < LOG_2


def test_a_d_that_says_a_half_has_value_minus_log_4():
    found = on_held_out(make_state(shift=2.0), HELD_OUT)
    assert found.value.mean == pytest.approx(-math.log(4))
    assert found.d_real.mean == found.d_fake.mean == 0.5


@pytest.mark.parametrize(("shift", "lowest", "highest"), [(0.0, 0.48, 0.52), (2.0, 0.88, 0.96)])
def test_a_fresh_discriminator_finds_the_difference_there_is(shift, lowest, highest):
    """Normals 2 sqrt(2) apart: the best accuracy is Phi(sqrt(2)) = 0.921."""
    found = fresh_accuracy(network(), make_state(shift), HELD_OUT, 1500)
    assert lowest < found.accuracy < highest
    assert found.images == 2 * 8192


@pytest.mark.parametrize(
    ("shift", "opening"), [(0.0, "Consistent with the equilibrium"), (2.0, "Not at the equilib")]
)
def test_the_conclusion_says_which_it_is(shift, opening):
    state = make_state(shift)
    held_out = on_held_out(state, HELD_OUT)
    gap = duality_gap(state, HELD_OUT, take_step, 100)
    conclusion = conclude(fresh_accuracy(network(), state, HELD_OUT, 500), held_out, gap)
    assert conclusion.startswith(opening)
    # D = 1/2 alone proves nothing.
    assert ("does not see the difference" in conclusion) == (shift > 0)


def test_curves_are_read_from_their_last_quarter():
    lines = [{"step": step, "loss/d": 9.0, "d/real": 1.0} for step in range(6)]
    lines += [{"step": 6, "loss/d": 1.0, "d/real": 0.4}, {"step": 7, "loss/d": 2.0, "d/real": 0.6}]
    found = curve_means(lines, has_value=True)
    assert found["value"] == CurveMean(mean=-1.5, std=0.5, lines=2)
    assert found["d/real"].mean == pytest.approx(0.5)
    assert "value" not in curve_means(lines, has_value=False)


# --- the optimal discriminator -------------------------------------------------------------------


def test_masses_of_cells_are_those_of_the_normal():
    cells = Cells(reach=4.0, side=8)
    masses = cells.masses(torch.zeros(1, 2), 1.0)
    assert masses.sum() == pytest.approx(1) and cells.width == 1
    # The cell [0, 1]^2 holds (Phi(1) - Phi(0))^2 = 0.3413^2; within 4 sigma is 0.99994^2.
    assert masses[4 * 8 + 4] == pytest.approx(0.341345**2, abs=1e-6)
    assert masses[-1] == pytest.approx(1 - 0.9999366575**2, abs=1e-9)


def test_points_are_counted_in_their_cell():
    cells = Cells(reach=1.0, side=2)
    points = torch.tensor([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [0.5, 0.4], [3.0, 0.0]])
    assert cells.counts(points).tolist() == [1, 0, 1, 2, 1]
    assert cells.middles().tolist() == [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]


def test_the_optimum_is_p_over_p_plus_q_and_its_value_that_of_the_divergence():
    real, counts = torch.tensor([0.5, 0.5, 0.0]).double(), torch.tensor([0, 500, 500])
    optimal, error = optimal_discriminator(real, counts)
    assert optimal.tolist() == [1.0, 0.5, 0.0]
    # d D* = p dq / (p + q)^2 with dq = sqrt(500) / 1000.
    assert error[1] == pytest.approx(0.5 * 500**0.5 / 1000)
    fake = counts.double() / 1000
    divergence = jensen_shannon(real, fake)
    assert divergence == pytest.approx(LOG_2 / 2)
    assert value_of(optimal.logit(), real, fake) == pytest.approx(-2 * LOG_2 + 2 * divergence)
    assert value_of(torch.zeros(3).double(), real, fake) == pytest.approx(-math.log(4))


class OneMode(nn.Module):
    """Draws the first mode of the ring, exactly."""

    def __init__(self, data: PointDataset):
        super().__init__()
        self.center = nn.Parameter(data.centers[0].clone())
        self.std = data.std

    def forward(self, latents: Tensor) -> Tensor:
        return self.center + self.std * latents


class Half(nn.Module):
    """Says 1/2 everywhere."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, points: Tensor) -> Tensor:
        return self.bias.expand(len(points))


@pytest.mark.parametrize("threads", [1, 2])
def test_rounding_puts_no_mass_outside(threads):
    """There D is taken for 0, which would make V minus infinity."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for data in (ring("test"), grid("test")):
            cells = cells_for(data.centers, data.std)
            assert cells.masses(data.centers, data.std)[-1] == 0
    finally:
        torch.set_num_threads(before)


def test_a_generator_of_one_mode_has_the_optimum_of_the_closed_form():
    """Where G is, p / (p + q) = 1 / 9; elsewhere 1: V = log(1/9) / 8 + log(8/9)."""
    data = ring("test")
    found = compare_with_optimum(OneMode(data), Half(), data, 0, 2, count=200_000)
    numbers = found.numbers
    expected = math.log(1 / 9) / 8 + math.log(8 / 9)
    assert numbers.value_optimal == pytest.approx(expected, abs=0.01)
    assert numbers.value_learned == pytest.approx(-math.log(4))
    # |1/2 - D*| is 1/2 on 7/16 of (p + q) / 2, and 7/18 on the rest.
    assert numbers.error == pytest.approx(7 / 16 / 2 + 9 / 16 * 7 / 18, abs=0.01)
    assert numbers.error_by_chance < 0.01 and numbers.outside == 0
    assert cells_for(data.centers, data.std) == found.cells


class FarAway(OneMode):
    """Draws far from all modes, where no cell is."""

    def forward(self, latents: Tensor) -> Tensor:
        return self.center * 0 + 1000 + latents


def test_fakes_outside_of_the_cells_count_as_what_d_says_of_them():
    """D* is 1 where p is and 0 where q is: V(D*) = 0, and a D of 1/2 is 1/2 away on both."""
    data = ring("test")
    numbers = compare_with_optimum(FarAway(data), Half(), data, 0, 2, count=1000).numbers
    assert numbers.outside == 1
    assert numbers.value_optimal == pytest.approx(0)
    assert numbers.value_learned == pytest.approx(-math.log(4))
    assert numbers.error == pytest.approx(1 / 2)
    assert numbers.divergence == pytest.approx(LOG_2)


# --- the verb ------------------------------------------------------------------------------------

QUICK = ("logger=none", "steps=4", "log_every=1", *FEW_SAMPLES)
DIGITS = f"image_size=16 hidden_dim=4 {FEW_SCORES}"


@pytest.mark.parametrize(
    ("settings", "has_gap", "has_optimum"),
    [
        (DIGITS, True, False),
        (f"{DIGITS} model=cdcgan", True, False),
        (f"{DIGITS} pack=2", True, False),
        (f"{DIGITS} loss=wgan_gp beta1=0", False, False),
        ("dataset=ring model=point_mlp", True, True),
    ],
)
def test_equilibrium_writes_numbers_figures_and_a_line(
    gan_lab_here, tmp_path, settings, has_gap, has_optimum
):
    assert gan_lab_here(*settings.split(), *QUICK).returncode == 0
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    before = run.checkpoint_path(4).read_bytes()
    result = gan_lab_here("equilibrium", "latest", "--steps", "3", "--fresh-steps", "3")
    assert result.returncode == 0, result.stderr
    found = json.loads(run.equilibrium_path.read_text())
    assert plain(read(Equilibrium, found)) == found
    assert found["conclusion"] in result.stdout
    assert ("gap" in found, "optimum" in found) == (has_gap, has_optimum)
    assert run.equilibrium_figure.read_bytes().startswith(b"\x89PNG")
    assert run.optimum_figure.exists() == has_optimum
    for figure in [run.equilibrium_figure, *([run.optimum_figure] if has_optimum else [])]:
        assert figure.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert f"{figure.stem}.pdf" in result.stdout
    assert run.checkpoint_path(4).read_bytes() == before


def test_a_run_without_a_checkpoint_is_one_line(gan_lab_here, tmp_path):
    assert gan_lab_here(*DIGITS.split(), *QUICK).returncode == 0
    (directory,) = run_directories(tmp_path / "runs")
    Run(directory).checkpoint_path(4).unlink()
    for verb in ("equilibrium", "modes"):
        result = gan_lab_here(verb, "latest")
        assert result.returncode == 1 and "no checkpoint" in result.stderr
        assert result.stderr.count("\n") == 1
