"""Figures: the style that all share, the curves of a run, tiles of images with their captions."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gan_lab.common.paths import PACKAGE
from gan_lab.sampling import grid

# One colour per role everywhere (Okabe and Ito's palette, which colour-blind readers tell apart).
COLOURS = {"G": "#D55E00", "D": "#0072B2", "real": "#009E73", "fake": "#CC79A7"}
STYLE = PACKAGE / "gan_lab.mplstyle"
DPI = 110  # of the style
PRINT_DPI = 160
TILE_PIXELS = 56  # about, at DPI: images are enlarged by a whole number
LETTER = 0.072  # inches: an average one, at the style's size
SCORE_AXES = {
    "fd_classifier": "Fréchet distance",
    "fid": "FID",
    "swd": "sliced Wasserstein distance (1/1000)",
    "wasserstein": "sliced Wasserstein distance",
    "kd_classifier": "kernel distance",
    "reverse_kl": "reverse KL (nats)",
    "kl": "KL (nats)",
}


@contextmanager
def styled_pyplot() -> Iterator[Any]:
    """Give matplotlib.pyplot, without a screen and in the style that all figures share."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.style.context(STYLE):
        yield plt


def save_figure(figure: Any, path: Path) -> Path:
    """Write a figure as PNG (`path`) and as PDF beside it, close it, and return `path`."""
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=PRINT_DPI)
    # Without its date, so that the same numbers make the same file.
    figure.savefig(path.with_suffix(".pdf"), format="pdf", metadata={"CreationDate": None})
    plt.close(figure)
    return path


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
    words = textwrap.wrap(caption, int((total - 0.2) / LETTER))
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
            axis.text(index * step + step / 2, -4, title, ha="center", va="bottom")
        for index, title in enumerate(rows):
            axis.text(-6, index * step + step / 2, title, ha="right", va="center")
        figure.text(0.1 / total, 0.05 / (above + height + below), "\n".join(words), va="bottom")
        return save_figure(figure, path)


def draw_points(points: Tensor, path: Path, joined: bool, caption: str = "") -> Path:
    """Draw rows of points (float32 [R, C, 2]) in the plane, a colour each, and a caption beneath.

    `joined`: a row is a way, from the ring to the dot. Writes PNG and PDF.
    """
    words = "\n".join(textwrap.wrap(caption, 78))
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


def draw_curves(
    metrics: Sequence[Mapping[str, float]], path: Path, output: str, score: str
) -> None:
    """Draw losses, D's outputs, gradient norms and a score against the step, as PNG.

    `output` is "probability" or "score": what the lines d/* of metrics.jsonl hold. `score` is the
    one that the best checkpoint is chosen by.
    """
    shown = "mean D(·)" if output == "probability" else "mean critic output"
    panels = [
        ("loss", [("loss/d", "D", "D", "-"), ("loss/g", "G", "G", "-")]),
        (shown, [("d/real", "D(x)", "real", "-"),
                 ("d/fake_1", "D(G(z)) before", "fake", "-"),
                 ("d/fake_2", "D(G(z)) after D's update", "fake", ":")]),
        ("gradient norm", [("grad_norm/d", "D", "D", "-"), ("grad_norm/g", "G", "G", "-")]),
        (SCORE_AXES.get(score, score), [(f"score/{score}", "EMA, small sample", "G", "o-")]),
    ]  # fmt: skip
    with styled_pyplot() as plt:
        figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, layout="constrained")
        for axis, (title, lines) in zip(axes.flat, panels, strict=True):
            for key, label, role, style in lines:
                points = [(line["step"], line[key]) for line in metrics if key in line]
                if points:
                    style = "." if len(points) == 1 else style
                    axis.plot(*zip(*points, strict=True), style, color=COLOURS[role], label=label)
            axis.set_ylabel(title)
            if axis.has_data():
                axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
        if output == "probability":
            axes[0, 1].set_ylim(0, 1)
        axes[1, 0].set_yscale("log")
        for axis in axes[1]:
            axis.set_xlabel("step (generator updates)")
        figure.savefig(path, format="png")
        plt.close(figure)


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
