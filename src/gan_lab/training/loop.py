"""The training loop."""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gan_lab.common.console import progress_display
from gan_lab.common.errors import Interrupted
from gan_lab.common.signals import Stop
from gan_lab.config.schedule import Schedule
from gan_lab.data import PointDataset
from gan_lab.figures.points import scatter
from gan_lab.figures.tiles import grid, save_png
from gan_lab.runs.directory import Run
from gan_lab.tracking import Tracker
from gan_lab.training.ema import update_average
from gan_lab.training.monitor import Monitor
from gan_lab.training.sampling import generate, sample_latents
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import (
    take_step,
)

GRID_IMAGES = 64
GRID_COLUMNS = 8
GRID_CLASSES = 10
SCATTER_POINTS = 2500


class Diverged(Exception):
    """A loss or a weight is no finite number."""


class Collapsed(Exception):
    """The monitor's verdict was bad twice in a row, and it was asked to stop then."""


@dataclass
class Progress:
    """Where a run is, beside its tensors: all of it is in the checkpoint."""

    step: int = 0
    seconds: float = 0.0
    best_step: int = -1
    best_score: float = math.inf


def train(
    parts: TrainingState,
    schedule: Schedule,
    run: Run,
    progress: Progress,
    trackers: Sequence[Tracker],
    score: Callable[[nn.Module, int], dict[str, float]],
    monitor: Monitor,
    stop: Stop,
) -> None:
    """Train from `progress.step` to `schedule.steps`.

    Raises Diverged (the last good checkpoint is kept), Collapsed and Interrupted (after saving).
    """
    display = progress_display(progress.step, schedule.steps)
    line: dict[str, float] = {}
    began = time.monotonic() - progress.seconds
    try:
        while progress.step < schedule.steps:
            scalars = take_step(parts, progress.step)
            progress.step += 1
            step, last = progress.step, progress.step == schedule.steps
            update_average(parts.average, parts.generator, parts.ema_decay, step)

            progress.seconds = time.monotonic() - began
            scores = score(parts.average, step) if due(step, schedule.score_every) else {}
            if due(step, schedule.log_every) or scores or last:
                line = monitor.watch(read_line(parts, progress, scalars, scores))
                for tracker in trackers:
                    tracker.log(line)
            if due(step, schedule.sample_every) or last:
                path = run.save_sample(step, lambda path: save_png(sample_grid(parts), path))
                for tracker in trackers:
                    tracker.image(step, "samples", path, f"{grid_words(parts)}, step {step:,}")
            if due(step, schedule.checkpoint_every) or last or stop.number or monitor.stops:
                save(parts, schedule, run, progress, scores)
            display.update(step, line)
            if stop.number:
                raise Interrupted(stop.number)
            if monitor.stops and not last:
                raise Collapsed(str(monitor.verdict))
    finally:
        display.close()


def due(step: int, every: int) -> bool:
    """Whether something done every `every` steps (0: never) is done after this one."""
    return every > 0 and step % every == 0


def read_line(
    parts: TrainingState,
    progress: Progress,
    scalars: Mapping[str, Tensor],
    scores: Mapping[str, float],
) -> dict[str, float]:
    """Read the scalars of a step into a line of metrics.jsonl. Raises Diverged."""
    values = {name: float(value) for name, value in scalars.items()}
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong or not parts.is_finite():
        raise Diverged(f"{wrong[0] if wrong else 'a weight'} is not finite")
    inputs = parts.inputs
    return {
        "step": progress.step,
        "images": progress.step * inputs.discriminator_steps * inputs.batch_size,
        "seconds": round(progress.seconds, 3),
        **values,
        **scores,
    }


def save(
    parts: TrainingState,
    schedule: Schedule,
    run: Run,
    progress: Progress,
    scores: Mapping[str, float],
) -> None:
    """Write a checkpoint, unless the weights are no numbers any more (raises Diverged)."""
    if not parts.is_finite():
        raise Diverged("a weight is not finite")
    score = scores.get(f"score/{schedule.best_by}", math.inf)
    if score < progress.best_score:
        progress.best_step, progress.best_score = progress.step, score
    state = {"progress": vars(progress).copy(), **parts.state()}
    run.save_checkpoint(progress.step, state, schedule.checkpoint_every, progress.best_step)
    run.set_status("running", progress.step)


def sample_grid(parts: TrainingState) -> np.ndarray:
    """Draw the first images of the seed with the raw generator; labelled: a row for each class.

    Points are scattered over as many real ones.
    """
    seed, latent_dim = parts.inputs.seed, parts.inputs.latent_dim
    data = parts.inputs.dataset
    if isinstance(data, PointDataset):
        latents = sample_latents(seed, SCATTER_POINTS, latent_dim)
        labels = torch.arange(SCATTER_POINTS) % len(data.classes) if parts.inputs.labelled else None
        fake = generate(parts.generator, latents, labels)
        return scatter(data.images[:SCATTER_POINTS].cpu(), fake)
    if not parts.inputs.labelled:
        return grid(generate(parts.generator, sample_latents(seed, GRID_IMAGES, latent_dim)))
    rows = min(len(data.classes), GRID_CLASSES)
    latents = sample_latents(seed, GRID_COLUMNS, latent_dim).repeat(rows, 1)
    labels = torch.arange(rows).repeat_interleave(GRID_COLUMNS)
    return grid(generate(parts.generator, latents, labels), GRID_COLUMNS)


def grid_words(parts: TrainingState) -> str:
    """Say what `sample_grid` draws."""
    data = parts.inputs.dataset
    if isinstance(data, PointDataset):
        return f"raw generator, first {SCATTER_POINTS:,} latents of the seed, over real points"
    if not parts.inputs.labelled:
        return f"raw generator, first {GRID_IMAGES} latents of the seed"
    rows = min(len(data.classes), GRID_CLASSES)
    return f"raw generator, first {GRID_COLUMNS} latents of the seed for each of {rows} classes"


def seconds_per_step(parts: TrainingState) -> float:
    """Measure a step on copies, which leaves the run as it is: 1 to 10 steps, about a second."""
    # The inputs change nothing, and a dataset that is mapped must not be copied into memory.
    trial = copy.deepcopy(parts, {id(parts.inputs): parts.inputs})
    take_step(trial, 0)  # the first one warms up
    began, count = time.monotonic(), 0
    while count < 10 and time.monotonic() - began < 1.0:
        count += 1
        for value in take_step(trial, 0).values():
            float(value)  # waits for the device
    return (time.monotonic() - began) / count
