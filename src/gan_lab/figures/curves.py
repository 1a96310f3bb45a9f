"""The curves of one run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gan_lab.common.files import new_file
from gan_lab.figures.style import COLOURS, styled_pyplot


def draw_curves(
    metrics: Sequence[Mapping[str, float]], path: Path, output: str, score: str, words: str
) -> None:
    """Draw losses, D's outputs, gradient norms and a score against the step, as PNG.

    `output` is "probability" or "score": what the lines d/* of metrics.jsonl hold. `score` is the
    one that the best checkpoint is chosen by, `words` what its axis says.
    """
    shown = "mean D(·)" if output == "probability" else "mean critic output"
    panels = [
        ("loss", [("loss/d", "D", "D", "-"), ("loss/g", "G", "G", "-")]),
        (shown, [("d/real", "D(x)", "real", "-"),
                 ("d/fake_1", "D(G(z)) before", "fake", "-"),
                 ("d/fake_2", "D(G(z)) after D's update", "fake", ":")]),
        ("gradient norm", [("grad_norm/d", "D", "D", "-"), ("grad_norm/g", "G", "G", "-")]),
        (words, [(f"score/{score}", "EMA, small sample", "G", "o-")]),
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
        with new_file(path) as file:
            figure.savefig(file, format="png")
        plt.close(figure)
