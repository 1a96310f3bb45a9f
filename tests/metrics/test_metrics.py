"""Scores against their reference libraries, closed forms and samples made for the purpose."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, ttest_1samp, wasserstein_distance
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gan_lab.metrics import (
    inception_score,
    kid,
    kid_subsets,
    mean_interval,
    mode_coverage,
    nearest_distances,
    pair_similarities,
    pairwise_distances,
    precision_recall_density_coverage,
    stacked_mode_coverage,
    swd,
    swd_levels,
    triple_counts,
    wilson,
)
from gan_lab.metrics.swd import enlarge, laplacian_pyramid, sliced_wasserstein


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def smooth(count: int, channels: int = 1, side: int = 32, seed: int = 0) -> Tensor:
    """Images with structure at every scale: noise enlarged from 4x4 and from 8x8."""
    coarse = [
        interpolate(normal(count, channels, small, small, seed=seed), side, mode="bicubic")
        for small in (4, 8)
    ]
    return (128 + 30 * coarse[0] + 15 * coarse[1]).round().clamp(0, 255).to(torch.uint8)


# --- the kernel distance -------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(50, 3), (3000, 64)])  # more rows than a part holds
def test_kid_is_torch_fidelitys(count, size):
    from torch_fidelity.metric_kid import kid_features_to_metric

    real, fake = normal(count, size), 0.9 * normal(count, size, seed=1) + 0.1
    theirs = kid_features_to_metric(real, fake, kid_subsets=1, kid_subset_size=count, verbose=False)
    assert kid(real, fake) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)


def test_kid_of_unequal_numbers_by_hand():
    def kernel(x: float, y: float) -> float:
        return (x * y + 1) ** 3

    # real 0 and 1; fake 1, 2 and 3
    within_real, between = kernel(0, 1), [kernel(x, y) for x in (0, 1) for y in (1, 2, 3)]
    within_fake = np.mean([kernel(1, 2), kernel(1, 3), kernel(2, 3)])
    expected = within_real + within_fake - 2 * np.mean(between)
    assert kid(np.array([[0.0], [1]]), np.array([[1.0], [2], [3]])) == pytest.approx(expected)


def test_kid_of_equal_distributions_is_zero_on_average_and_of_shifted_ones_is_not():
    real, fake = normal(2000, 8), normal(2000, 8, seed=1)
    values = kid_subsets(real, fake, size=100)
    assert values.shape == (20,) and values.min() < 0 < values.max()
    low, high = mean_interval(values)
    assert low < 0 < high and low < values.mean() < high
    assert mean_interval(kid_subsets(real, fake + 0.5, size=100))[0] > 0


def test_the_subsets_are_disjoint_and_of_one_size():
    real, fake = normal(450, 2), normal(1000, 2, seed=1)
    assert kid_subsets(real, fake, size=100).shape == (4,)
    torch.testing.assert_close(
        kid_subsets(real, fake[:450], size=450)[0].item(), kid(real, fake[:450]), rtol=1e-9, atol=0
    )


# --- the classifier's score ----------------------------------------------------------------------


@pytest.mark.parametrize("splits", [1, 7, 10])
def test_inception_score_is_torch_fidelitys(splits):
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = 5 * normal(1003, 10)
    theirs = isc_features_to_metric(logits, splits=splits, shuffle=False)
    assert inception_score(logits, splits) == pytest.approx(
        theirs["inception_score_mean"], rel=1e-9
    )


def test_inception_score_is_the_number_of_classes_at_best_and_one_at_worst():
    certain = 1e4 * torch.eye(10).repeat(5, 1)  # whose other probabilities are exactly 0
    assert inception_score(certain) == pytest.approx(10, rel=1e-12)
    assert inception_score(certain[:1].expand(9, 10)) == pytest.approx(1, rel=1e-12)
    assert inception_score(torch.zeros(9, 10)) == pytest.approx(1, rel=1e-12)


# --- neighbours ----------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [(300, 300), (1200, 700), (40, 2100)])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall_density_coverage_are_those_of_prdc(counts, k):
    from prdc import compute_prdc

    real, fake = normal(counts[0], 12), 0.7 * normal(counts[1], 12, seed=1) + 0.3
    theirs = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    assert precision_recall_density_coverage(real, fake, k) == pytest.approx(theirs, abs=1e-12)


def test_precision_and_recall_are_torch_fidelitys():
    from torch_fidelity.metric_prc import prc_features_to_metric

    real, fake = normal(900, 8), 0.6 * normal(900, 8, seed=1)
    theirs = prc_features_to_metric(
        fake, real, prc_neighborhood=5, prc_batch_size=1000, save_cpu_ram=False, verbose=False
    )
    ours = precision_recall_density_coverage(real, fake)
    assert ours["precision"] == pytest.approx(theirs["precision"], abs=1e-6)
    assert ours["recall"] == pytest.approx(theirs["recall"], abs=1e-6)
    assert ours["precision"] > 0.9 > ours["recall"]  # a narrow sampler is precise: not swapped


@pytest.mark.parametrize("k", [1, 3, 5])
def test_two_equal_sets_have_a_density_of_one_as_in_prdc(k):
    from prdc import compute_prdc

    real = normal(300, 12) + 3
    ours = precision_recall_density_coverage(real, real.flip(0), k)
    assert ours == {"precision": 1, "recall": 1, "density": pytest.approx(1), "coverage": 1}
    theirs = compute_prdc(real.numpy(), real.numpy(), nearest_k=k)
    assert theirs["density"] == pytest.approx(1, abs=0.05)  # they leave the rim to rounding


def test_copies_of_one_sample_lie_in_its_ball_of_no_size():
    real, fake = torch.zeros(9, 2), torch.zeros(7, 2)
    found = precision_recall_density_coverage(real, fake)
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)


def test_neighbours_by_hand():
    real, fake = torch.tensor([[0.0], [1], [10], [11]]), torch.tensor([[0.5], [0.6]])
    # Balls of reals have radius 1, those of fakes 0.1.
    assert precision_recall_density_coverage(real, fake, k=1) == {
        "precision": 1, "recall": 0, "density": 2, "coverage": 0.5,
    }  # fmt: skip


def test_nearest_distances_are_scikit_learns_and_zero_for_copies():
    from sklearn.neighbors import NearestNeighbors

    real, fake = noise(1500, 3, 8, 8), noise(1100, 3, 8, 8, seed=1)
    fake[7] = real[1234]
    search = NearestNeighbors(n_neighbors=1).fit(real.flatten(1).numpy().astype(float))
    expected = search.kneighbors(fake.flatten(1).numpy().astype(float))[0][:, 0] / math.sqrt(192)
    ours = nearest_distances(real, fake)
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
    assert ours[7] == 0 and (ours > 0).sum() == 1099


def test_distances_are_in_grey_levels():
    images = torch.zeros(5, 1, 4, 4, dtype=torch.uint8)
    images[1], images[3, :, :2] = 3, 200  # all pixels by 3, half of them by 200
    assert pairwise_distances(images).tolist() == pytest.approx([3, 200 / math.sqrt(2)])


def test_pairwise_distance_of_points():
    points = normal(20_000, 2)
    # A coordinate's difference has variance 2, the mean of a Rayleigh distance is sqrt(pi / 2).
    assert pairwise_distances(points).mean().item() == pytest.approx(math.sqrt(math.pi / 2), 0.02)


# --- similarity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 40), (1, 6, 9)])
def test_similarity_is_torchmetrics(shape):
    from torchmetrics.functional.image import structural_similarity_index_measure

    images = noise(40, *shape)
    images[20:, :, ::2] = 0  # flat regions too
    first, second = images[::2].double(), images[1::2].double()
    theirs = structural_similarity_index_measure(first, second, data_range=255.0, reduction="none")
    np.testing.assert_allclose(pair_similarities(images), theirs, atol=1e-9)
    np.testing.assert_allclose(pair_similarities(images.repeat_interleave(2, 0)), 1)


# --- sliced Wasserstein --------------------------------------------------------------------------


def test_sliced_wasserstein_is_scipys_in_one_dimension():
    real, fake = normal(500, 1), 2 * normal(500, 1, seed=1) + 1
    expected = wasserstein_distance(real[:, 0], fake[:, 0])
    assert sliced_wasserstein(real, fake, torch.ones(1, 1, dtype=torch.float64)) == pytest.approx(
        expected
    )


def test_sliced_wasserstein_of_a_shift_is_the_shift_along_the_directions():
    real, shift = normal(500, 3), torch.tensor([3.0, 0, 4]).double()
    directions = torch.eye(3, dtype=torch.float64)
    assert sliced_wasserstein(real, real + shift, directions) == pytest.approx((3 + 0 + 4) / 3)


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((1, 28, 28), [28, 14]),
        ((1, 32, 32), [32, 16]),
        ((3, 64, 64), [64, 32, 16]),
        ((3, 128, 128), [128, 64, 32, 16]),
        ((3, 96, 96), [96, 48, 24]),
        ((1, 14, 15), [15]),
    ],
)
def test_the_levels_of_the_pyramid_sum_up_to_the_image(shape, sides):
    images = noise(3, *shape)
    levels = list(laplacian_pyramid(images))
    assert [level.shape[-1] for level in levels] == sides
    assert list(swd_levels(images, images)) == sides
    image = levels.pop()
    while levels:
        image = levels.pop() + enlarge(image)
    torch.testing.assert_close(image, images.float(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("channels", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_swd_is_zero_for_equal_sets_and_at_its_floor_for_two_halves(channels):
    images = smooth(500, channels)
    first, second = images[:250], images[250:]
    assert swd(first, first) == 0
    floor = swd(first, second)
    blurred = avg_pool2d(second.float(), 3, 1, 1).round().to(torch.uint8)
    noisy = (second.float() + 20 * normal(*second.shape)).clamp(0, 255).to(torch.uint8)
    worse = [swd(first, side) for side in (blurred, noisy, noise(*second.shape))]
    assert 0 < floor < 40 and 3 * floor < min(worse)


def test_swd_of_the_first_images_does_not_depend_on_the_others():
    images, others = smooth(600), smooth(600, seed=1)
    assert swd(images, others[:300]) == swd(images[:300], others[:300])


def test_a_constant_image_has_a_distance():
    assert math.isfinite(swd(smooth(10), torch.zeros(10, 1, 32, 32, dtype=torch.uint8)))


# --- modes ---------------------------------------------------------------------------------------

RING = np.array([[math.cos(a), math.sin(a)] for a in np.arange(8) * math.pi / 4])
GRID = np.array([[x, y] for x in range(-4, 5, 2) for y in range(-4, 5, 2)], float)


def mixture(centers: np.ndarray, std: float, count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    chosen = generator.integers(len(centers), size=count)
    return centers[chosen] + std * generator.standard_normal((count, 2))


@pytest.mark.parametrize(("centers", "std"), [(RING, 0.01), (GRID, 0.05)])
def test_a_perfect_sampler_of_a_mixture(centers, std):
    found = mode_coverage(mixture(centers, std, 100_000), centers, std)
    assert found["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.0015)
    assert found["modes"] == len(centers)
    assert found["reverse_kl"] == pytest.approx((len(centers) - 1) / 2 / 100_000, rel=0.8)


def test_a_generator_that_drops_modes():
    found = mode_coverage(mixture(RING[:2], 0.01, 5000), RING, 0.01)
    assert found["modes"] == 2
    assert found["reverse_kl"] == pytest.approx(math.log(4), abs=1e-3)


def test_points_between_the_modes_count_for_none():
    found = mode_coverage(np.zeros((10, 2)), RING, 0.01)
    assert found == {"high_quality": 0, "modes": 0, "reverse_kl": math.log(8)}
    just = RING[:1] * [[1 - 0.0299], [1 - 0.0301]]
    assert mode_coverage(just, RING, 0.01)["high_quality"] == 0.5


def test_stacked_modes_of_uniform_labels_are_at_the_floor():
    generator = torch.Generator().manual_seed(0)
    digits = torch.randint(0, 10, (26_000, 3), generator=generator)
    found = stacked_mode_coverage(triple_counts(digits))
    assert found["modes"] == 1000
    assert found["kl"] == pytest.approx(0.0192, abs=4 * 0.0009)


def test_stacked_modes_by_hand():
    counts = triple_counts(torch.tensor([[0, 0, 7], [0, 0, 7], [9, 8, 7], [1, 2, 3]]))
    assert counts.nonzero().flatten().tolist() == [7, 123, 987]
    found = stacked_mode_coverage(counts)
    entropy = 0.5 * math.log(2) + 0.5 * math.log(4)
    assert found == {"modes": 3, "kl": pytest.approx(math.log(1000) - entropy)}


# --- intervals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("successes", "count"), [(0, 10), (1, 10), (10, 10), (634, 1000)])
def test_wilson_is_scipys(successes, count):
    theirs = binomtest(successes, count).proportion_ci(method="wilson")
    assert wilson(successes, count) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_interval_of_a_mean_is_scipys():
    values = normal(12)
    theirs = ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((theirs.low, theirs.high))
    assert mean_interval(values[:1]) is None


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda x: kid(x, x[:1]), "at least 2 samples a side, got 4 and 1"),
        (lambda x: kid(x, x[:, :2]), "real has 3 features, fake has 2"),
        (lambda x: kid(x, x * math.nan), "fake holds numbers that are not finite"),
        (lambda x: kid_subsets(x, x, size=5), "at least 5 samples"),
        (lambda x: precision_recall_density_coverage(x, x, k=4), "at least 5 samples"),
        (lambda x: precision_recall_density_coverage(x, x, k=0), "k=0: must be at least 1"),
        (lambda x: inception_score(x, splits=5), "4 samples cannot be parted into 5 splits"),
        (lambda x: mode_coverage(x[:, :2], RING, 0), "std above 0"),
        (lambda x: mode_coverage(x[:0, :2], RING, 1), "needs points"),
        (lambda x: stacked_mode_coverage(x[:, 0]), "needs 1000 counts"),
        (lambda x: wilson(5, 4), "5 of 4 is no share"),
        (lambda x: pairwise_distances(noise(1, 1, 8, 8)), "a pair needs 2 samples, got 1"),
        (lambda x: pair_similarities(noise(2, 1, 8, 5)), "the images have 8x5"),
        (lambda x: swd(noise(2, 1, 13, 13), noise(2, 1, 13, 13)), "the images have 13x13"),
        (lambda x: swd(noise(2, 1, 16, 16), noise(2, 3, 16, 16)), r"fake is \[3, 16, 16\]"),
    ],
)
def test_errors_are_one_line(call, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        call(normal(4, 3))
    assert "\n" not in str(caught.value)
