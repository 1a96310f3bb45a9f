"""Pictures beside each other, each under a title."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gan_lab.figures.style import STYLE, save_figure

LETTER = 0.065  # inches: an average one of a title


def draw_panels(
    pictures: Sequence[np.ndarray], titles: Sequence[str], columns: int, path: Path
) -> Path:
    """Draw pictures (uint8 [H, W, 3]), each with its title, in so many columns.

    The first one's sides are those of all panels. Writes PNG and PDF.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    rows = math.ceil(len(pictures) / columns)
    width = {1: 4.0, 2: 3.4, 3: 3.2, 4: 2.8}.get(columns, max(1.4, 11.5 / columns))
    letters = int(width / LETTER)
    wrapped = [
        "\n".join("\n".join(textwrap.wrap(line, letters)) for line in title.splitlines())
        for title in titles
    ]
    lines = max(title.count("\n") + 1 for title in wrapped)
    height, side = pictures[0].shape[:2]
    with style.context(STYLE):
        panel = width * height / side + 0.14 * lines + 0.12
        figure = Figure(figsize=(width * columns, panel * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for axis, pixels, title in zip(axes.flat, pictures, wrapped, strict=False):
            axis.imshow(pixels)
            axis.set_title(title, fontsize=7.5, pad=3)
        return save_figure(figure, path)
