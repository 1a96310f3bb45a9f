"""Copies of training data are found, and fresh data are not."""

import pytest
import torch
from scipy.stats import kstest, mannwhitneyu, norm
from torch import Tensor

from gan_lab.data import digits
from gan_lab.metrics import copy_test
from gan_lab.metrics.copying import rank_z

SEED = 31  # fixed before the first run
DIGITS = {split: digits(16, split=split).images for split in ("train", "test")}


def clusters(generator: torch.Generator, count: int) -> Tensor:
    """Points around four centres [count, 2], a quarter each on average."""
    centres = torch.tensor([[0.0, 0], [0, 9], [9, 0], [9, 9]])
    places = torch.randint(4, (count,), generator=generator)
    return centres[places] + torch.randn(count, 2, generator=generator)


def test_p_is_uniform_where_samples_are_fresh():
    generator = torch.Generator().manual_seed(SEED)
    repeats = 400
    found = [
        copy_test(*(clusters(generator, count) for count in (300, 200, 150)), cells=4).p
        for _ in range(repeats)
    ]
    under = sum(p < 0.05 for p in found)
    reach = 3 * (repeats * 0.05 * 0.95) ** 0.5
    assert abs(under - 0.05 * repeats) <= reach
    assert kstest(found, "uniform").pvalue > 0.001


def test_copies_of_training_images_are_found_and_fresh_images_are_not():
    train, held_out = DIGITS["train"], DIGITS["test"][::2]
    copied = copy_test(train, held_out, train[:180])
    fresh = copy_test(train, held_out, DIGITS["test"][1::2])
    assert copied.p < 1e-4 and copied.statistic < 0
    assert fresh.p > 0.01 and abs(fresh.statistic) < 1


def test_near_copies_are_found_and_noise_is_far():
    generator = torch.Generator().manual_seed(SEED)
    train, held_out, shape = DIGITS["train"], DIGITS["test"], (180, 1, 16, 16)
    noise = 5 * torch.randn(shape, generator=generator)
    near = (train[:180] + noise).round().clamp(0, 255).to(torch.uint8)
    assert copy_test(train, held_out, near).p < 1e-4
    random = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    far = copy_test(train, held_out, random)
    assert far.p > 0.999 and far.statistic > 0


def test_one_cell_is_the_test_of_mann_and_whitney():
    generator = torch.Generator().manual_seed(SEED)
    train = torch.zeros(1, 1)
    real, fake = (torch.rand(count, 1, generator=generator) for count in (40, 30))
    found = copy_test(train, real, fake, cells=1)
    known = mannwhitneyu(fake[:, 0], real[:, 0], alternative="less", method="asymptotic",
                         use_continuity=False)  # fmt: skip
    assert found.p == pytest.approx(known.pvalue, rel=1e-9)
    assert found.statistic == pytest.approx(norm.ppf(known.pvalue), rel=1e-6)


def test_ties_are_of_no_side():
    same = torch.ones(20).numpy()
    assert rank_z(same, same) == 0
    held_out, fake = torch.tensor([1.0, 1, 2, 2] * 5).numpy(), torch.tensor([1.0, 2] * 10).numpy()
    assert rank_z(held_out, fake) == pytest.approx(0, abs=1e-12)


def test_a_cell_that_a_generator_leaves_out_is_left_out():
    generator = torch.Generator().manual_seed(SEED)
    train, held_out = clusters(generator, 400), clusters(generator, 400)
    fake = torch.randn(100, 2, generator=generator)
    assert copy_test(train, held_out, fake, cells=4).compared == 1


def test_too_few_samples_are_refused():
    points = torch.rand(9, 2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="no cell of the training data has 10 samples"):
        copy_test(points, points, points, cells=2)
