"""Figures of settings beside each other: their scores, and the classes of their samples."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_lab.common.console import NOTHING, percent
from gan_lab.common.text import figure_text
from gan_lab.evaluation.seeds import over_seeds
from gan_lab.figures.style import COLOURS, STYLE, save_figure
from gan_lab.report.collect import RunData
from gan_lab.report.figures.look import LETTER, Look
from gan_lab.report.health import census_of
from gan_lab.report.scores import Measure
from gan_lab.report.settings import Settings
from gan_lab.runs.census import ClassCensus


def draw_settings(
    look: Look,
    measures: Sequence[Measure],
    values: Mapping[str, Mapping[tuple[str, ...], Sequence[float]]],
    path: Path,
) -> Path | None:
    """Draw the scores of each setting in a row: every seed, their mean and its interval.

    `values` are by the measure's key and the setting. The dotted line is what real data get.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    shown = [measure for measure in measures if any(values[measure.key].values())]
    if not shown:
        return None
    labels = [look.settings.figure_label(setting) for setting in look.order]
    columns = len(shown) if len(shown) < 4 else 3 if len(shown) > 4 else 2
    bands = math.ceil(len(shown) / columns)
    left = max(map(len, labels)) * LETTER
    with style.context(STYLE):
        size = (left + 2.6 * columns + 0.5, bands * (0.22 * len(labels) + 0.8) + 0.5)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(bands, columns, squeeze=False, sharey=True)
        for axis, measure in zip(axes.flat, shown, strict=False):
            for row, setting in enumerate(look.order):
                scores = values[measure.key].get(setting, [])
                if not scores:
                    axis.text(0.02, row, "none", transform=axis.get_yaxis_transform(), va="center",
                              fontsize=7, color="0.5")  # fmt: skip
                    continue
                found = over_seeds(scores)
                axis.plot(scores, [row] * len(scores), "o", color=COLOURS["D"], alpha=0.45)
                axis.plot(
                    [found.mean], [row], "|", color="black", markersize=9, markeredgewidth=1.5
                )
                if found.half_width is not None:
                    ends = [found.mean - found.half_width, found.mean + found.half_width]
                    axis.plot(ends, [row, row], color="black", linewidth=1.2)
            if measure.floor_beside is not None:
                axis.axvline(
                    measure.floor_beside, color=COLOURS["real"], linestyle=":", linewidth=1.2
                )
            axis.set_xlabel(measure.label(34))
            axis.set_yticks(range(len(labels)), labels)
            axis.set_ylim(len(labels) - 0.5, -0.5)
            axis.locator_params(axis="x", nbins=5)
        for axis in list(axes.flat)[len(shown) :]:
            axis.set_visible(False)
        _explain_marks(figure, floors=any(one.floor_beside is not None for one in shown))
        return save_figure(figure, path)


def _explain_marks(figure: Any, floors: bool) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=COLOURS["D"], alpha=0.45, marker="o", linestyle="", label="a seed"),
        Line2D([], [], color="black", marker="|", markersize=9, markeredgewidth=1.5,
               linewidth=1.2, label="mean, and 95 % interval of three seeds or more"),
    ]  # fmt: skip
    if floors:
        marks.append(
            Line2D([], [], color=COLOURS["real"], linestyle=":", linewidth=1.2, label="real data")
        )
    figure.legend(handles=marks, loc="outside upper center", ncols=len(marks))


def counted_by_data(look: Look) -> dict[str, list[RunData]]:
    """Return the runs whose samples were counted by class, by the name of their data.

    Data of one name with other classes have a number behind it.
    """
    found: dict[tuple[str, tuple[str, ...]], list[RunData]] = {}
    for data in look.runs:
        if census := census_of(data):
            names = tuple(entry.name for entry in census.classes)
            found.setdefault((data.config.choices.dataset, names), []).append(data)
    named: dict[str, list[RunData]] = {}
    for (name, _), runs in found.items():
        number = sum(other.split(" ")[0] == name for other in named) + 1
        named[name if number == 1 else f"{name} {number}"] = runs
    return named


def draw_modes(runs: Sequence[RunData], settings: Settings, path: Path) -> Path:
    """Draw the share of each class among the samples of runs on one dataset, and in that."""
    from matplotlib import style
    from matplotlib.figure import Figure

    counted = [(data, census) for data in runs if (census := census_of(data))]
    classes = counted[0][1].classes
    names = [figure_text(entry.name) for entry in classes]
    rows = [[entry.share for entry in census.classes] for _, census in counted]
    rows.append([entry.compared_share for entry in classes])
    told = [*(census.has_shares for _, census in counted), True]
    cells = [[percent(share, 0) if known else NOTHING for share in row]
             for row, known in zip(rows, told, strict=True)]  # fmt: skip
    labels = [f"{_with_seed(settings, data)}{_unsure(census)}" for data, census in counted]
    judged = any(entry.expected_share is not None for entry in classes)
    labels.append("real images, by the same judge" if judged else "training data")
    left = max(map(len, labels)) * LETTER
    with style.context(STYLE):
        size = (left + min(9.0, 0.45 * len(names)) + 1.2, 0.25 * len(rows) + 0.9)
        figure = Figure(figsize=size, layout="constrained")
        axis = figure.subplots()
        picture = axis.imshow(rows, aspect="auto", cmap="viridis", vmin=0)
        axis.grid(visible=False)
        axis.set_yticks(range(len(rows)), labels)
        if len(names) <= 20:
            axis.set_xticks(range(len(names)), names)
            for y, row in enumerate(rows):
                for x, (share, cell) in enumerate(zip(row, cells[y], strict=True)):
                    dark = share < 0.6 * np.max(rows)
                    colour = "white" if dark else "black"
                    axis.text(x, y, cell, ha="center", va="center", color=colour, size=7)
        axis.set_xlabel("class")
        figure.colorbar(picture, label="share of samples")
        return save_figure(figure, path)


def _unsure(census: ClassCensus) -> str:
    return f" ({percent(census.unsure.share, 0)} unsure)"


def _with_seed(settings: Settings, data: RunData) -> str:
    return f"{settings.figure_label(settings.of_run[data.name])}, seed {data.seed}"
