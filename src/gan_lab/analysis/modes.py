"""What a generator's samples are: how many of each class, and what follows from that, in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from gan_lab.analysis.modes_figures import draw_census, draw_distances, draw_pairs, draw_sheet
from gan_lab.common.console import percent, percent_within
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.version import __version__
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.evaluation.evaluator import Samples
from gan_lab.evaluation.extractors import Extractor
from gan_lab.evaluation.measures import Features
from gan_lab.evaluation.reference import Reference
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.figures.points import draw_scatter
from gan_lab.metrics import (
    UNSURE,
    Census,
    JudgeErrors,
    birthday_size,
    closest_pairs,
    count_modes,
    familiar_distance,
    is_strange,
    nearest_modes,
    nearest_others,
    spread,
    sure_classes,
    wilson,
)
from gan_lab.runs.census import (
    Beside,
    ChiSquare,
    ClassCensus,
    ClassCount,
    Diversity,
    Judge,
    ModesFile,
    Origin,
    Pair,
    Share,
    Supports,
)
from gan_lab.training import build
from gan_lab.training.rng import permutation
from gan_lab.training.trained import TrainedRun

COMPARED = 2000  # samples whose distances to each other are taken: N^2 of them
UNEVEN = 0.01  # nats: a smaller KL is an imbalance that nobody sees
SEVERAL = 10  # classes that are named
SCATTERED = 2500  # points of a scatter plot
AS_ALIKE = 0.01  # two samples are duplicates if no more than this share of real images is as alike


@dataclass(frozen=True)
class Sorted:
    """Samples by class: the class of each [N], -1 where that is not sure, and who says so.

    `errors` are those of a judge that makes some.
    """

    predicted: Tensor
    judge: Judge
    errors: JudgeErrors | None = None


def sort_samples(
    samples: Samples, count: int, real: Reference, extractor: Extractor | None
) -> Sorted:
    """Return the classes of the first `count` samples.

    By the nearest centre where there is no extractor, which is then that of points: a point is
    unsure if it is not within 3 std of it. An image is unsure if no class has half of the
    probability, or if its features are strange. How its judge errs is told by the test split.
    """
    if extractor is None:
        points = real.train
        assert isinstance(points, PointDataset) and points.centers is not None
        modes = nearest_modes(samples.seen_by(None, 0, count), points.centers, points.std)
        return Sorted(modes, Judge(rule="the centre within 3 std"))
    known = real.train_features(extractor).values
    limit = real.floors(
        extractor,
        ["familiar distance", extractor.name, extractor.sha256],
        lambda: {"limit": familiar_distance(known, real.test_features(extractor).values)},
    )["limit"]

    def classes_of(seen: Features) -> Tensor:
        assert seen.logits is not None
        strange = is_strange(known, limit, seen.values)
        return sure_classes(seen.logits).where(~strange, UNSURE)

    errors = real.judge_errors(extractor, "sure and familiar", classes_of)
    judge = Judge(
        extractor.name,
        extractor.sha256,
        extractor.resize,
        held_out=errors.estimate.images,
        checked=errors.check.images,
    )
    return Sorted(classes_of(samples.seen_by(extractor, 0, count)), judge, errors)


def sort(evaluator: RunEvaluator, samples: Samples, count: int) -> Sorted | None:
    """Return the classes of the first `count` samples of a run; None if its data have none to tell.

    Raises RunError if the classifier that would say is too often wrong.
    """
    points = evaluator.reference.train if evaluator.config.dataset.points else None
    if isinstance(points, PointDataset):
        if points.centers is None:
            return None
        return sort_samples(samples, count, evaluator.reference, None)
    if evaluator.config.dataset.classifier is None:
        return None
    return sort_samples(samples, count, evaluator.reference, evaluator.extractor("classifier"))


def write_census(
    evaluator: RunEvaluator, samples: Samples, order: Sorted, weights: str, step: int
) -> ClassCensus:
    """Count sorted samples by class, write modes_<weights>.json and return what was found."""
    asked = samples.asked(0, len(order.predicted))
    found = take_census(order, evaluator.reference.train, asked)
    evaluator.run.write_modes(ModesFile(_origin(evaluator, weights, step), found))
    return found


def _origin(evaluator: RunEvaluator, weights: str, step: int) -> Origin:
    return Origin(step, weights, evaluator.config.seed, __version__)


def averaged_census(
    evaluator: RunEvaluator, averaged: Samples, step: int, count: int
) -> ClassCensus | None:
    """Count the classes of samples of the averaged generator; None where none can be told."""
    try:
        order = sort(evaluator, averaged, count)
    except (RunError, UsageError):  # said where scores are
        return None
    return write_census(evaluator, averaged, order, "ema", step) if order is not None else None


def take_census(order: Sorted, data: ImageDataset, asked: Tensor | None = None) -> ClassCensus:
    """Return the census of sorted samples [N], against the training data.

    `asked` [N] are the classes that a conditional generator was asked for.
    """
    assert data.labels is not None, "what can be sorted has classes"
    real_counts = data.labels.bincount(minlength=len(data.classes)).tolist()
    census = count_modes(order.predicted, real_counts, order.errors)
    found = describe_census(census, data.classes, order, asked)
    return with_high_quality(found, census) if isinstance(data, PointDataset) else found


def describe_census(
    census: Census, classes: Sequence[str], order: Sorted, asked: Tensor | None = None
) -> ClassCensus:
    """Return the counts of sorted samples [N] as modes.json has them, with a conclusion in words.

    `asked` [N] is the class that a conditional generator was asked for. Numbers that cannot be told
    are None.
    """
    agreement, of_classes = _agreement(order.predicted, asked, len(classes))
    perfect = None if asked is None else perfect_agreement(census, asked)
    statistic, p = census.chi_square
    return ClassCensus(
        rule=census.rule,
        judge=order.judge,
        samples=census.total,
        classes=_class_counts(census, classes, of_classes),
        unsure=_share(census.unsure, census.total),
        missing=tuple(_missing(census, classes)),
        undecided=tuple(classes[index] for index in census.undecided),
        missing_number=census.missing_number,
        seen=census.seen,
        expected_seen=census.expected_seen,
        chi_square=ChiSquare(statistic, _known(p), census.degrees),
        kl=_known(census.kl),
        kl_by_chance=census.kl_by_chance,
        agreement=agreement,
        perfect_agreement=perfect,
        conclusion=census_conclusion(census, classes, agreement, perfect),
    )


def perfect_agreement(census: Census, asked: Tensor) -> float | None:
    """Return the share of real images that the judge takes for what they are.

    Of the half of them that is for checks, in the shares of the classes `asked` [N]; None of a
    judge without errors, and of classes that no such image is of.
    """
    if census.judge is None:
        return None
    counts = asked.bincount(minlength=len(census.counts)).double().numpy()
    share = float(counts[counts > 0] @ census.judge.check.agreement[counts > 0] / counts.sum())
    return _known(share)


def _agreement(
    predicted: Tensor, asked: Tensor | None, classes: int
) -> tuple[Share | None, Sequence[Share | None]]:
    """Return how many samples are what was asked for: of all, and of each class."""
    if asked is None:
        return None, [None] * classes
    agrees = predicted == asked
    return _share_of(agrees), [_share_of(agrees[asked == index]) for index in range(classes)]


def _class_counts(
    census: Census, classes: Sequence[str], agreements: Sequence[Share | None]
) -> tuple[ClassCount, ...]:
    rows = zip(
        classes,
        census.counts,
        census.shares,
        census.intervals,
        census.real_shares,
        agreements,
        strict=True,
    )
    found = tuple(ClassCount(*row) for row in rows)
    if census.judge is None:
        return found
    perfect = map(_known, census.judge.check.agreement.tolist())
    return tuple(
        replace(
            entry,
            perfect_agreement=share if entry.agreement else None,
            expected_share=expected,
            absent_share=absent,
            smallest_share=_known(smallest),
        )
        for entry, share, expected, absent, smallest in zip(
            found,
            perfect,
            census.expected_shares,
            census.absent_shares,
            census.smallest_shares,
            strict=True,
        )
    )


def with_high_quality(found: ClassCensus, census: Census) -> ClassCensus:
    """Return a census of points with the share that is within 3 std of a centre: has a class."""
    good = _share(census.sure, census.total)
    words = f"{percent(good.share)} are within 3 std of a centre (a perfect sampler has 98.9%)."
    return replace(found, high_quality=good, conclusion=f"{found.conclusion} {words}")


def examine_modes(opened: TrainedRun, count: int, weights: str) -> ClassCensus | Diversity:
    """Sort `count` samples of a run; write what they are and return it.

    Raises UsageError for points that have no modes.
    """
    run, config = opened.run, opened.config
    evaluator = RunEvaluator(config, run, opened.device)
    drawn = evaluator.samples_of(opened.weights(weights))
    samples = drawn.seen_by(None, 0, count)
    data = build.dataset(config)
    order = sort(evaluator, drawn, count)
    if order is None and config.dataset.points:
        raise UsageError(
            f"the points of {config.choices.dataset} have no modes that could be counted: "
            "`gan-lab evaluate` tells how far samples are from them."
        )
    if order is None:
        diversity = describe_diversity(samples, data.images)
        run.write_modes(ModesFile(_origin(evaluator, weights, opened.step), diversity))
        draw_distances(*as_many(samples, data.images), diversity, run.modes_figure(weights))
        draw_pairs(samples, diversity, run.modes_samples(weights))
        return diversity
    census = write_census(evaluator, drawn, order, weights, opened.step)
    draw_census(census, run.modes_figure(weights))
    if isinstance(data, PointDataset):
        real = data.images[:SCATTERED]
        draw_scatter(real, samples[:SCATTERED], run.modes_samples(weights))
    else:
        draw_sheet(samples, order.predicted, census, run.modes_samples(weights))
    return census


def as_many(samples: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first samples and random real images, as many of both, whose N^2 can be compared.

    The share of images that have a near neighbour grows with their number.
    """
    count = min(COMPARED, len(samples), len(real))
    return samples[:count], real[permutation(0, 0, len(real))[:count]]


def describe_diversity(samples: Tensor, real: Tensor) -> Diversity:
    """Return what unlabelled samples [N, ...] tell of their variety beside as many real images.

    A duplicate is a sample as near to another as only the closest 1 % of real images are.
    """
    samples, real = as_many(samples, real)
    count = len(samples)
    real_nearest, nearest = nearest_others(real), nearest_others(samples)
    limit = float(real_nearest.quantile(AS_ALIKE))
    distances, pairs = closest_pairs(samples, 10)
    found = Diversity(
        samples=count,
        spread=Beside(spread(samples), spread(real)),
        nearest=Beside(float(nearest.median()), float(real_nearest.median())),
        duplicate_distance=limit,
        duplicates=_share_of(nearest <= limit),
        real_duplicates=_share_of(real_nearest <= limit),
        birthday=Supports(birthday_size(samples, limit), birthday_size(real, limit)),
        closest_pairs=tuple(
            Pair((first, second), distance)
            for (first, second), distance in zip(pairs.tolist(), distances.tolist(), strict=True)
        ),
        conclusion="",
    )
    return replace(found, conclusion=_diversity_conclusion(found))


def _known(value: float) -> float | None:
    """Return a number as JSON has it: null in place of nan."""
    return None if math.isnan(value) else value


def _share(count: int, total: int) -> Share:
    interval = wilson(count, total) if total else (0.0, 1.0)
    return Share(count, total, count / max(1, total), interval)


def _share_of(hits: Tensor) -> Share:
    """Return how many of a mask [N] are true."""
    return _share(int(hits.sum()), len(hits))


def _diversity_conclusion(found: Diversity) -> str:
    count, duplicates, sizes = found.samples, found.duplicates, found.birthday
    low, _ = duplicates.interval
    _, real_high = found.real_duplicates.interval
    ratio = found.spread.generated / found.spread.real if found.spread.real else 1.0

    def support(size: int | None) -> str:
        return f"about {size**2:,}" if size else f"more than {count**2:,}"

    numbers = (
        f"Of {count:,} samples {percent_within(duplicates.share, duplicates.interval)} are as near "
        f"to another as the closest {percent(AS_ALIKE, 0)} of real images; by the birthday paradox "
        f"the samples are of {support(sizes.generated)} different ones (real images at the same "
        f"distance: {support(sizes.real)}). Two samples differ {ratio:.2f} times as much as two "
        "real images."
    )
    if ratio < 0.5:
        return f"Hardly any variety. {numbers}"
    if low > 2 * real_high:
        return f"The samples repeat themselves. {numbers}"
    return (
        f"No repetition is seen. {numbers} Without labels it cannot be said whether kinds of "
        "images are missing."
    )


# --- a census in words ---------------------------------------------------------------------------


def census_conclusion(
    census: Census,
    classes: Sequence[str],
    agreement: Share | None,
    perfect: float | None = None,
) -> str:
    """Return what a census says of modes, and its numbers.

    `agreement` is how many samples are of the class that was asked for, `perfect` the share of
    real images that the judge would say so of.
    """
    has_class = (
        f"{census.sure:,} of {census.total:,} samples ({percent(census.sure / census.total)})"
    )
    if census.mostly_unsure:
        return (
            f"Unrecognisable: only {has_class} are of any class, so that their shares say little "
            "about modes."
        )
    numbers = f"{has_class} have a class{_numbers(census, classes)}"
    if agreement is not None:
        came = percent_within(agreement.share, agreement.interval)
        numbers += f" Of the classes asked for, {came} came"
        numbers += (
            "." if perfect is None else f" (of real images {percent(perfect)}, by the same judge)."
        )
    return f"{_about_modes(census, classes)} {numbers}{_about_judge(census)}"


def _missing(census: Census, classes: Sequence[str]) -> list[str]:
    return [classes[index] for index in census.missing]


def _about_judge(census: Census) -> str:
    if census.judge is None:
        return ""
    estimate, check = (half.images for half in (census.judge.estimate, census.judge.check))
    return (
        f" The judge's errors are those on {estimate:,} held-out images, and shares are held "
        f"against what it says of {check:,} others: that it errs on samples as on these is assumed."
    )


def _about_modes(census: Census, classes: Sequence[str]) -> str:
    named, number, known = _missing(census, classes), census.missing_number, f"{census.known:,}"
    untold = f" {_untold(census, classes)}".rstrip()
    seen = (
        f"{census.seen:,} of {known} were seen, {_rounded(census.expected_seen)} are expected of "
        f"{census.sure:,} samples at the real shares"
    )
    if number is None and untold:
        return untold.lstrip()
    if number is None:
        return f"Too few samples to tell whether modes are missing: {seen}."
    if number > len(named):
        words = f"Modes are dropped: about {number:,} of {known} are missing ({seen})."
        if named:
            return f"{words} Sure are {len(named):,} of them ({_several(named)}).{untold}"
        return f"{words} So few samples cannot tell which.{untold}"
    if number:
        words = f"Modes are dropped: {number:,} of {known} are missing ({_several(named)}).{untold}"
        undecided = len(census.undecided) - len(census.untold)
        return f"{words} Of {undecided:,} more it cannot be told ({seen})." if undecided else words
    if census.chi_square[1] < 0.01 and census.kl > UNEVEN:
        return "No mode is missing, but they are uneven."
    return "No mode is missing, and the shares are close to the real ones."


def _untold(census: Census, classes: Sequence[str]) -> str:
    """Return of which classes the judge cannot tell, with the shares that it could tell."""
    if not census.untold:
        return ""
    smallest = census.smallest_shares

    def could(index: int) -> str:
        least = smallest[index]
        told = "not at any share" if math.isnan(least) else f"from a share of {percent(least)} on"
        return f"{classes[index]} {told} (real {percent(census.real_shares[index])})"

    shown = census.untold[:SEVERAL]
    more = len(census.untold) - len(shown)
    names = [*(classes[index] for index in shown), *([f"one of {more:,} more"] if more else [])]
    return (
        f"It cannot be told whether {' or '.join(names)} is missing, for which other images are "
        f"taken too: with so many samples {', '.join(map(could, shown))} could be told."
    )


def _numbers(census: Census, classes: Sequence[str]) -> str:
    known = [index for index, real in enumerate(census.real_shares) if real]
    ranked = sorted(known, key=lambda index: census.counts[index])
    rarest, commonest = (_class_share(census, classes, index) for index in (ranked[0], ranked[-1]))
    statistic, p = census.chi_square
    degrees = f"{census.degrees:.1f}".removesuffix(".0")
    real = "real shares" if census.judge is None else "judge's shares of real images"
    numbers = (
        f"; the rarest is {rarest}, the commonest {commonest}; against the "
        f"{real} chi-square is {statistic:.0f} ({degrees} degrees of "
        f"freedom, p {_p_value(p)}) and KL {census.kl:.3f} nats "
        f"({census.kl_by_chance:.4f} by chance)."
    )
    if foreign := census.sure - census.comparable:
        pairs = zip(classes, census.counts, census.real_shares, strict=True)
        names = _several([name for name, count, real in pairs if count and not real])
        numbers += (
            f" {foreign:,} samples are of classes that the training data lack ({names}): "
            "chi-square and KL leave them out."
        )
    return numbers


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - SEVERAL:,} more" if len(names) > SEVERAL else ""
    return ", ".join(names[:SEVERAL]) + more


def _rounded(expected: float) -> str:
    return f"{expected:,.1f}".removesuffix(".0")


def _class_share(census: Census, classes: Sequence[str], index: int) -> str:
    share = percent_within(census.shares[index], census.intervals[index])
    return f"{classes[index]} with {share} (real {percent(census.expected_shares[index])})"


def _p_value(p: float) -> str:
    return "< 1e-6" if p < 1e-6 else f"= {p:.2g}"
