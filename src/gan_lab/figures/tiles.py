"""Images beside each other: as pixels, as PNG, as a figure with titles and a caption."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from gan_lab.common.files import new_file
from gan_lab.common.text import figure_text
from gan_lab.figures.style import DPI, save_figure, styled_pyplot

TILE_PIXELS = 56  # about, at DPI: images are enlarged by a whole number
LETTER = 0.072  # inches: an average one, at the style's size


def grid(images: Tensor, columns: int = 8, gap: int = 2) -> np.ndarray:
    """Lay images (uint8 [N, C, H, W]) out in rows on white: uint8 [height, width, 3]."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    canvas = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, dtype=np.uint8
    )
    for index, image in enumerate(images.expand(-1, 3, -1, -1) if channels == 1 else images):
        top = gap + (index // columns) * (height + gap)
        left = gap + (index % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image.permute(1, 2, 0).numpy()
    return canvas


def tiles(picture: np.ndarray, side: int, gap: int = 2) -> np.ndarray:
    """Cut what `grid` laid out into its images, blank places among them: [N, side, side, 3]."""
    step = side + gap
    rows, columns = (length // step for length in picture.shape[:2])
    places = [(gap + row * step, gap + column * step) for row in range(rows)
              for column in range(columns)]  # fmt: skip
    return np.stack([picture[top : top + side, left : left + side] for top, left in places])


def save_png(picture: np.ndarray, path: Path) -> None:
    """Write a picture (uint8 [height, width, 3]) as PNG."""
    from PIL import Image

    with new_file(path) as file:
        Image.fromarray(picture).save(file, format="PNG")


def draw_tiles(
    tiles: Tensor,
    path: Path,
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    caption: str = "",
) -> Path:
    """Draw images (uint8 [R, C, channels, H, W]) in rows with titles, and a caption beneath.

    Writes PNG and PDF.
    """
    _, count_columns, _, side, _ = tiles.shape
    scale = max(1, round(TILE_PIXELS / side))
    enlarged = tiles.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
    pixels = grid(enlarged.flatten(0, 1), count_columns, gap=4)
    height, width = pixels.shape[0] / DPI, pixels.shape[1] / DPI
    left = max((len(title) for title in rows), default=0) * LETTER + 0.1
    total = max(left + width + 0.1, 4.5)
    words = textwrap.wrap(figure_text(caption), int((total - 0.2) / LETTER))
    above, below = (0.25 if columns else 0.05), 0.17 * len(words) + 0.1
    with styled_pyplot() as plt:
        figure = plt.figure(figsize=(total, above + height + below))
        share = (left / total, below / (above + height + below))
        axis = figure.add_axes(
            (*share, width / total, height / (above + height + below)), frameon=False
        )
        axis.imshow(pixels, interpolation="nearest", aspect="auto")
        axis.set(xticks=[], yticks=[])
        step = enlarged.shape[-1] + 4
        for index, title in enumerate(columns):
            axis.text(index * step + step / 2, -4, figure_text(title), ha="center", va="bottom")
        for index, title in enumerate(rows):
            axis.text(-6, index * step + step / 2, figure_text(title), ha="right", va="center")
        figure.text(0.1 / total, 0.05 / (above + height + below), "\n".join(words), va="bottom")
        return save_figure(figure, path)
