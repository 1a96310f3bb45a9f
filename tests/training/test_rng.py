"""Randomness is a function of position: what a run draws does not depend on what it drew before."""

import math

import pytest
import torch

from gan_lab.training.rng import STREAMS, batch_indices, normal_at, torch_seed, uniform_at

SEEDS = [0, 1, 2**63 - 1]
PLACES = [
    {"seed": 0, "stream": "latents", "step": 5, "turn": 1},
    {"seed": 1, "stream": "latents", "step": 5, "turn": 1},
    {"seed": 0, "stream": "samples", "step": 5, "turn": 1},
    {"seed": 0, "stream": "latents", "step": 6, "turn": 1},
    {"seed": 0, "stream": "latents", "step": 5, "turn": 2},
    {"seed": 0, "stream": "latents", "step": 1, "turn": 5},
    {"seed": 5, "stream": "latents", "step": 0, "turn": 1},
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("count", "batch_size"), [(10, 3), (12, 4), (7, 7), (100, 1)])
def test_an_epoch_shows_every_image_once_but_for_the_last_partial_batch(seed, count, batch_size):
    batches = count // batch_size
    for epoch in range(3):
        drawn = torch.cat(
            [batch_indices(seed, epoch * batches + n, batch_size, count) for n in range(batches)]
        ).tolist()
        assert len(drawn) == len(set(drawn)) == batches * batch_size
        assert set(drawn) <= set(range(count))


def test_epochs_and_seeds_are_shuffled_differently():
    first, second, other_seed = (
        batch_indices(*at, batch_size=100, count=100).tolist() for at in [(0, 0), (0, 1), (1, 0)]
    )
    orders = {tuple(order) for order in (first, second, other_seed, range(100))}
    assert len(orders) == 4


def test_what_is_left_out_of_an_epoch_is_drawn_in_others():
    drawn = {index for draw in range(60) for index in batch_indices(0, draw, 3, 10).tolist()}
    assert drawn == set(range(10))


def test_drawing_out_of_order_gives_the_same():
    def draw(step: int) -> list[float]:
        return [
            *batch_indices(3, step, 4, 10).tolist(),
            *normal_at(3, "latents", (2, 2), step).flatten().tolist(),
            *uniform_at(3, "penalty", 4, step).tolist(),
        ]

    steps = [*range(12)]
    forwards = {step: draw(step) for step in steps}
    torch.manual_seed(1)  # torch's own state has no part in it
    assert {step: draw(step) for step in reversed(steps)} == forwards


def test_a_caller_who_changes_its_batch_changes_no_later_one():
    before = batch_indices(9, 0, 4, 10).tolist()
    batch_indices(9, 0, 4, 10).zero_()
    assert batch_indices(9, 0, 4, 10).tolist() == before


@pytest.mark.parametrize(
    "draw",
    [
        lambda place: normal_at(shape=(64,), **place),
        lambda place: uniform_at(count=64, **place),
    ],
    ids=["normal", "uniform"],
)
def test_places_have_numbers_of_their_own(draw):
    numbers = torch.stack([draw(place) for place in PLACES])
    assert len(numbers.unique()) > 0.99 * numbers.numel()


def test_streams_and_players_have_seeds_of_their_own():
    assert len({normal_at(0, stream, (1,)).item() for stream in STREAMS}) == len(STREAMS)
    assert len({torch_seed(seed, "networks", 0, turn) for seed in SEEDS for turn in range(2)}) == 6
    assert all(0 <= torch_seed(seed, "networks") < 2**63 for seed in range(20))


def test_normal_numbers_are_standard():
    count = 1_000_000
    numbers = normal_at(0, "latents", (count,))
    assert numbers.dtype == torch.float32
    moments = [numbers.double().pow(power).mean().item() for power in (1, 2, 3, 4)]
    for moment, expected, variance in zip(moments, [0, 1, 0, 3], [1, 2, 15, 96], strict=True):
        assert moment == pytest.approx(expected, abs=5 * math.sqrt(variance / count))


def test_uniform_numbers_fill_the_unit_interval():
    count = 1_000_000
    numbers, error = uniform_at(0, "penalty", count).double(), 5 / math.sqrt(count)
    assert 0 <= numbers.min() < 1e-4 and 1 - 1e-4 < numbers.max() < 1
    assert numbers.mean().item() == pytest.approx(1 / 2, abs=error / math.sqrt(12))
    assert numbers.var().item() == pytest.approx(1 / 12, abs=error / math.sqrt(180))


@pytest.mark.parametrize("count", [1, 7, 64])
def test_a_row_does_not_depend_on_how_many_follow(count):
    for draw in (
        lambda rows: normal_at(0, "samples", (rows, 16)),
        lambda rows: uniform_at(0, "penalty", rows),
    ):
        assert torch.equal(draw(500)[:count], draw(count))


def test_the_numbers_behind_published_results():
    """Other bits here are other results everywhere: every seed would name another run."""
    assert normal_at(0, "latents", (3,)).tolist() == [
        2.4439878463745117,
        0.46205928921699524,
        0.8771948218345642,
    ]
    assert uniform_at(0, "penalty", 3).tolist() == [
        0.12039345502853394,
        0.4751591086387634,
        0.4400564432144165,
    ]
    assert normal_at(7, "samples", (2,), step=5, turn=1).tolist() == [
        -1.351201057434082,
        0.6249527335166931,
    ]
    assert batch_indices(0, 0, 5, 1000).tolist() == [229, 816, 200, 732, 43]
    assert batch_indices(7, 20, 3, 10).tolist() == [1, 8, 0]
    assert torch_seed(0, "networks") == 106500010600983629
