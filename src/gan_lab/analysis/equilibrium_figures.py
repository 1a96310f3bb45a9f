"""Figures of `gan-lab equilibrium`, as PNG and PDF."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from gan_lab.analysis.optimal_discriminator import LOG_4, Optimum
from gan_lab.common.console import percent
from gan_lab.figures.style import COLOURS, STYLE, save_figure
from gan_lab.runs.equilibrium import Equilibrium
from gan_lab.runs.lines import MetricsLine

ZOOM = 8  # standard deviations around a mode


def draw_equilibrium(metrics: Sequence[MetricsLine], result: Equilibrium, path: Path) -> None:
    """Draw V and D's outputs over the training beside their equilibrium, and the duality gap."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(STYLE):
        figure = Figure(figsize=(11, 3.4), layout="constrained")
        value, outputs, gap = figure.subplots(1, 3)
        steps = [line["step"] for line in metrics if "loss/d" in line]
        values = [-line["loss/d"] for line in metrics if "loss/d" in line]
        if "value" in result.curves:
            value.plot(steps, values, color=COLOURS["D"], label="V = -loss/d")
            value.axhline(-LOG_4, color="black", ls=":", label="-log 4")
            value.set_ylabel("V (nats)")
        else:
            value.plot(steps, values, color=COLOURS["D"], label="-loss/d: not V with this loss")
            value.set_ylabel("-loss/d")
        for key, role, label in (("d/real", "real", "D(x)"), ("d/fake_1", "fake", "D(G(z))")):
            points = [(line["step"], line[key]) for line in metrics if key in line]
            if points:
                outputs.plot(*zip(*points, strict=True), color=COLOURS[role], label=label)
        if result.gap:
            outputs.axhline(0.5, color="black", ls=":", label="1/2")
            outputs.set_ylim(0, 1)
        outputs.set_ylabel("mean D(·)" if result.gap else "mean critic output")
        ways = (result.gap.way.discriminator, result.gap.way.generator) if result.gap else ((), ())
        for way, role in zip(ways, ("D", "G"), strict=True):
            gap.plot(
                [point.step for point in way],
                [point.value for point in way],
                "o-",
                color=COLOURS[role],
                label=f"only {role} learns",
            )
        if result.gap:
            gap.axhline(-LOG_4 / 2, color="black", ls=":", label="-log 2")
            gap.set_ylabel("M = V / 2 (nats)")
        else:
            gap.set_visible(False)
        for axis in (value, outputs):
            axis.set_xlabel("step (generator updates)")
        gap.set_xlabel("steps of one player alone, after training")
        for axis in (value, outputs, gap) if result.gap else (value, outputs):
            axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
        save_figure(figure, path)


def draw_optimum(optimum: Optimum, centers: Tensor, std: float, path: Path) -> None:
    """Draw D*, the learned D and their difference, on the whole plane and around one mode.

    The mode is the one with most generated points. D* is blank where neither density has mass.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    cells = optimum.cells
    weight = optimum.real + optimum.fake
    # Less than a thousandth of a point: D* is a ratio of nothings there.
    blank = weight < 1e-3 / optimum.numbers.samples
    differences = optimum.learned - optimum.optimal
    panels = [
        ("optimal D*", optimum.optimal.where(~blank, np.nan), "viridis", (0, 1)),
        ("learned D", optimum.learned, "viridis", (0, 1)),
        ("D - D*", differences.where(~blank, np.nan), "coolwarm", (-1, 1)),
    ]
    middles = cells.middles()
    nearest = (middles[:, None] - centers.double()).square().sum(2).argmin(1)
    mode = int(nearest.bincount(optimum.fake, len(centers)).argmax())
    x, y = centers[mode].tolist()
    reach = ZOOM * std
    views = [
        (-cells.reach, cells.reach, -cells.reach, cells.reach),
        (x - reach, x + reach, y - reach, y + reach),
    ]
    extent = (-cells.reach, cells.reach, -cells.reach, cells.reach)
    with style.context(STYLE):
        figure = Figure(figsize=(11, 7), layout="constrained")
        for row, (view, axes) in enumerate(zip(views, figure.subplots(2, 3), strict=True)):
            for axis, (title, values, colours, limits) in zip(axes, panels, strict=True):
                picture = values.reshape(cells.side, cells.side).T.numpy()
                shown = axis.imshow(
                    picture,
                    origin="lower",
                    extent=extent,
                    cmap=colours,
                    vmin=limits[0],
                    vmax=limits[1],
                    interpolation="nearest",
                )
                axis.set(xlim=view[:2], ylim=view[2:], xlabel="x", ylabel="y")
                axis.set_title(title if row == 0 else f"{title}, around mode {mode}", fontsize=9)
                axis.grid(visible=False)
                axis.set_facecolor("0.9")
                if row == 0:
                    figure.colorbar(shown, ax=axis, shrink=0.8)
        numbers = optimum.numbers
        away = numbers.outside
        outside = f"   {percent(away)} of the fakes lie outside" if away else ""
        figure.suptitle(
            f"mean |D - D*| {numbers.error:.3f} (by chance {numbers.error_by_chance:.3f})   "
            f"V(D*) {numbers.value_optimal:.3f}, V(D) {numbers.value_learned:.3f}, "
            f"-log 4 = {-LOG_4:.3f}{outside}",
            fontsize=9,
        )
        save_figure(figure, path)
