"""What a generator's samples are: how many of each class, and what follows from that, in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gan_lab.analysis.modes_figures import draw_census, draw_distances, draw_pairs, draw_sheet
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.version import __version__
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.evaluation.evaluator import Samples
from gan_lab.evaluation.extractors import Extractor
from gan_lab.evaluation.reference import Reference
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.figures.points import draw_scatter
from gan_lab.metrics import (
    UNSURE,
    Census,
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
from gan_lab.training import build
from gan_lab.training.rng import permutation
from gan_lab.training.trained import OpenedRun, trained_generators

Result = dict[str, Any]

COMPARED = 2000  # samples whose distances to each other are taken: N^2 of them
UNEVEN = 0.01  # nats: a smaller KL is an imbalance that nobody sees
SEVERAL = 10  # classes that are named
SCATTERED = 2500  # points of a scatter plot
AS_ALIKE = 0.01  # two samples are duplicates if no more than this share of real images is as alike


@dataclass(frozen=True)
class Sorted:
    """Samples by class: the class of each [N], -1 where that is not sure, and who says so."""

    predicted: Tensor
    judge: dict[str, Any]


def sort_samples(
    samples: Samples, count: int, real: Reference, extractor: Extractor | None
) -> Sorted:
    """Return the classes of the first `count` samples.

    By the nearest centre where there is no extractor, which is then that of points: a point is
    unsure if it is not within 3 std of it. An image is unsure if no class has half of the
    probability, or if its features are strange.
    """
    if extractor is None:
        assert isinstance(real.train, PointDataset)
        modes = nearest_modes(samples.seen_by(None, 0, count), real.train.centers, real.train.std)
        return Sorted(modes, {"rule": "the centre within 3 std"})
    seen = samples.seen_by(extractor, 0, count)
    known = real.train_features(extractor).values
    limit = real.floors(
        extractor,
        ["familiar distance", extractor.name, extractor.sha256],
        lambda: {"limit": familiar_distance(known, real.test_features(extractor).values)},
    )["limit"]
    strange = is_strange(known, limit, seen.values)
    judge = {"extractor": extractor.name, "sha256": extractor.sha256, "resize": extractor.resize}
    return Sorted(sure_classes(seen.logits).where(~strange, UNSURE), judge)


def sort(evaluator: RunEvaluator, samples: Samples, count: int) -> Sorted | None:
    """Return the classes of the first `count` samples of a run; None if its data have none to tell.

    Raises RunError if the classifier that would say is too often wrong.
    """
    if evaluator.record["dataset"].get("points"):
        return sort_samples(samples, count, evaluator.reference, None)
    if evaluator.record["dataset"]["classifier"] is None:
        return None
    return sort_samples(samples, count, evaluator.reference, evaluator.extractor("classifier"))


def write_census(
    evaluator: RunEvaluator, samples: Samples, order: Sorted, weights: str, step: int
) -> Result:
    """Count sorted samples by class, write modes_<weights>.json and return what is in it."""
    asked = samples.asked(0, len(order.predicted))
    found = {
        **{"step": step, "weights": weights, "seed": evaluator.record["seed"]},
        "version": __version__,
        **take_census(order, evaluator.reference.train, asked),
    }
    evaluator.run.write_modes(weights, found)
    return found


def averaged_census(
    evaluator: RunEvaluator, averaged: Samples, step: int, count: int
) -> Result | None:
    """Count the classes of samples of the averaged generator; None where none can be told."""
    try:
        order = sort(evaluator, averaged, count)
    except (RunError, UsageError):  # said where scores are
        return None
    return write_census(evaluator, averaged, order, "ema", step) if order is not None else None


def take_census(order: Sorted, data: ImageDataset, asked: Tensor | None = None) -> Result:
    """Return what modes.json holds of sorted samples [N], against the training data.

    `asked` [N] are the classes that a conditional generator was asked for.
    """
    assert data.labels is not None, "what can be sorted has classes"
    real_counts = data.labels.bincount(minlength=len(data.classes)).tolist()
    census = count_modes(order.predicted, real_counts)
    found = {"judge": order.judge, **describe_census(census, data.classes, order.predicted, asked)}
    return with_high_quality(found, census) if isinstance(data, PointDataset) else found


def describe_census(
    census: Census, classes: Sequence[str], predicted: Tensor, asked: Tensor | None = None
) -> Result:
    """Return a census as what modes.json holds, its conclusion in words included.

    `predicted` [N] is the class of each sample, -1 where it is unsure; `asked` [N] the class that a
    conditional generator was asked for. Numbers that cannot be told are None.
    """
    statistic, p = census.chi_square
    result: Result = {
        "samples": census.total,
        "classes": [
            {
                "class": name,
                "count": count,
                "share": share,
                "interval": list(interval),
                "real_share": real,
            }
            for name, count, share, interval, real in zip(
                classes,
                census.counts,
                census.shares,
                census.intervals,
                census.real_shares,
                strict=True,
            )
        ],
        "unsure": _share(census.unsure, census.total),
        "missing": [classes[index] for index in census.missing],
        "undecided": [classes[index] for index in census.undecided],
        "missing_number": census.missing_number,
        "seen": census.seen,
        "expected_seen": census.expected_seen,
        "chi_square": {"statistic": statistic, "p": _known(p), "degrees": census.known - 1},
        "kl": _known(census.kl),
        "kl_by_chance": (census.known - 1) / (2 * max(1, census.comparable)),
    }
    if asked is not None:
        agrees = predicted == asked
        result["agreement"] = _share(int(agrees.sum()), len(asked))
        for index, entry in enumerate(result["classes"]):
            of_class = agrees[asked == index]
            entry["agreement"] = _share(int(of_class.sum()), len(of_class))
    result["conclusion"] = census_conclusion(census, classes, result)
    return result


def with_high_quality(result: Result, census: Census) -> Result:
    """Return a census of points with the share that is within 3 std of a centre: has a class."""
    share = _share(census.sure, census.total)
    words = f"{share['share']:.1%} are within 3 std of a centre (a perfect sampler has 98.9%)."
    return {**result, "high_quality": share, "conclusion": f"{result['conclusion']} {words}"}


def examine_modes(opened: OpenedRun, count: int, weights: str) -> dict[str, Any]:
    """Sort `count` samples of a run; write what they are and return it."""
    run, record = opened.run, opened.record
    average, raw = trained_generators(record, opened.checkpoint, opened.device)
    evaluator = RunEvaluator(record, run, opened.device)
    drawn = evaluator.samples_of(average if weights == "ema" else raw)
    samples = drawn.seen_by(None, 0, count)
    data = build.dataset(record)
    order = sort(evaluator, drawn, count)
    if order is None:
        where = {"step": opened.step, "weights": weights, "seed": record["seed"]}
        found = {**where, "version": __version__, **describe_diversity(samples, data.images)}
        run.write_modes(weights, found)
        draw_distances(*as_many(samples, data.images), found, run.modes_figure(weights))
        draw_pairs(samples, found, run.modes_samples(weights))
        return found
    found = write_census(evaluator, drawn, order, weights, opened.step)
    draw_census(found, run.modes_figure(weights))
    if isinstance(data, PointDataset):
        real = data.images[:SCATTERED]
        draw_scatter(real, samples[:SCATTERED], run.modes_samples(weights))
    else:
        draw_sheet(samples, order.predicted, found, run.modes_samples(weights))
    return found


def as_many(samples: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first samples and random real images, as many of both, whose N^2 can be compared.

    The share of images that have a near neighbour grows with their number.
    """
    count = min(COMPARED, len(samples), len(real))
    return samples[:count], real[permutation(0, 0, len(real))[:count]]


def describe_diversity(samples: Tensor, real: Tensor) -> Result:
    """Return what unlabelled samples [N, ...] tell of their variety beside as many real images.

    A duplicate is a sample as near to another as only the closest 1 % of real images are.
    """
    samples, real = as_many(samples, real)
    count = len(samples)
    real_nearest, nearest = nearest_others(real), nearest_others(samples)
    limit = float(real_nearest.quantile(AS_ALIKE))
    distances, pairs = closest_pairs(samples, 10)
    size, real_size = birthday_size(samples, limit), birthday_size(real, limit)
    result: Result = {
        "samples": count,
        "spread": {"generated": spread(samples), "real": spread(real)},
        "nearest": {"generated": float(nearest.median()), "real": float(real_nearest.median())},
        "duplicate_distance": limit,
        "duplicates": _share(int((nearest <= limit).sum()), count),
        "real_duplicates": _share(int((real_nearest <= limit).sum()), count),
        "birthday": {"generated": size, "real": real_size},
        "closest_pairs": [
            {"samples": pair, "distance": distance}
            for pair, distance in zip(pairs.tolist(), distances.tolist(), strict=True)
        ],
    }
    result["conclusion"] = _diversity_conclusion(result)
    return result


def _known(value: float) -> float | None:
    """Return a number as JSON has it: null in place of nan."""
    return None if math.isnan(value) else value


def _share(count: int, total: int) -> dict[str, Any]:
    low, high = wilson(count, total) if total else (0.0, 1.0)
    return {"count": count, "of": total, "share": count / max(1, total), "interval": [low, high]}


def _diversity_conclusion(result: Mapping[str, Any]) -> str:
    count, duplicates = result["samples"], result["duplicates"]
    low, high = duplicates["interval"]
    real_high = result["real_duplicates"]["interval"][1]
    spreads, sizes = result["spread"], result["birthday"]
    ratio = spreads["generated"] / spreads["real"] if spreads["real"] else 1.0

    def support(size: int | None) -> str:
        return f"about {size**2:,}" if size else f"more than {count**2:,}"

    numbers = (
        f"Of {count:,} samples {duplicates['share']:.1%} [{low:.1%}, {high:.1%}] are as near to "
        f"another as the closest {AS_ALIKE:.0%} of real images; by the birthday paradox the "
        f"samples are of {support(sizes['generated'])} different ones (real images at the same "
        f"distance: {support(sizes['real'])}). Two samples differ {ratio:.2f} times as much as two "
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


def census_conclusion(census: Census, classes: Sequence[str], result: Mapping[str, Any]) -> str:
    """Return what a census says of modes, and its numbers; `result` is what modes.json has."""
    has_class = f"{census.sure:,} of {census.total:,} samples ({census.sure / census.total:.1%})"
    if census.mostly_unsure:
        return (
            f"Unrecognisable: only {has_class} are of any class, so that their shares say little "
            "about modes."
        )
    numbers = f"{has_class} have a class{_numbers(census, classes, result)}"
    if "agreement" in result:
        share, (low, high) = result["agreement"]["share"], result["agreement"]["interval"]
        numbers += f" Of the classes asked for, {share:.1%} [{low:.1%}, {high:.1%}] came."
    return f"{_about_modes(census, result['missing'])} {numbers}"


def _about_modes(census: Census, named: Sequence[str]) -> str:
    number, known = census.missing_number, f"{census.known:,}"
    seen = (
        f"{census.seen:,} of {known} were seen, {_rounded(census.expected_seen)} are expected of "
        f"{census.sure:,} samples at the real shares"
    )
    if number is None:
        return f"Too few samples to tell whether modes are missing: {seen}."
    if number > len(named):
        words = f"Modes are dropped: about {number:,} of {known} are missing ({seen})."
        if named:
            return f"{words} Sure are {len(named):,} of them ({_several(named)})."
        return f"{words} So few samples cannot tell which."
    if number:
        words = f"Modes are dropped: {number:,} of {known} are missing ({_several(named)})."
        undecided = len(census.undecided)
        return f"{words} Of {undecided:,} more it cannot be told ({seen})." if undecided else words
    if census.chi_square[1] < 0.01 and census.kl > UNEVEN:
        return "No mode is missing, but they are uneven."
    return "No mode is missing, and the shares are close to the real ones."


def _numbers(census: Census, classes: Sequence[str], result: Mapping[str, Any]) -> str:
    known = [index for index, real in enumerate(census.real_shares) if real]
    ranked = sorted(known, key=lambda index: census.counts[index])
    rarest, commonest = (_class_share(census, classes, index) for index in (ranked[0], ranked[-1]))
    statistic, p = census.chi_square
    numbers = (
        f"; the rarest is {rarest}, the commonest {commonest}; against the "
        f"real shares chi-square is {statistic:.0f} ({result['chi_square']['degrees']} degrees of "
        f"freedom, p {_p_value(p)}) and KL {census.kl:.3f} nats "
        f"({result['kl_by_chance']:.4f} by chance)."
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
    low, high = census.intervals[index]
    return (
        f"{classes[index]} with {census.shares[index]:.1%} [{low:.1%}, {high:.1%}] "
        f"(real {census.real_shares[index]:.1%})"
    )


def _p_value(p: float) -> str:
    return "< 1e-6" if p < 1e-6 else f"= {p:.2g}"
