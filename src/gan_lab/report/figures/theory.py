"""Figures that explain a training: equilibrium, oscillation, diversity, and G's two gradients."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lab.analysis.optimal_discriminator import LOG_4
from gan_lab.figures.captions import caption
from gan_lab.figures.pictures import picture
from gan_lab.figures.style import COLOURS, STYLE, save_figure
from gan_lab.figures.tiles import tiles
from gan_lab.losses import GanLoss, minimax, nonsaturating
from gan_lab.models import call
from gan_lab.report.collect import RunData
from gan_lab.report.curves import WINDOWS, Curve, curve
from gan_lab.report.figures.look import AXES, Look
from gan_lab.report.figures.pictures import picture_steps
from gan_lab.training.steps import packed
from gan_lab.training.trained import TrainedRun

EQUILIBRIUM_LOSSES = ("minimax", "nonsaturating")  # their D maximises V
FAKES = 256
LOSSES = {"minimax": ("minimax: -σ(a)", "D"), "nonsaturating": ("log-D: σ(a) - 1", "G")}
OBJECTIVES = {"minimax": minimax(), "nonsaturating": nonsaturating()}


def draw_equilibrium(look: Look, path: Path) -> Path | None:
    """Draw V against -log 4, and D(x) and D(G(z)) against 1/2, smoothed; None for other losses."""
    runs = [data for data in look.runs if _has_equilibrium(data) and data.metrics]
    return _lines(
        replace(look, runs=runs),
        path,
        {
            "V: minus the loss of D (nats)": (_value, -LOG_4, "-log 4"),
            "D(x)": (lambda data: curve(data, "d/real"), 0.5, "1/2"),
            "D(G(z)) before D's update": (lambda data: curve(data, "d/fake_1"), 0.5, "1/2"),
        },
    )


def draw_oscillation(look: Look, path: Path) -> Path | None:
    """Draw the standard deviation of both losses inside each tenth of the training; those of
    several losses, which may be far apart, on a logarithmic axis."""
    return _lines(
        look,
        path,
        {
            "sd of D's loss in a tenth": (lambda data: _windows(*curve(data, "loss/d")), None, ""),
            "sd of G's loss in a tenth": (lambda data: _windows(*curve(data, "loss/g")), None, ""),
        },
        smoothed=False,
        log=len({data.config.choices.loss for data in look.runs}) > 1,
    )


def draw_diversity(look: Look, path: Path) -> Path | None:
    """Draw how much the samples of a run differ from each other over its training."""
    name = "difference of two samples\n(RMS, grey levels of 255)"
    return _lines(look, path, {name: (_diversity, None, "")}, smoothed=False)


Panel = tuple[Callable[[RunData], Curve], float | None, str]  # its curve, a level, the level's name


def _lines(
    look: Look, path: Path, panels: dict[str, Panel], smoothed: bool = True, log: bool = False
) -> Path | None:
    """Draw a panel for each curve, all runs in it; None if no run has any."""
    from matplotlib import style
    from matplotlib.figure import Figure

    found = {name: [(data, *of(data)) for data in look.runs] for name, (of, *_) in panels.items()}
    if not any(len(x) for lines in found.values() for _, x, _ in lines):
        return None
    drawn = {data.name for lines in found.values() for data, x, _ in lines if len(x)}
    look = replace(look, runs=[data for data in look.runs if data.name in drawn])
    width = 11.0 if len(panels) > 1 else 6.0
    with style.context(STYLE):
        size = (width, 2.9 + look.legend_height(width))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (name, lines) in zip(axes, found.items(), strict=True):
            look.draw_lines(axis, {data.name: (x, y) for data, x, y in lines}, smoothed)
            _, level, level_name = panels[name]
            if level is not None:
                axis.axhline(level, color="black", linestyle=":", linewidth=1)
                axis.annotate(level_name, (1, level), xycoords=("axes fraction", "data"),
                              xytext=(-2, 2), textcoords="offset points", ha="right",
                              fontsize=8)  # fmt: skip
            axis.set(xlabel=AXES["step"], ylabel=name, yscale="log" if log else "linear")
        look.legend(figure, width)
        return save_figure(figure, path)


def _has_equilibrium(data: RunData) -> bool:
    return data.config.choices.loss in EQUILIBRIUM_LOSSES


def _value(data: RunData) -> Curve:
    steps, losses = curve(data, "loss/d")
    return steps, -losses


def _windows(x: np.ndarray, y: np.ndarray) -> Curve:
    """Return the middle of each tenth of a curve and the standard deviation inside it."""
    if len(y) < 2 * WINDOWS:
        return np.array([]), np.array([])
    middles = [part.mean() for part in np.array_split(x, WINDOWS)]
    return np.array(middles), np.array([part.std() for part in np.array_split(y, WINDOWS)])


def _diversity(data: RunData) -> Curve:
    """Return the steps of a run's sample grids and the mean difference of two of their images."""
    shape = data.config.shape
    if len(shape) != 3:  # points: their picture is no grid
        return np.array([]), np.array([])
    steps = picture_steps(data)
    values = []
    for step in steps:
        values.append(mean_difference(tiles(picture(data.run.sample_path(step)), shape[-1])))
    return np.array(steps, dtype=float), np.array(values)


def mean_difference(images: np.ndarray) -> float:
    """Return the mean over pairs of images [N, ...] of their root mean square difference."""
    flat = torch.from_numpy(images.reshape(len(images), -1).astype(np.float32))
    return float(torch.pdist(flat).mean() / flat.shape[1] ** 0.5)


def draw_generator_gradient(run: TrainedRun, path: Path) -> Path:
    """Draw G's gradient in the logit under minimax and log-D, and both on a run's own D.

    Left: the two curves with the logits that D gives to fakes. Right: the norm of the gradient of
    all of G's weights under either loss, on the same fakes.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    logits, norms = measured_gradients(run)
    reach = max(6.0, float(logits.abs().max()) + 1)
    grid = torch.linspace(-reach, reach, 400)
    with style.context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(2.2, 1))
        counts = left.twinx()
        counts.hist(logits.numpy(), 40, color="0.75", zorder=0)
        counts.set_ylabel("fakes (grey bars)")
        counts.yaxis.get_major_locator().set_params(integer=True)
        counts.grid(visible=False)
        left.set_zorder(counts.get_zorder() + 1)
        left.patch.set_visible(False)
        for name, (label, role) in LOSSES.items():
            gradient = logit_gradient(OBJECTIVES[name], grid)
            left.plot(grid, gradient, color=COLOURS[role], label=label, linewidth=1.6)
        left.set(
            xlabel="logit a of D on a fake, D(G(z)) = σ(a)", ylabel="gradient of G's loss in a"
        )
        left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        names = [LOSSES[name][0].partition(":")[0] for name in norms]
        bars = right.bar(names, list(norms.values()),
                         color=[COLOURS[LOSSES[name][1]] for name in norms], width=0.6)  # fmt: skip
        right.bar_label(bars, [f"{value:.3g}" for value in norms.values()], fontsize=8, padding=2)
        right.set_ylabel("norm of G's gradient, all weights")
        right.margins(y=0.15)
        right.grid(axis="x", visible=False)
        figure.supxlabel(
            f"{caption(run.config, run.step)}; {FAKES} fakes, raw weights", fontsize=7.5
        )
        return save_figure(figure, path)


def logit_gradient(loss: GanLoss, logits: Tensor) -> Tensor:
    """Return the gradient of a loss's generator in each logit [N], as autograd takes it."""
    logits = logits.detach().clone().requires_grad_(True)
    (loss.generator(None, logits) * len(logits)).backward()
    assert logits.grad is not None
    return logits.grad


def measured_gradients(run: TrainedRun) -> tuple[Tensor, dict[str, float]]:
    """Return D's logits on a run's fakes [N], and the norm of G's gradient under each loss.

    As in a step of training: batch norm, where there is any, sees the fakes alone.
    """
    generator = copy.deepcopy(run.raw_generator).requires_grad_(True).train()
    discriminator = copy.deepcopy(run.discriminator).train()
    latents, labels, pack = run.latents(FAKES), run.labels(FAKES), run.config.pack
    fake = call(generator, latents, labels)
    some_labels = None if labels is None else labels[: FAKES // pack]
    logits = call(discriminator, packed(fake, pack), some_labels)
    norms = {}
    for name, loss in OBJECTIVES.items():
        value = loss.generator(None, logits)
        gradients = torch.autograd.grad(value, list(generator.parameters()), retain_graph=True)
        norms[name] = float(torch.cat([gradient.flatten() for gradient in gradients]).norm())
    return logits.detach(), norms
