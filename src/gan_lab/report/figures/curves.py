"""Figures of numbers across runs: curves, gradient norms, scores, settings in rows."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gan_lab.figures.style import COLOURS, STYLE, save_figure
from gan_lab.report.collect import RunData
from gan_lab.report.curves import curve, smooth
from gan_lab.report.scores import Measure, series
from gan_lab.report.settings import Settings

# Okabe and Ito's, which colour-blind readers tell apart; without yellow, too pale for a line.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
RAW_POINTS = 400  # of a raw curve: more are ink, not information
DASHES = ("-", "--", ":", "-.")  # of the eighth setting and those after it
WIDE = 10  # a range of positive scores beyond this factor is drawn on a logarithmic axis
LINE_HEIGHT = 0.17  # inches, of a legend's entry
LETTER = 0.068
EQUILIBRIUM = {"loss/d": math.log(4), "d/real": 0.5, "d/fake_1": 0.5, "d/fake_2": 0.5}
CURVES = {
    "loss/d": "loss of D",
    "loss/g": "loss of G",
    "d/real": "D(x)",
    "d/fake_1": "D(G(z)) before D's update",
    "d/fake_2": "D(G(z)) after D's update",
}
NORMS = {"grad_norm/d": "gradient norm of D", "grad_norm/g": "gradient norm of G"}
AXES = {"step": "step (generator updates)", "images": "real images shown to D",
        "seconds": "wall clock (seconds)"}  # fmt: skip


Colour: TypeAlias = str | tuple[float, float, float, float]  # a name, or red to alpha from 0 to 1


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn, by the names of matplotlib; None: as the style has it."""

    color: Colour
    linestyle: str | None = None
    marker: str | None = None


@dataclass(frozen=True)
class Look:
    """The runs of a figure with the colour and the words of each one's setting."""

    runs: list[RunData]
    settings: Settings
    order: list[tuple[str, ...]]

    def stroke(self, data: RunData) -> Stroke:
        """The colour and dashes of a run's setting: seven of each dash, or a scale for many."""
        place = self.order.index(self.settings.of_run[data.name])
        marker = "." if len(data.metrics) == 1 else None  # one point makes no line
        if len(self.order) <= len(PALETTE) * len(DASHES):
            dash, colour = divmod(place, len(PALETTE))
            return Stroke(PALETTE[colour], DASHES[dash], marker)
        from matplotlib import colormaps

        scale = colormaps["viridis"](0.87 * place / (len(self.order) - 1))
        return Stroke(scale, marker=marker)

    def scale_words(self) -> str:
        """Say what colours mean where there are too many settings to tell apart by them."""
        if len(self.order) <= len(PALETTE) * len(DASHES):
            return ""
        return " Colours follow the tables' order; each setting has a panel of its own below."

    def legend(self, figure: Any, width: float) -> None:
        """Put one legend for all axes below them, in as many columns as fit."""
        from matplotlib.lines import Line2D

        by_setting = {self.settings.of_run[data.name]: data for data in self.runs}
        labels = [
            self.settings.figure_label(setting) for setting in self.order if setting in by_setting
        ]
        lines = [
            Line2D([], [], linewidth=1.6, **vars(self.stroke(by_setting[setting])))
            for setting in self.order
            if setting in by_setting
        ]
        columns = self._columns(width)
        figure.legend(lines, labels, loc="outside lower center", ncols=columns)

    def legend_height(self, width: float) -> float:
        """The inches that the legend takes."""
        return LINE_HEIGHT * math.ceil(len(self.order) / self._columns(width)) + 0.2

    def _columns(self, width: float) -> int:
        longest = max(len(self.settings.figure_label(setting)) for setting in self.order)
        return max(1, min(len(self.order), int(width / (longest * LETTER + 0.7))))


def draw_curves(look: Look, path: Path, keys: Mapping[str, str], log: bool = False) -> Path | None:
    """Draw curves of all runs over each other, raw (pale) and smoothed; None if there are none."""
    from matplotlib import style
    from matplotlib.figure import Figure

    there = {
        key: name for key, name in keys.items() if any(len(curve(d, key)[0]) for d in look.runs)
    }
    if not there:
        return None
    drawn = [data for data in look.runs if any(len(curve(data, key)[0]) for key in there)]
    look = replace(look, runs=drawn)
    raw = len(look.order) <= len(PALETTE)  # behind more settings they would hide everything
    width, columns = 11.0, min(3, len(there))
    rows = math.ceil(len(there) / columns)
    with style.context(STYLE):
        size = (width, 2.7 * rows + look.legend_height(width))
        figure = Figure(figsize=size, layout="constrained")
        axes = list(figure.subplots(rows, columns, squeeze=False, sharex=True).flat)
        for axis, (key, name) in zip(axes, there.items(), strict=False):
            for data in look.runs:
                x, y = curve(data, key)
                if raw:
                    every = max(1, len(x) // RAW_POINTS)
                    axis.plot(x[::every], y[::every], alpha=0.13, lw=0.6, **vars(look.stroke(data)))
                axis.plot(x, smooth(y), linewidth=1.2, **vars(look.stroke(data)))
            axis.set(ylabel=name, xlabel=AXES["step"])
            axis.xaxis.set_tick_params(labelbottom=True)
            values = [curve(data, key)[1] for data in look.runs]
            _limit(axis, values if raw else [smooth(part) for part in values], log)
            if key in EQUILIBRIUM and _probabilities(look.runs):
                axis.axhline(EQUILIBRIUM[key], color="black", linestyle=":", linewidth=0.8)
        for axis in axes[len(there) :]:
            axis.set_visible(False)
        look.legend(figure, width)
        return save_figure(figure, path)


def _probabilities(runs: Sequence[RunData]) -> bool:
    """Whether all curves of D are probabilities, and losses those of an equilibrium at -log 4."""
    return all(
        data.output == "probability" and data.config.choices.loss in ("minimax", "nonsaturating")
        for data in runs
    )


def _limit(axis: Any, values: Sequence[np.ndarray], log: bool) -> None:
    """Keep a few spikes from flattening everything else: they are cut, not the curves."""
    together = np.concatenate([part[np.isfinite(part)] for part in values])
    if not len(together):
        return
    if log:
        if (together > 0).any():
            axis.set_yscale("log")
        return
    low, high = np.quantile(together, [0.002, 0.998])
    reach = high - low
    if reach > 0 and (together.max() > high + reach or together.min() < low - reach):
        axis.set_ylim(low - 0.15 * reach, high + 0.15 * reach)


def draw_multiples(look: Look, path: Path) -> Path | None:
    """Draw the losses of D and G in a panel for each setting, all seeds, smoothed."""
    from matplotlib import style
    from matplotlib.figure import Figure

    groups = [
        [data for data in look.runs if look.settings.of_run[data.name] == setting]
        for setting in look.order
    ]
    groups = [group for group in groups if any(len(curve(d, "loss/d")[0]) for d in group)]
    if not groups:
        return None
    columns = min(len(groups), 4 if len(groups) <= 12 else 6)
    rows = math.ceil(len(groups) / columns)
    width = 11.0 if columns > 2 else 4.0 * columns
    with style.context(STYLE):
        figure = Figure(figsize=(width, (2.1 if columns < 6 else 1.7) * rows + 0.5),
                        layout="constrained")  # fmt: skip
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        everything = []
        for axis, group in zip(axes.flat, groups, strict=False):
            for data in group:
                for role, key in (("D", "loss/d"), ("G", "loss/g")):
                    x, y = curve(data, key)
                    axis.plot(x, smooth(y), "." if len(x) == 1 else "-", color=COLOURS[role])
                    everything.append(smooth(y))
            label = look.settings.figure_label(look.settings.of_run[group[0].name])
            letters = int(width / columns / LETTER) - 4
            axis.set_title("\n".join(textwrap.wrap(label, letters)), fontsize=8)
        for axis in list(axes.flat)[max(0, len(groups) - columns) : len(groups)]:
            axis.xaxis.set_tick_params(labelbottom=True)
        for axis in list(axes.flat)[len(groups) :]:
            axis.set_visible(False)
        _limit(axes[0, 0], everything, log=False)
        figure.supxlabel(AXES["step"], fontsize=9)
        figure.supylabel("loss, smoothed", fontsize=9)
        lines = [axes[0, 0].plot([], [], color=COLOURS[role], label=role)[0] for role in "DG"]
        figure.legend(lines, ["D", "G"], loc="outside upper right", ncols=2)
        return save_figure(figure, path)


def draw_score_curves(look: Look, measures: Sequence[Measure], path: Path) -> Path | None:
    """Draw scores against the step, the images shown to D, and the wall clock."""
    from matplotlib import style
    from matplotlib.figure import Figure

    scored = {data.name: series(data) for data in look.runs}
    shown = [
        measure
        for measure in measures
        if any(len(found.get(measure.key, [])) > 1 for found in scored.values())
    ]
    if not shown:
        return None
    width = 11.0
    with style.context(STYLE):
        size = (width, 2.5 * len(shown) + look.legend_height(width))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(shown), 3, squeeze=False, sharey="row", sharex="col")
        for row, measure in zip(axes, shown, strict=True):
            for axis, against in zip(row, AXES, strict=True):
                for data in look.runs:
                    lines = scored[data.name].get(measure.key, [])
                    points = [(_place(data, line.step, against), line.value) for line in lines]
                    x, y = np.array(points, dtype=float).reshape(-1, 2).T
                    dotted = replace(look.stroke(data), marker="o")
                    axis.plot(x, y, markersize=2.5, **vars(dotted))
                if measure.floor_beside is not None:
                    axis.axhline(measure.floor_beside, color="black", linestyle=":", linewidth=0.9)
                axis.set_xlabel(AXES[against])
                axis.xaxis.set_tick_params(labelbottom=True)
                axis.ticklabel_format(axis="x", style="plain")
                axis.locator_params(axis="x", nbins=5)
            values = [line.value for found in scored.values()
                      for line in found.get(measure.key, [])]  # fmt: skip
            if min(values) > 0 and max(values) > WIDE * min(values):
                row[0].set_yscale("log")
            row[0].set_ylabel(measure.label(30))
        look.legend(figure, width)
        return save_figure(figure, path)


def _place(data: RunData, step: int, against: str) -> float:
    """Return where a step is on another axis; nan if the run's lines do not tell."""
    x, y = curve(data, against)
    if against == "step":
        return step
    return float(np.interp(step, x, y, right=np.nan)) if len(x) else math.nan
