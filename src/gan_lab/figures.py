"""Figures of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from gan_lab.paths import PACKAGE

# One colour per role everywhere (Okabe and Ito's palette, which colour-blind readers tell apart).
COLOURS = {"G": "#D55E00", "D": "#0072B2", "real": "#009E73", "fake": "#CC79A7"}
STYLE = PACKAGE / "gan_lab.mplstyle"


def draw_curves(metrics: Sequence[Mapping[str, float]], path: Path, output: str) -> None:
    """Draw losses, D's outputs, gradient norms and the distance against the step, as PNG.

    `output` is "probability" or "score": what the lines d/* of metrics.jsonl hold.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = "mean D(·)" if output == "probability" else "mean critic output"
    panels = [
        ("loss", [("loss/d", "D", "D", "-"), ("loss/g", "G", "G", "-")]),
        (shown, [("d/real", "D(x)", "real", "-"),
                 ("d/fake_1", "D(G(z)) before", "fake", "-"),
                 ("d/fake_2", "D(G(z)) after D's update", "fake", ":")]),
        ("gradient norm", [("grad_norm/d", "D", "D", "-"), ("grad_norm/g", "G", "G", "-")]),
        ("Fréchet distance", [("score/fd_classifier", "EMA, small sample", "G", "o-")]),
    ]  # fmt: skip
    with plt.style.context(STYLE):
        figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, layout="constrained")
        for axis, (title, lines) in zip(axes.flat, panels, strict=True):
            for key, label, role, style in lines:
                points = [(line["step"], line[key]) for line in metrics if key in line]
                if points:
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
    from matplotlib.figure import Figure

    reach = 1.25 * float(real.abs().max())
    with style.context(STYLE):
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
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        picture = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    return picture
