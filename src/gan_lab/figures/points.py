"""Points in the plane: scattered, or along ways."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gan_lab.common.text import figure_text
from gan_lab.figures.style import COLOURS, STYLE, save_figure, styled_pyplot


def scatter(real: Tensor, fake: Tensor) -> np.ndarray:
    """Draw generated points (float32 [N, 2]) over real ones: uint8 [height, width, 3]."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with style.context(STYLE):
        canvas = FigureCanvasAgg(_scattered(real, fake))
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def draw_scatter(real: Tensor, fake: Tensor, path: Path) -> Path:
    """Draw what `scatter` does as PNG and PDF."""
    from matplotlib import style

    with style.context(STYLE):
        return save_figure(_scattered(real, fake), path)


def draw_points(points: Tensor, path: Path, joined: bool, caption: str = "") -> Path:
    """Draw rows of points (float32 [R, C, 2]) in the plane, a colour each, and a caption beneath.

    `joined`: a row is a way, from the ring to the dot. Writes PNG and PDF.
    """
    words = "\n".join(textwrap.wrap(figure_text(caption), 78))
    with styled_pyplot() as plt:
        figure, axis = plt.subplots(figsize=(5.6, 6.2), layout="constrained")
        colours = plt.colormaps["viridis"](np.linspace(0, 0.9, len(points)))
        for row, colour in zip(points.numpy(), colours, strict=True):
            way = "-" if joined else "none"
            axis.plot(*row.T, linestyle=way, marker=".", color=colour, linewidth=0.8)
            if joined:
                axis.plot(*row[0], "o", markersize=7, markerfacecolor="none", color=colour)
                axis.plot(*row[-1], "o", markersize=6, color=colour)
        axis.set(xlabel="x", ylabel="y")
        axis.set_aspect("equal", adjustable="datalim")
        figure.supxlabel(words, fontsize=8, ha="left", x=0.02)
        return save_figure(figure, path)


def _scattered(real: Tensor, fake: Tensor) -> Any:
    from matplotlib.figure import Figure

    reach = 1.25 * float(real.abs().max())
    figure = Figure(figsize=(5, 5), layout="constrained")
    axis = figure.subplots()
    for name, points, size in (("real", real, 9), ("fake", fake, 4)):
        label = f"{name} ({len(points):,})"
        x, y = points.T.numpy()
        axis.scatter(x, y, s=size, alpha=0.5, lw=0, color=COLOURS[name], label=label)
    # The same axes for all figures of a dataset; what lies outside is counted.
    outside = int((fake.abs() > reach).any(1).sum())
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="x", ylabel="y")
    note = f"   {outside:,} fake points lie outside" if outside else None
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, title=note)
    return figure
