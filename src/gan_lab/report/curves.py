"""What the curves of a run say in numbers: their ends, and how much they oscillate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gan_lab.evaluation.scores import value_named
from gan_lab.report.collect import RunData

TAIL = 0.1  # of the lines: a mean over them is less a matter of the last batch
WINDOWS = 10
SMOOTHING = 20  # the window of a moving median is this part of the curve
MOST_POINTS = 200  # of a line in a figure: more are ink, not information
PAUSE = 10  # times as long between two lines as usual: nothing was trained in between

Curve: TypeAlias = tuple[np.ndarray, np.ndarray]  # x and y

# Key of metrics.jsonl -> what tables call its mean over the last tenth.
TAILS = {
    "loss/d": "loss D",
    "loss/g": "loss G",
    "d/real": "D(x)",
    "d/fake_1": "D(G(z)) before",
    "d/fake_2": "D(G(z)) after",
    "grad_norm/d": "gradient D",
    "grad_norm/g": "gradient G",
}
OSCILLATIONS = {"loss/d": "oscillation D", "loss/g": "oscillation G"}


def curve(data: RunData, key: str, against: str = "step") -> Curve:
    """Return the finite points of a curve as (x, y); both empty if it was not logged."""
    points = [(line[against], line[key]) for line in data.metrics if {key, against} <= line.keys()]
    x, y = np.array(points, dtype=float).reshape(-1, 2).T
    finite = np.isfinite(y)
    return x[finite], y[finite]


@dataclass(frozen=True)
class Band:
    """A line of a figure, and the lowest and highest of what lies beside it: all of one length."""

    x: np.ndarray
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray


def moving_median(curve: Curve) -> Band:
    """Return the median of a curve in a window, and its lowest and highest tenth there.

    The window is a twentieth of the curve (three points at least), and lies inside of it: a spike
    shorter than half of it leaves no trace in the median, where a mean would keep it for all of it.
    """
    x, y = curve
    window = max(3, len(y) // SMOOTHING)
    if len(y) <= window:
        return Band(x, y, y, y)
    places = np.unique(np.linspace(0, len(y) - 1, MOST_POINTS).round().astype(int))
    first = np.clip(places - window // 2, 0, len(y) - window)
    windows = np.lib.stride_tricks.sliding_window_view(y, window)[first]
    low, middle, high = np.quantile(windows, [0.1, 0.5, 0.9], axis=1)
    return Band(x[places], middle, low, high)


def band(curves: Sequence[Curve], smoothed: bool = True) -> Band:
    """Return the mean over the seeds of a setting, with their lowest and highest.

    Each is its moving median if it is to be `smoothed`. Of one seed the band is that of the median.
    """
    there = [one for one in curves if len(one[0])]
    found = [moving_median(one) if smoothed else Band(*one, one[1], one[1]) for one in there]
    if len(found) < 2:
        return found[0] if found else Band(*(np.array([]),) * 4)
    if not smoothed and len({len(one.x) for one in found}) == 1:
        # Looks of the same steps, which seeds reach at other seconds.
        y = np.array([one.middle for one in found])
        return Band(np.mean([one.x for one in found], 0), y.mean(0), y.min(0), y.max(0))
    x = np.unique(np.concatenate([one.x for one in found]))
    if len(x) > MOST_POINTS:
        x = x[np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int)]
    lines = [np.interp(x, one.x, one.middle, left=np.nan, right=np.nan) for one in found]
    together = np.array(lines)
    known = np.isfinite(together).any(axis=0)  # a seed may end before the others
    x, together = x[known], together[:, known]
    return Band(x, np.nanmean(together, 0), np.nanmin(together, 0), np.nanmax(together, 0))


def training_seconds(data: RunData) -> Curve:
    """Return the time that training took up to each step, without the time in which it stood still.

    A process that was suspended, or a machine that slept, leaves a leap between two lines.
    """
    steps, seconds = curve(data, "seconds")
    if len(steps) < 3:
        return steps, seconds
    took, done = np.diff(seconds), np.diff(steps)
    usual = float(np.median(took / done))
    took = np.where(took > PAUSE * usual * done, usual * done, took)
    return steps, seconds[0] + np.concatenate([[0.0], np.cumsum(took)])


def oscillation(values: np.ndarray) -> float:
    """Return the root of the mean variance inside a tenth of the curve; nan for under 20 values.

    The trend between the tenths is not in it.
    """
    if len(values) < 2 * WINDOWS:
        return math.nan
    return float(np.sqrt(np.mean([part.var() for part in np.array_split(values, WINDOWS)])))


def numbers(data: RunData) -> dict[str, float]:
    """Return a run's curves in numbers: means over the last tenth, oscillation, best scores."""
    found: dict[str, float] = {}
    for key, name in TAILS.items():
        _, values = curve(data, key)
        if len(values):
            found[name] = float(np.mean(values[-max(1, round(TAIL * len(values))) :]))
    for key, name in OSCILLATIONS.items():
        _, values = curve(data, key)
        if not math.isnan(value := oscillation(values)):
            found[name] = value
    chosen_by = data.config.dataset.selection
    steps, values = curve(data, f"score/{chosen_by}")
    if len(values):
        best = int(np.argmin(values))
        name = value_named(chosen_by).short
        found[f"least {name} in training"] = float(values[best])
        found[f"step of the least {name}"] = float(steps[best])
    if data.metrics:
        found |= {
            name: float(data.metrics[-1].get(name, math.nan)) for name in ("images", "seconds")
        }
    return found


def names(runs: Sequence[RunData]) -> list[str]:
    """Return the names of all numbers that any of the runs has, in their order."""
    return list(dict.fromkeys(name for data in runs for name in numbers(data)))
