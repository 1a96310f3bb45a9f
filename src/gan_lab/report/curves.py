"""What the curves of a run say in numbers: their ends, and how much they oscillate."""

import math
from collections.abc import Sequence

import numpy as np

from gan_lab.evaluation.scores import value_named
from gan_lab.report.collect import RunData

TAIL = 0.1  # of the lines: a mean over them is less a matter of the last batch
WINDOWS = 10
SMOOTHING = 10  # the moving average's window is this part of the curve

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


def curve(data: RunData, key: str, against: str = "step") -> tuple[np.ndarray, np.ndarray]:
    """Return the finite points of a curve as (x, y); both empty if it was not logged."""
    points = [(line[against], line[key]) for line in data.metrics if {key, against} <= line.keys()]
    x, y = np.array(points, dtype=float).reshape(-1, 2).T
    finite = np.isfinite(y)
    return x[finite], y[finite]


def smooth(values: np.ndarray, window: int | None = None) -> np.ndarray:
    """Return the centred moving average; near the ends over what there is of the window."""
    window = window or max(3, len(values) // SMOOTHING)
    if len(values) <= 2:
        return values
    kernel = np.ones(min(window, len(values)))
    counts = np.convolve(np.ones(len(values)), kernel, "same")
    return np.convolve(values, kernel, "same") / counts


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
