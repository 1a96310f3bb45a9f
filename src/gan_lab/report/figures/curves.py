"""Figures of numbers over a training: the five curves of each GAN, settings beside each other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gan_lab.figures.captions import in_lines
from gan_lab.figures.style import COLOURS, STYLE, save_figure
from gan_lab.report.collect import RunData
from gan_lab.report.curves import Band, Curve, band, curve, training_seconds
from gan_lab.report.figures.look import AXES, FLOOR_LINE, LETTER, Look, Stroke
from gan_lab.report.scores import Measure, series

WIDE = 10  # a range of positive scores beyond this factor is drawn on a logarithmic axis
EQUILIBRIUM = {"loss/d": math.log(4), "d/real": 0.5, "d/fake_1": 0.5, "d/fake_2": 0.5}
CURVES = {
    "loss/d": "loss of D",
    "loss/g": "loss of G",
    "d/real": "D(x)",
    "d/fake_1": "D(G(z)) before D's update",
    "d/fake_2": "D(G(z)) after D's update",
}
NORMS = {"grad_norm/d": "gradient norm of D", "grad_norm/g": "gradient norm of G"}
# The two panels of a setting: the key of each line, and how it is drawn.
LOSSES = {"loss/d": Stroke(COLOURS["D"], "-"), "loss/g": Stroke(COLOURS["G"], "--")}
OUTPUTS = {
    "d/real": Stroke(COLOURS["real"], "-"),
    "d/fake_1": Stroke(COLOURS["fake"], "--"),
    "d/fake_2": Stroke(COLOURS["fake"], ":"),
}
PANELS = (LOSSES, OUTPUTS)
SETTINGS_A_FIGURE = 12  # of the five curves: two in a row on a page


def draw_five_curves(look: Look, path: Path) -> list[Path]:
    """Draw the losses and D's outputs of each setting in two panels of its own: all seeds.

    Panels of one loss have one axis, so that they can be compared; those of unlike losses have not.
    More settings than fit a page are drawn in further figures: NAME_2.png and so on.
    """
    groups = [group for group in look.groups() if any(map(_has_curves, group))]
    pages = [groups[first : first + SETTINGS_A_FIGURE]
             for first in range(0, len(groups), SETTINGS_A_FIGURE)]  # fmt: skip
    names = [path.stem, *(f"{path.stem}_{number}" for number in range(2, len(pages) + 1))]
    return [_draw_page(look, page, path.with_stem(name))
            for page, name in zip(pages, names, strict=False)]  # fmt: skip


def _has_curves(data: RunData) -> bool:
    return any(len(curve(data, key)[0]) for panel in PANELS for key in panel)


def _draw_page(look: Look, groups: Sequence[Sequence[RunData]], path: Path) -> Path:
    from matplotlib import style
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    beside = min(len(groups), 2)
    rows = math.ceil(len(groups) / beside)
    width = 5.6 * beside
    with style.context(STYLE):
        figure = Figure(figsize=(width, 2.0 * rows + 0.6), layout="constrained")
        axes = figure.subplots(rows, 2 * beside, squeeze=False, sharex=True)
        pairs = axes.reshape(rows * beside, 2)
        bands: dict[tuple[str, int], list[tuple[Any, list[Band]]]] = {}
        for pair, group in zip(pairs, groups, strict=False):
            for number, (axis, panel) in enumerate(zip(pair, PANELS, strict=True)):
                drawn = _draw_panel(axis, group, panel)
                bands.setdefault((_kind(group[0], number), number), []).append((axis, drawn))
            label = look.settings.figure_label(look.settings.of_run[group[0].name])
            pair[0].set_title(
                in_lines(label, int(width / beside / 2 / LETTER)), fontsize=8, loc="left"
            )
            pair[0].set_ylabel("loss")
            pair[1].set_ylabel("D's output" if group[0].output != "probability" else "D(·)")
        for (_, number), alike in bands.items():
            _share_limits(alike, probability=number == 1)
        for pair in pairs[len(groups) :]:
            for axis in pair:
                axis.set_visible(False)
        for axis in axes.flat:
            axis.xaxis.set_tick_params(labelbottom=True)
        figure.supxlabel(AXES["step"], fontsize=9)
        lines = [Line2D([], [], **vars(line)) for panel in PANELS for line in panel.values()]
        figure.legend(
            lines, list(CURVES.values()), loc="outside upper center", ncols=5 if beside > 1 else 3
        )
        return save_figure(figure, path)


def _kind(data: RunData, panel: int) -> str:
    """What the numbers of a panel are: of one loss, or probabilities whatever the loss."""
    if panel == 1 and data.output == "probability":
        return "probability"
    return data.config.choices.loss


def _draw_panel(axis: Any, group: Sequence[RunData], panel: Mapping[str, Stroke]) -> list[Band]:
    drawn = []
    for key, stroke in panel.items():
        found = band([curve(data, key) for data in group])
        if len(found.x):
            line = replace(stroke, marker="." if len(found.x) == 1 else None)
            axis.plot(found.x, found.middle, linewidth=1.2, **vars(line))
            axis.fill_between(found.x, found.low, found.high, color=stroke.color, alpha=0.15,
                              linewidth=0)  # fmt: skip
            drawn.append(found)
    return drawn


def _share_limits(alike: Sequence[tuple[Any, list[Band]]], probability: bool) -> None:
    """Give panels of one kind one axis, which a few spikes do not set."""
    together = [one for _, drawn in alike for one in drawn]
    if not together:
        return
    low, high = _limits(together)
    if probability and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    for axis, _ in alike:
        axis.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))


def _limits(bands: Sequence[Band]) -> tuple[float, float]:
    """Return the range of most of what is drawn: a hundredth at each end is cut if it is far."""
    ends = np.concatenate([part for one in bands for part in (one.low, one.high)])
    low, high = np.quantile(ends, [0.01, 0.99])
    reach = max(high - low, 1e-9)
    lowest, highest = float(ends.min()), float(ends.max())
    return (
        lowest if lowest > low - 0.3 * reach else float(low),
        highest if highest < high + 0.3 * reach else float(high),
    )


def draw_curves(look: Look, path: Path, keys: Mapping[str, str], log: bool = False) -> Path | None:
    """Draw a panel a curve with a line a setting; None if no run has any of them.

    What has unlike meanings in different losses belongs into figures of one loss each.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    there = {
        key: name for key, name in keys.items() if any(len(curve(d, key)[0]) for d in look.runs)
    }
    if not there:
        return None
    drawn = [data for data in look.runs if any(len(curve(data, key)[0]) for key in there)]
    look = Look(drawn, look.settings, look.order)
    width, columns = 11.0, min(3, len(there))
    rows = math.ceil(len(there) / columns)
    with style.context(STYLE):
        size = (width, 2.7 * rows + look.legend_height(width))
        figure = Figure(figsize=size, layout="constrained")
        axes = list(figure.subplots(rows, columns, squeeze=False, sharex=True).flat)
        for axis, (key, name) in zip(axes, there.items(), strict=False):
            found = look.draw_lines(axis, {data.name: curve(data, key) for data in look.runs})
            axis.set(ylabel=name, xlabel=AXES["step"])
            axis.xaxis.set_tick_params(labelbottom=True)
            if log and any((one.middle > 0).any() for one in found):
                axis.set_yscale("log")
            elif found:
                low, high = _limits(found)
                axis.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
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


def draw_score_curves(look: Look, measures: Sequence[Measure], path: Path) -> Path | None:
    """Draw scores against the step, the images shown to D, and the time of training."""
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
                points = {data.name: _scores(data, scored[data.name].get(measure.key, []), against)
                          for data in look.runs}  # fmt: skip
                look.draw_lines(axis, points, smoothed=False)
                if measure.floor_beside is not None:
                    axis.axhline(measure.floor_beside, **FLOOR_LINE)
                axis.set_xlabel(AXES[against])
                axis.xaxis.set_tick_params(labelbottom=True)
                axis.ticklabel_format(axis="x", style="plain")
                axis.locator_params(axis="x", nbins=5)
            values = [line.value for found in scored.values()
                      for line in found.get(measure.key, [])]  # fmt: skip
            if min(values) > 0 and max(values) > WIDE * min(values):
                row[0].set_yscale("log")
            row[0].set_ylabel(measure.label(30))
        look.legend(figure, width, floor=any(one.floor_beside is not None for one in shown))
        return save_figure(figure, path)


def _scores(data: RunData, lines: Sequence[Any], against: str) -> Curve:
    """Return scores of a run against one of AXES, without those whose place is not known."""
    x = np.array([_place(data, line.step, against) for line in lines], dtype=float)
    y = np.array([line.value for line in lines], dtype=float)
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _place(data: RunData, step: int, against: str) -> float:
    """Return where a step is on another axis; nan if the run's lines do not tell."""
    if against == "step":
        return step
    x, y = training_seconds(data) if against == "seconds" else curve(data, against)
    return float(np.interp(step, x, y, right=np.nan)) if len(x) else math.nan
