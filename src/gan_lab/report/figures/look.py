"""How the runs of a study look in every figure: colours, dashes, words, and lines with bands."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_lab.report.collect import RunData
from gan_lab.report.curves import Band, Curve, band
from gan_lab.report.settings import Settings

# Okabe and Ito's, which colour-blind readers tell apart; without yellow, too pale for a line.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", ":", "-.")  # another one for each setting, so that grey print tells them apart
MOST_BANDS = 7  # settings; bands of more would hide each other
LINE_HEIGHT = 0.17  # inches, of a legend's entry
LETTER = 0.068
AXES = {"step": "step (generator updates)", "images": "real images shown to D",
        "seconds": "training time without pauses (seconds)"}  # fmt: skip
FLOOR = "real data"
# Like no line of a setting, in grey print neither.
FLOOR_DASHES = (0, (8, 2, 1, 2, 1, 2))
FLOOR_LINE: dict[str, Any] = {"color": "0.35", "linestyle": FLOOR_DASHES, "linewidth": 0.9}


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn, by the names of matplotlib; None: as the style has it."""

    color: str
    linestyle: str | None = None
    marker: str | None = None


@dataclass(frozen=True)
class Look:
    """The runs of a figure with the colour and the words of each one's setting."""

    runs: list[RunData]
    settings: Settings
    order: list[tuple[str, ...]]

    def stroke(self, data: RunData) -> Stroke:
        """The colour and dashes of a run's setting; one point, which is no line, has a marker."""
        place = self.order.index(self.settings.of_run[data.name])
        marker = "." if len(data.metrics) == 1 else None
        return Stroke(PALETTE[place % len(PALETTE)], DASHES[place % len(DASHES)], marker)

    def groups(self) -> list[list[RunData]]:
        """The runs of each setting that has some, in the order of settings."""
        found = [[data for data in self.runs if self.settings.of_run[data.name] == setting]
                 for setting in self.order]  # fmt: skip
        return [group for group in found if group]

    def draw_lines(
        self, axis: Any, curves: Mapping[str, Curve], smoothed: bool = True
    ) -> list[Band]:
        """Draw a line a setting, the mean over its seeds, with a band; return what was drawn.

        `curves` are those of runs by their names.
        """
        drawn = []
        for group in self.groups():
            found = band([curves[data.name] for data in group], smoothed)
            if not len(found.x):
                continue
            stroke = self.stroke(group[0])
            marker = "." if len(found.x) == 1 else stroke.marker
            line = {**vars(stroke), "marker": marker}
            axis.plot(found.x, found.middle, linewidth=1.3, **line)
            if len(self.order) <= MOST_BANDS:
                axis.fill_between(found.x, found.low, found.high, color=stroke.color, alpha=0.15,
                                  linewidth=0)  # fmt: skip
            drawn.append(found)
        return drawn

    def legend(self, figure: Any, width: float, floor: bool = False) -> None:
        """Put one legend for all axes below them, in as many columns as fit; `floor`: with the
        line of real data."""
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
        if floor:
            labels.append(FLOOR)
            lines.append(Line2D([], [], **FLOOR_LINE))
        columns = self._columns(width)
        figure.legend(lines, labels, loc="outside lower center", ncols=columns)

    def legend_height(self, width: float) -> float:
        """The inches that the legend takes."""
        return LINE_HEIGHT * math.ceil((len(self.order) + 1) / self._columns(width)) + 0.2

    def _columns(self, width: float) -> int:
        longest = max(len(self.settings.figure_label(setting)) for setting in self.order)
        return max(1, min(len(self.order) + 1, int(width / (longest * LETTER + 0.7))))
