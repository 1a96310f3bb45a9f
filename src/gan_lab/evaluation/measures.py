"""What is measured of samples: values with intervals, by the functions that conf/score names.

A measure takes `fake`, and `real` if it compares; `scores.NEEDS` says what they are. Its other
arguments are settings in the file. `gan-lab explain` prints the docstrings below.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor

from gan_lab.common.errors import UsageError
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.evaluation.classifier import accuracy, train_classifier
from gan_lab.metrics import (
    Moments,
    copy_test,
    enough_for_errors,
    frechet,
    frechet_at_infinity,
    frechet_error,
    inception_score,
    kid_subsets,
    log_spectral_distance,
    mean_interval,
    mode_coverage,
    moments,
    nearest_distances,
    normal_interval,
    pair_similarities,
    pairwise_distances,
    precision_recall_density_coverage,
    radial_spectrum,
    random_directions,
    rounding_power,
    sliced_wasserstein,
    stacked_mode_coverage,
    swd,
    wilson,
)

CONFIDENT = 0.9
SUBSETS = 10  # that a kernel distance has at least
PARTS = 10  # of the samples, whose spread is the error of scores of neighbours
FEWEST_IN_PART = 20
BATCH = 128  # samples of an update of a classifier


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval, and its standard error, where it has them.

    A score of several sets makes its interval of the errors, where all of them have one. `p` is the
    p-value of a score that is a test, whose value is a statistic.
    """

    value: float
    interval: tuple[float, float] | None = None
    error: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class Features:
    """What an extractor says of samples: values [N, d], logits [N, classes] if it classifies.

    `labels` [N] are those asked for, or the real ones. `known` are the moments of all samples,
    where the values are of some of them only.
    """

    values: Tensor
    logits: Tensor | None = None
    labels: Tensor | None = None
    known: Moments | None = None

    @cached_property
    def moments(self) -> Moments:
        return self.known or moments(self.values)


@dataclass(frozen=True)
class Splits:
    """Training and held-out samples: features [N, d], or images or points as they are."""

    train: Tensor
    held_out: Tensor


# --- measures on features ------------------------------------------------------------------------


def frechet_distance(real: Features, fake: Features) -> Measured:
    """Return the Fréchet distance of Gaussians fitted to the features, in their squared units.

    |mean(real) - mean(fake)|^2 + trace(R + F - 2 (R F)^(1/2)), with covariances R and F.
    Source: Heusel et al. 2017 (arXiv 1706.08500), equation 6. It is a FID on Inception's features
    alone; on others it is a distance of its own, with the network in its name.
    Better: lower, down to the floor. It falls with the number of samples.
    """
    value = frechet(real.moments, fake.moments)
    if not enough_for_errors(*fake.values.shape):
        return Measured(value)
    return _with_error(value, frechet_error(real.moments, fake.moments, fake.values))


def frechet_infinite(real: Features, fake: Features) -> Measured:
    """Return the Fréchet distance in the limit of infinitely many samples.

    The intercept of a straight line in 1/N through the distances of all samples, 7/8 and 3/4.
    Source: Chong and Forsyth 2020 (arXiv 1911.07023), section 4.
    Better: lower, down to 0. It needs 8 samples a feature.
    """
    try:
        value = frechet_at_infinity(real.moments, fake.values)
    except ValueError as error:
        raise UsageError(f"fd_infinite: {error}; --samples N takes more.") from None
    return _with_error(value, frechet_error(real.moments, fake.moments, fake.values))


def frechet_by_class(real: Features, fake: Features) -> Measured:
    """Return the mean over classes of the Fréchet distance of samples to real ones of that class.

    Each class counts as much as another, whatever its share. The class of a sample is that which it
    was asked for.
    Source: Miyato and Koyama 2018 (arXiv 1802.05637), who call it intra FID.
    Better: lower, down to the floor. It falls with the number of samples of a class.
    """
    assert real.labels is not None and fake.labels is not None
    found = []
    for label in real.labels.unique().tolist():
        ours, theirs = (_of_class(side, label) for side in (real, fake))
        if len(ours.values) < 2:
            raise UsageError(f"class {label} has fewer than 2 training images.")
        if len(theirs.values) < 2:
            raise UsageError(f"class {label} has fewer than 2 samples; --samples N takes more.")
        found.append(frechet_distance(ours, theirs))
    return mean_over_independent(found)


def _of_class(features: Features, label: int) -> Features:
    assert features.labels is not None
    return Features(features.values[features.labels == label])


def kernel_distance(real: Features, fake: Features, subset_size: int) -> Measured:
    """Return the kernel distance: its mean over disjoint subsets, whose spread is its interval.

    The squared maximum mean discrepancy under the kernel (x.y / d + 1)^3 of features of size d.
    Subsets are smaller where there would be fewer than 10: the distance is unbiased at any size.
    Source: Bińkowski et al. 2018 (arXiv 1801.01401), section 4.
    Better: lower, down to 0; real images may get a little less than 0.
    """
    size = min(subset_size, min(len(real.values), len(fake.values)) // SUBSETS)
    values = kid_subsets(real.values, fake.values, max(2, size))
    return Measured(values.mean().item(), mean_interval(values))


def classifier_score(fake: Features, splits: int) -> Measured:
    """Return exp E KL(p(y|x) || p(y)): the mean over splits, whose spread is its interval.

    Source: Salimans et al. 2016 (arXiv 1606.03498), section 4. It is the Inception score on
    Inception's logits alone.
    Better: higher, up to the number of classes; it asks for sure and even predictions, and never
    looks at real images.
    """
    logits = _logits(fake)
    edges = [index * len(logits) // splits for index in range(splits + 1)]
    parts = [logits[first:last] for first, last in pairwise(edges)]
    values = torch.tensor([inception_score(part) for part in parts], dtype=torch.float64)
    return Measured(values.mean().item(), mean_interval(values))


def class_shares(fake: Features) -> dict[str, Measured]:
    """Return `confident`, `smallest_class`, `largest_class` and, of labelled samples, `agreement`.

    The shares with a probability over 0.9, of the rarest and the commonest prediction, and of
    predictions that are the labels. Their intervals are Wilson's.
    Better: as those of real images; agreement higher. Noise can be confident, of one class.
    """
    logits = _logits(fake)
    predicted = logits.argmax(1)
    counts = predicted.bincount(minlength=logits.shape[1])
    successes = {
        "confident": (logits.softmax(1).amax(1) > CONFIDENT).sum(),
        "smallest_class": counts.min(),
        "largest_class": counts.max(),
    }
    if fake.labels is not None:
        successes["agreement"] = (predicted == fake.labels).sum()
    return {name: _share(int(number), len(logits)) for name, number in successes.items()}


def precision_recall(real: Features, fake: Features, k: int) -> dict[str, Measured]:
    """Return precision, recall, density and coverage, on as many reals as fakes.

    Their errors are the spread over ten disjoint parts of both sides.
    Source: Kynkäänniemi et al. 2019 (arXiv 1904.06991), equations 1 and 2; density and coverage
    Naeem et al. 2020 (arXiv 2002.09797), section 3.
    Better: higher; density as that of real images. Precision and density fall with bad samples,
    recall and coverage with missing ones.
    """
    count = min(len(real.values), len(fake.values))
    sides = real.values[:count], fake.values[:count]
    values = precision_recall_density_coverage(*sides, k)
    if count < PARTS * max(FEWEST_IN_PART, k + 1):
        return {name: Measured(value) for name, value in values.items()}
    parts = [precision_recall_density_coverage(some_real, some_fake, k)
             for some_real, some_fake in zip(*(side.tensor_split(PARTS) for side in sides),
                                             strict=True)]  # fmt: skip
    return {
        name: Measured(value, _by_parts(value, [one[name] for one in parts], count, name))
        for name, value in values.items()
    }


def _by_parts(
    value: float, parts: Sequence[float], count: int, name: str
) -> tuple[float, float] | None:
    """Return the interval of a score of neighbours from its spread over parts.

    Who is near whom depends on the samples together, so that a share varies more than a count does;
    but it does so alike at every number of samples, up to the square root of it (subsampling,
    Politis and Romano 1994). Where the parts lie elsewhere than the whole, as those of a collapsed
    generator do, their spread is scaled as that of a share, or of a count, would be. Wilson's where
    that is wider: it has a width at 0 and 1 too. A density of 0 has none.
    """
    middle, interval = sum(parts) / len(parts), mean_interval(torch.tensor(parts).double())
    assert interval is not None
    reach = (interval[1] - interval[0]) / 2
    if name == "density":
        reach *= math.sqrt(value / middle) if middle else 0.0
        return (value - reach, value + reach) if value else None
    if 0 < middle < 1:
        reach *= math.sqrt(value * (1 - value) / (middle * (1 - middle)))
    low, high = wilson(round(value * count), count)
    if high - low > 2 * reach:
        return low, high
    return max(0.0, value - reach), min(1.0, value + reach)


def stacked_modes(fake: Features) -> dict[str, Measured]:
    """Return `modes` and `kl` of the predicted triples.

    The triples that occur, and KL(their shares || uniform) in nats.
    Source: Srivastava et al. 2017 (arXiv 1705.07761), section 4.
    Better: more modes, up to 1,000; lower KL, down to the floor of so many samples.
    """
    logits = _logits(fake)
    counts = logits.argmax(1).bincount(minlength=logits.shape[1])
    return {name: Measured(value) for name, value in stacked_mode_coverage(counts).items()}


# --- measures on images and points ---------------------------------------------------------------


def patch_distance(real: Tensor, fake: Tensor) -> Measured:
    """Return the sliced Wasserstein distance of patches of images, in thousandths.

    The mean over the levels of a Laplacian pyramid and over random directions of the mean
    difference of sorted projections of 7x7 patches, normalised by channel.
    Source: Karras et al. 2018 (arXiv 1710.10196), section 5. It needs no weights.
    Better: lower, down to the floor.
    """
    return Measured(swd(real, fake))


def point_distance(real: Tensor, fake: Tensor) -> Measured:
    """Return the sliced Wasserstein distance of points, in the units of the plane.

    The mean over random directions of the mean difference of sorted projections.
    Better: lower, down to the floor.
    """
    count = min(len(real), len(fake))
    directions = random_directions(real.shape[1])
    return Measured(sliced_wasserstein(real[:count], fake[:count], directions))


def similarity(fake: Tensor) -> Measured:
    """Return the mean SSIM of pairs of images.

    Source: Wang et al. 2004, equation 13; of samples, Odena et al. 2017 (arXiv 1610.09585).
    Better: as that of real images; near 1, samples are alike.
    """
    return mean_of(pair_similarities(fake))


def pairwise_distance(fake: Tensor) -> Measured:
    """Return the mean distance of pairs of samples: grey levels, or units of the plane.

    Better: as that of real images; less, samples are alike.
    """
    return mean_of(pairwise_distances(fake))


def nearest_distance(real: Tensor, fake: Tensor) -> Measured:
    """Return the mean distance of a sample to the nearest training one.

    In grey levels, or units of the plane.
    Better: not below the floor, the distance of held-out images: far below it are copies.
    """
    return mean_of(nearest_distances(real, fake))


def copies(real: Splits, fake: Tensor, cells: int) -> Measured:
    """Return C_T and its p-value: whether samples are nearer to training data than held-out ones.

    The mean over cells of the z-value of the Mann-Whitney U of distances to the nearest training
    sample, of samples against as many held-out ones. `p` is the chance of a C_T as low as this of
    samples that are as far as held-out data.
    Source: Meehan, Chaudhuri and Dasgupta 2020 (arXiv 2004.05675).
    Better: near 0. A low p is copying; far above 0 samples are unlike the data. Few copies among
    many samples that are unlike the data do not show.
    """
    try:
        found = copy_test(real.train, real.held_out[: len(fake)], fake, cells)
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    return Measured(found.statistic, p=found.p)


def classification_accuracy(real: ImageDataset, fake: ImageDataset, steps: int) -> Measured:
    """Return the share of held-out real images that a classifier trained on samples gets right.

    The labels of samples are those asked for. It is the network that `gan-lab` trains on a
    dataset's own labels. Its interval is Wilson's.
    Source: Ravuri and Vinyals 2019 (arXiv 1905.10887).
    Better: higher, up to the floor: the same of training images in place of samples.
    """
    assert real.labels is not None and fake.labels is not None
    labels = real.labels.long()
    classes = int(max(labels.max(), fake.labels.max())) + 1
    epochs = -(-steps // max(1, len(fake) // BATCH))
    classifier = train_classifier(
        fake.images, fake.labels, classes, epochs=epochs, batch_size=BATCH
    )
    share = accuracy(classifier, real.images, labels)
    return _share(round(share * len(labels)), len(labels))


def spectrum(real: Tensor, fake: Tensor) -> Measured:
    """Return the log-spectral distance of mean radial power spectra, in decibels.

    The root of the mean over spatial frequencies of (10 log10 of the ratio of powers) squared. The
    power that rounding to grey levels makes is added to both.
    Source: Gray and Markel 1976 (the distance); Durall et al. 2020 (arXiv 2003.01826; radial
    spectra of samples).
    Better: lower, down to the floor. Checkerboards and blur are seen, what is drawn is not.
    """
    least = rounding_power(*real.shape[-2:])
    value, error = log_spectral_distance(radial_spectrum(real), radial_spectrum(fake), least)
    return _with_error(value, error) if error else Measured(value)


def covered_modes(real: PointDataset, fake: Tensor) -> dict[str, Measured]:
    """Return `high_quality`, with Wilson's interval, `modes` and `reverse_kl` of points.

    The share of points within 3 deviations of a centre, the centres that have such points, and
    KL(their shares || uniform) in nats.
    Source: Srivastava et al. 2017 (arXiv 1705.07761), section 4; Lin et al. 2018 (PacGAN,
    arXiv 1712.04086), section 4.
    Better: higher, up to 0.9889; all modes; lower KL.
    """
    if real.centers is None:
        raise UsageError("the points have no known modes")
    values = mode_coverage(fake, real.centers, real.std)
    found = {name: Measured(value) for name, value in values.items()}
    found["high_quality"] = _share(round(values["high_quality"] * len(fake)), len(fake))
    return found


def _logits(features: Features) -> Tensor:
    if features.logits is None:
        raise ValueError("this extractor does not classify")
    return features.logits


def _share(successes: int, count: int) -> Measured:
    return Measured(successes / count, wilson(successes, count))


def _with_error(value: float, error: float) -> Measured:
    return Measured(value, normal_interval(value, error), error)


def mean_over_sets(found: Sequence[Measured]) -> Measured:
    """Return the mean of one score over independent sets, with the interval of their errors.

    Student's, of the few sets, where they have none: it reaches twice as far on average.
    """
    mean = mean_over_independent(found)
    return mean if mean.interval else mean_of([one.value for one in found])


def mean_over_independent(found: Sequence[Measured]) -> Measured:
    """Return the mean of scores of independent samples, with an interval if all have errors."""
    mean = mean_of([one.value for one in found]).value
    errors = [one.error for one in found if one.error is not None]
    if len(errors) < len(found):
        return Measured(mean)
    return _with_error(mean, math.hypot(*errors) / len(errors))


def mean_of(values: Tensor | Sequence[float]) -> Measured:
    """Return the mean of values [N] with Student's interval."""
    values = torch.as_tensor(values, dtype=torch.float64)
    return Measured(values.mean().item(), mean_interval(values))
