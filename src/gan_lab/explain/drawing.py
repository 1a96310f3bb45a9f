"""Both networks of a run as a block diagram: a box for each layer with what follows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from gan_lab.common.text import figure_text
from gan_lab.explain.layers import Layer, Player
from gan_lab.figures.style import COLOURS, save_figure, styled_pyplot

LINE, GAP, PADDING = 0.17, 0.22, 0.08  # inches: a line of text, an arrow, above and below text
WIDTH = 4.3  # inches of a box
LONGEST = 70  # letters that fit into a box
MOST_LINES = 8  # of a box; further ones are counted
MOST_BOXES = 24  # of a network with more, those in the middle are counted


@dataclass(frozen=True)
class Box:
    """Lines of text, what comes out beneath them, and whether it is a layer or an end."""

    lines: tuple[str, ...]
    out: str
    is_end: bool = False

    @property
    def height(self) -> float:
        """In inches."""
        return LINE * len(self.lines) + 2 * PADDING


def drawing_name(model: str, place: int = 1) -> str:
    """Return the name of a drawing's file: of a model, and which of several with its name.

    A run may call its model what it likes; what is no letter of a plain name becomes `_`.
    """
    plain = re.sub(r"[^\w.-]", "_", model)
    return f"architecture_{plain}{f'_{place}' if place > 1 else ''}.png"


def draw_networks(players: Sequence[Player], path: Path) -> Path:
    """Draw networks beside each other as PNG (`path`) and as PDF, and return `path`."""
    columns = [_boxes(player) for player in players]
    height = max(sum(box.height + GAP for box in boxes) for boxes in columns) + LINE
    with styled_pyplot() as plt:
        figure = plt.figure(figsize=(len(columns) * (WIDTH + 0.4), height + 0.2))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, len(columns) * (WIDTH + 0.4))
        axes.set_ylim(height + 0.2, 0)
        for place, (player, boxes) in enumerate(zip(players, columns, strict=True)):
            left = 0.2 + place * (WIDTH + 0.4)
            title = f"{player.name}, {player.parameters:,} parameters"
            axes.text(left, 0.2, title, weight="bold", va="center")
            _draw_column(axes, boxes, left, COLOURS["GD"[place % 2]])
        return save_figure(figure, path)


def _draw_column(axes: Any, boxes: Sequence[Box], left: float, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    top, middle = 0.2 + LINE, left + WIDTH / 2
    for place, box in enumerate(boxes):
        face = "white" if box.is_end else colour
        for look in ({"facecolor": face, "alpha": 0.12}, {"facecolor": "none"}):
            style = f"round,pad=0,rounding_size={PADDING}"
            patch = FancyBboxPatch((left, top), WIDTH, box.height, boxstyle=style,
                                   edgecolor=colour, linewidth=0.8, **look)  # fmt: skip
            axes.add_patch(patch)
        for row, line in enumerate(box.lines):
            height = top + PADDING + LINE * (row + 0.5)
            size = 8.5 if row == 0 else 7.5
            axes.text(middle, height, figure_text(line), ha="center", va="center", size=size)
        bottom = top + box.height
        if place < len(boxes) - 1:
            ends = {"xy": (middle, bottom + GAP), "xytext": (middle, bottom)}
            arrow = {"arrowstyle": "->", "color": "0.35", "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", **ends, arrowprops=arrow)
            axes.text(middle + 0.12, bottom + GAP / 2, figure_text(box.out), size=7.5,
                      color="0.35", va="center")  # fmt: skip
        top = bottom + GAP


def _boxes(player: Player) -> list[Box]:
    """Return the input, a box for each layer with weights, and the output."""
    groups: list[list[Layer]] = []
    for layer in player.layers:
        if layer.is_main or not groups:
            groups.append([])
        groups[-1].append(layer)
    boxes = [Box(_words(group), group[-1].shape) for group in groups]
    if len(boxes) > MOST_BOXES:
        half = MOST_BOXES // 2
        left_out = len(boxes) - 2 * half
        skipped = Box((f"... {left_out} more such boxes ...",), boxes[-half - 1].out)
        boxes = [*boxes[:half], skipped, *boxes[-half:]]
    result = "logit" if player.name == "discriminator" else "sample"
    inputs = tuple(wrap(player.inputs, LONGEST))
    return [Box(inputs, "", True), *boxes, Box((result,), "", True)]


def _words(group: Sequence[Layer]) -> tuple[str, ...]:
    count = sum(layer.parameters for layer in group)
    first = f"{group[0].words}  ({count:,})" if count else group[0].words
    more = [f"... {len(group) - MOST_LINES} more ..."] if len(group) > MOST_LINES else []
    return first, *(layer.words for layer in group[1:MOST_LINES]), *more
