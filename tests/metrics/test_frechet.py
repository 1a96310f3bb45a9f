"""The Fréchet distance, against numbers that are known without it."""

import io

import numpy as np
import pytest
import torch

from gan_lab.metrics import Moments, frechet, frechet_distance, frechet_from_features, moments


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=0)


def rotation(generator: np.random.Generator, size: int) -> np.ndarray:
    return np.linalg.qr(generator.standard_normal((size, size)))[0]


def transport(count: int, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, float]:
    """Features, their image under x -> T x + t with T SPD, and the distance between the two.

    The gradient of a convex function is the optimal map (Brenier 1991), so that the squared
    distance of the fitted Gaussians is the variance of the displacement plus that of the means.
    """
    generator = np.random.default_rng(seed)
    scales = np.arange(1, size + 1) ** -0.75
    real = np.abs(generator.standard_normal((count, size))) * scales
    basis = rotation(generator, size)
    fake = real @ (basis * generator.uniform(0.5, 1.5, size)) @ basis.T + 0.1
    displacement = fake - real
    mean = displacement.mean(0)
    variance = ((displacement - mean) ** 2).sum() / (count - 1)
    return real, fake, mean @ mean + variance


def test_equal_covariances_leave_the_squared_distance_of_the_means():
    generator = np.random.default_rng(0)
    root = generator.standard_normal((6, 6))
    mu = np.zeros(6)
    shifted = np.array([3.0, 4.0, 0, 0, 0, 0])
    assert frechet_distance(mu, root @ root.T, shifted, root @ root.T) == close(25)


def test_one_dimension_by_hand():
    # (1 - 3)^2 + (2 - 5)^2
    assert frechet_distance([1.0], [[4.0]], [3.0], [[25.0]]) == close(13)


@pytest.mark.parametrize("rotated", [False, True])
def test_commuting_covariances_in_closed_form(rotated):
    generator = np.random.default_rng(1)
    basis = rotation(generator, 8) if rotated else np.eye(8)
    variances = generator.uniform(0.1, 9, (2, 8))
    variances[0, 0] = variances[1, :2] = 0  # singular, with different null spaces
    mu = generator.standard_normal((2, 8))
    sigma1, sigma2 = ((basis * values) @ basis.T for values in variances)
    roots = np.sqrt(variances)
    expected = ((mu[0] - mu[1]) ** 2).sum() + ((roots[0] - roots[1]) ** 2).sum()
    assert frechet_distance(mu[0], sigma1, mu[1], sigma2) == close(expected)


def test_orthogonal_supports_add_their_traces():
    sigma1, sigma2 = np.diag([1.0, 2, 0, 0]), np.diag([0, 0, 3.0, 4])
    assert frechet_distance(np.zeros(4), sigma1, np.zeros(4), sigma2) == close(10)


def test_points_have_only_the_distance_of_their_means():
    zero = np.zeros((2, 2))
    assert frechet_distance([0.0, 0], zero, [1.0, 2], zero) == close(5)
    assert frechet_distance([0.0, 0], zero, [1.0, 2], np.eye(2)) == close(7)


@pytest.mark.parametrize(
    ("count", "size"),
    [
        (400, 16),
        (2000, 512),
        (300, 512),  # fewer samples than features
        (513, 512),  # just enough
        pytest.param(3000, 2048, marks=pytest.mark.slow),
        pytest.param(500, 2048, marks=pytest.mark.slow),
    ],
)
def test_optimal_transport_with_a_known_map(count, size):
    real, fake, expected = transport(count, size)
    assert frechet_from_features(real, fake) == close(expected)
    sides = [(side.mean(0), np.cov(side, rowvar=False)) for side in (real, fake)]
    assert frechet_distance(*sides[0], *sides[1]) == close(expected)


@pytest.mark.parametrize("counts", [(40, 40), (40, 500), (500, 40), (500, 500)])
def test_features_and_their_moments_agree(counts):
    generator = np.random.default_rng(2)
    real, fake = (generator.standard_normal((count, 64)) * [[2.0, 0.1] * 32] for count in counts)
    expected = frechet_distance(
        real.mean(0), np.cov(real, rowvar=False), fake.mean(0), np.cov(fake, rowvar=False)
    )
    assert frechet_from_features(real, fake) == close(expected)
    assert frechet_from_features(fake, real) == close(expected)


@pytest.mark.parametrize("count", [30, 1000])
def test_identical_sets_are_at_zero(count):
    real, _, _ = transport(count, 100)
    trace = real.var(0, ddof=1).sum()
    assert abs(frechet_from_features(real, real)) < 1e-12 * trace


def test_a_large_common_offset_does_not_matter():
    real, fake, expected = transport(500, 16)
    assert frechet_from_features(real + 1e4, fake + 1e4) == pytest.approx(expected, rel=1e-8)


def test_float32_tensors_are_computed_in_float64():
    real, fake, _ = (np.asarray(side, np.float32) for side in transport(500, 16))
    expected = frechet_from_features(real.astype(np.float64), fake.astype(np.float64))
    tensors = [torch.from_numpy(side).requires_grad_() for side in (real, fake)]
    assert frechet_from_features(*tensors) == expected


def test_agrees_with_torch_fidelity():
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    real, fake, _ = transport(4000, 32)
    fake = fake[:3000] + np.random.default_rng(3).standard_normal((3000, 32)) * 0.1
    sides = [{"mu": side.mean(0), "sigma": np.cov(side, rowvar=False)} for side in (real, fake)]
    theirs = fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]
    assert frechet_from_features(real, fake) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("count", [20, 200])
def test_moments_survive_a_file(count):
    real, fake, expected = transport(count, 32)
    file = io.BytesIO()
    torch.save(vars(moments(real)), file)
    file.seek(0)
    loaded = Moments(**torch.load(file, weights_only=True))
    assert loaded.count == count
    np.testing.assert_allclose(loaded.covariance, np.cov(real, rowvar=False), atol=1e-14)
    assert frechet(loaded, moments(fake)) == close(expected)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda x: frechet_from_features(x, x[:1]), "at least 2 samples, got 1"),
        (lambda x: frechet_from_features(x, x[:, :2]), "real has 3 features, fake has 2"),
        (lambda x: frechet_from_features(x, x * np.nan), "not finite"),
        (lambda x: frechet_from_features(x / 0, x), "not finite"),
        (lambda x: frechet_from_features(x, x[0]), "2 dimensions"),
        (lambda x: frechet_distance(x[0], np.eye(3), x[0, :2], np.eye(2)), "3 features"),
        (lambda x: frechet_distance(x[0], np.eye(3), x[0], np.eye(4)), r"shape \[4, 4\]"),
        (lambda x: frechet_distance(x[0], np.eye(3), x[0], -np.eye(3)), "negative eigenvalue -1"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_errors_are_one_line(call, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        call(np.arange(1.0, 13).reshape(4, 3))
    assert "\n" not in str(caught.value)


# --- hard cases: a spectrum of the real side, a map of it onto the fake one, and samples of both --
# Exact answers are those of `transport`: rotated spectra, maps that are not aligned with them.

SPECTRA = {
    "flat": lambda d: np.ones(d),
    "power": lambda d: np.arange(1.0, d + 1) ** -0.75,
    "rising": lambda d: np.arange(d, 0.0, -1) ** -1.5,
    "steep": lambda d: np.arange(1.0, d + 1) ** -4,
    "exponential": lambda d: np.exp(-np.linspace(0, 30, d)),
    "one large": lambda d: np.r_[1e4, np.ones(d - 1)],
    "dead features": lambda d: np.r_[np.ones(d - 5), np.zeros(5)],
}
MAPS = {"mild": (0.5, 1.5), "close": (0.99, 1.01), "wild": (1e-3, 1e3), "shrinking": (1e-6, 1e-5)}
COUNTS = {"fewer": 30, "as many": 64, "one more": 65, "two more": 66, "many": 2000}
HARD = [
    *((spectrum, "mild", "many") for spectrum in SPECTRA),
    *((spectrum, "wild", "many") for spectrum in SPECTRA),
    *(("power", stretch, "many") for stretch in ("close", "shrinking")),
    *(("steep", stretch, "many") for stretch in ("close", "shrinking")),
    *(("power", "mild", count) for count in ("fewer", "as many", "one more", "two more")),
    *(("exponential", "wild", count) for count in ("fewer", "as many", "one more", "two more")),
]


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize(("spectrum", "stretch", "count"), HARD)
def test_hard_cases(spectrum, stretch, count, scale):
    size = 64
    generator = np.random.default_rng(4)
    low, high = np.log(MAPS[stretch])
    real = np.abs(generator.standard_normal((COUNTS[count], size))) * SPECTRA[spectrum](size)
    real = scale * real @ rotation(generator, size)
    basis = rotation(generator, size)
    fake = real @ (basis * np.exp(generator.uniform(low, high, size))) @ basis.T
    displacement = fake - real
    mean = displacement.mean(0)
    expected = mean @ mean + ((displacement - mean) ** 2).sum() / (len(real) - 1)
    assert frechet_from_features(real, fake) == close(expected)
    assert frechet_from_features(fake, real) == close(expected)
    sides = [(side.mean(0), np.cov(side, rowvar=False)) for side in (real, fake)]
    assert frechet_distance(*sides[0], *sides[1]) == close(expected)


def test_eigenvalues_are_not_believed_where_large_ones_drown_small_ones():
    size, count = 256, 1000
    generator = np.random.default_rng(5)
    real = generator.standard_normal((count, size)) * np.arange(size, 0.0, -1) ** -1.2
    basis = rotation(generator, size)
    fake = real @ (basis * generator.uniform(0.999, 1.001, size)) @ basis.T
    displacement = fake - real
    mean = displacement.mean(0)
    expected = mean @ mean + ((displacement - mean) ** 2).sum() / (count - 1)
    # A factor without pivoting, whose columns rise: its eigenvalues alone give 3e-4 too much.
    factor = torch.linalg.cholesky(torch.from_numpy(np.cov(real, rowvar=False)))
    rising = Moments(torch.from_numpy(real.mean(0)), factor, count)
    assert frechet(rising, moments(fake)) == close(expected)
