"""Which differences between settings are more than the luck of their seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from gan_lab.common.console import counted, percent
from gan_lab.evaluation.seeds import FEWEST, SeedSummary, over_seeds

LEVEL = 0.05


@dataclass(frozen=True)
class Place:
    """A setting's place in a ranking; `beats` are the places it is significantly better than."""

    setting: tuple[str, ...]
    spread: SeedSummary
    beats: list[int]


@dataclass(frozen=True)
class Ranking:
    """Settings from best to worst, and what may be said about it."""

    places: list[Place]
    remarks: list[str]


def rank(values: Mapping[tuple[str, ...], Sequence[float]], better: str) -> Ranking:
    """Rank settings by the means of their seeds' scores; `better` is "lower" or "higher".

    All pairs with three seeds or more each are compared by Welch's t test, p corrected by Holm.
    """
    sign = 1 if better == "lower" else -1
    found = {setting: over_seeds(scores) for setting, scores in values.items() if scores}
    order = sorted(found, key=lambda setting: sign * found[setting].mean)
    tested: dict[tuple[int, int], float] = {}
    for first, second in combinations(range(len(order)), 2):
        p = welch(found[order[first]].values, found[order[second]].values)
        if p is not None:
            tested[first, second] = p
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    places = [
        Place(
            setting,
            found[setting],
            [second for (first, second), p in adjusted.items() if first == index and p < LEVEL],
        )
        for index, setting in enumerate(order)
    ]
    return Ranking(places, _remarks(places, adjusted))


def welch(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the two-sided p value of Welch's t test (1947): do two means differ?

    None with fewer than three values on a side: of two beside ten, one in ten equal means would
    be told apart at 5 %. Where neither side varies it is the test's limit for a spread that goes to
    nothing: 0 for two means, 1 for one.
    """
    if min(len(first), len(second)) < FEWEST:
        return None
    one, two = over_seeds(first), over_seeds(second)
    assert one.sd is not None and two.sd is not None
    errors = one.sd**2 / len(first), two.sd**2 / len(second)
    if sum(errors) == 0:
        return float(one.mean == two.mean)
    degrees = sum(errors) ** 2 / (
        errors[0] ** 2 / (len(first) - 1) + errors[1] ** 2 / (len(second) - 1)
    )
    from scipy.special import stdtr  # Student's distribution

    return float(2 * stdtr(degrees, -abs(one.mean - two.mean) / math.sqrt(sum(errors))))


def holm(values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number (Holm 1979), in the order given."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted, largest = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = largest
    return adjusted


def _remarks(places: Sequence[Place], adjusted: Mapping[tuple[int, int], float]) -> list[str]:
    if len(places) < 2:
        return ["There is one setting with scores: nothing to rank."]
    counts = sorted({len(place.spread.values) for place in places})
    if not adjusted:
        return [
            f"The order is what was measured, not a finding: with fewer than {FEWEST} seeds a "
            "setting no difference can be told from the luck of the seed. "
            f"seeds={FEWEST} or more would tell."
        ]
    tested = [count for count in counts if count >= FEWEST]
    seeds = f"{tested[0]}" if len(tested) == 1 else f"{tested[0]} to {tested[-1]}"
    remarks = [
        f"Welch's t test on the values of the seeds ({seeds} a setting), "
        f"{counted(len(adjusted), 'pair')}, p corrected by Holm, at {percent(LEVEL, 0)}. The "
        "places that are not named as beaten are not shown to be worse."
    ]
    if counts[0] < FEWEST:
        remarks.append(f"Settings with fewer than {FEWEST} seeds are placed but not tested.")
    if sum(place.spread.sd == 0 for place in places) > 1:
        remarks.append(
            "Settings whose seeds are all alike count as different from each other where their "
            "values differ."
        )
    found = sum(p < LEVEL for p in adjusted.values())
    if not found:
        smallest = min(adjusted.values())
        remarks.append(
            f"No difference is significant (smallest corrected p {smallest:.2g})"
            + ("; with so few seeds only very large ones could be." if tested[0] < 5 else ".")
        )
    else:
        remarks.append(f"Significant: {found} of {counted(len(adjusted), 'difference')}.")
    return remarks
