"""The training loop."""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gan_lab.common.errors import Interrupted
from gan_lab.common.signals import Stop
from gan_lab.config.length import Schedule
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.figures.points import scatter
from gan_lab.figures.tiles import grid, save_png
from gan_lab.runs.checkpoints import ProgressNumbers
from gan_lab.runs.directory import Run
from gan_lab.tracking import Tracker
from gan_lab.training.display.progress import progress_display
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

    def numbers(self) -> ProgressNumbers:
        """Return what a checkpoint keeps: `Progress(**numbers)` is the same."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "best_step": self.best_step,
            "best_score": self.best_score,
        }


@dataclass(frozen=True)
class Hooks:
    """What a training tells and asks: trackers, the score of a generator, the monitor, signals."""

    trackers: Sequence[Tracker]
    score: Callable[[nn.Module, int], dict[str, float]]
    monitor: Monitor
    stop: Stop


def train(
    state: TrainingState, schedule: Schedule, run: Run, progress: Progress, hooks: Hooks
) -> None:
    """Train from `progress.step` to `schedule.steps`.

    Raises Diverged (the last good checkpoint is kept), Collapsed and Interrupted (after saving).
    """
    monitor, stop = hooks.monitor, hooks.stop
    display = progress_display(progress.step, schedule.steps, run, state.batches.dataset)
    line: dict[str, float] = {}
    began = time.monotonic() - progress.seconds
    if progress.step == 0 and 0 in schedule.drawn:  # what it begins with; no tracker is told
        draw_samples(state, run, 0)
    try:
        while progress.step < schedule.steps:
            scalars = take_step(state, progress.step)
            progress.step += 1
            step, last = progress.step, progress.step == schedule.steps
            update_average(state.average, state.generator, state.ema_decay, step)

            progress.seconds = time.monotonic() - began
            scores = hooks.score(state.average, step) if step in schedule.scored else {}
            if step in schedule.logged or scores or last:
                line = monitor.watch(read_line(state, progress, scalars, scores))
                for tracker in hooks.trackers:
                    tracker.log(line)
            if step in schedule.drawn or last:
                path = draw_samples(state, run, step)
                for tracker in hooks.trackers:
                    tracker.image(step, "samples", path, f"{grid_words(state)}, step {step:,}")
            planned = step in schedule.saved or last
            if planned or stop.number or monitor.stops:
                # An undisturbed run keeps nothing here, so this step cannot be its best one.
                save(state, schedule, run, progress, scores if planned else {})
            display.update(step, line)
            if stop.number:
                raise Interrupted(stop.number)
            if monitor.stops and not last:
                raise Collapsed(str(monitor.verdict))
    finally:
        display.close()


def read_line(
    state: TrainingState,
    progress: Progress,
    scalars: Mapping[str, Tensor],
    scores: Mapping[str, float],
) -> dict[str, float]:
    """Read the scalars of a step into a line of metrics.jsonl. Raises Diverged."""
    values = {name: float(value) for name, value in scalars.items()}
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong or not state.is_finite():
        raise Diverged(f"{wrong[0] if wrong else 'a weight'} is not finite")
    batches = state.batches
    return {
        "step": progress.step,
        "images": progress.step * batches.discriminator_steps * batches.batch_size,
        "seconds": round(progress.seconds, 3),
        **values,
        **scores,
    }


def save(
    state: TrainingState,
    schedule: Schedule,
    run: Run,
    progress: Progress,
    scores: Mapping[str, float],
) -> None:
    """Write a checkpoint, unless the weights are no numbers any more (raises Diverged)."""
    if not state.is_finite():
        raise Diverged("a weight is not finite")
    score = scores.get(f"score/{schedule.best_by}", math.inf)
    if score < progress.best_score:
        progress.best_step, progress.best_score = progress.step, score
    checkpoint = state.checkpoint(progress.numbers())
    run.save_checkpoint(progress.step, checkpoint, schedule.saved, progress.best_step)
    run.set_status("running", progress.step)


def draw_samples(state: TrainingState, run: Run, step: int) -> Path:
    """Draw `sample_grid` into the run's samples of a step, and return the picture's path."""
    return run.save_sample(step, lambda path: save_png(sample_grid(state), path))


def sample_grid(state: TrainingState) -> np.ndarray:
    """Draw the first images of the seed with the raw generator; labelled: a row for each class.

    Points are scattered over as many real ones.
    """
    seed, latent_dim = state.batches.seed, state.batches.latent_dim
    data = state.batches.dataset
    if isinstance(data, PointDataset):
        latents = sample_latents(seed, SCATTER_POINTS, latent_dim)
        labels = (
            torch.arange(SCATTER_POINTS) % len(data.classes) if state.batches.labelled else None
        )
        fake = generate(state.generator, latents, labels)
        return scatter(data.images[:SCATTER_POINTS].cpu(), fake)
    if not state.batches.labelled:
        return grid(generate(state.generator, sample_latents(seed, GRID_IMAGES, latent_dim)))
    classes = drawn_classes(data)
    latents = sample_latents(seed, GRID_COLUMNS, latent_dim).repeat(len(classes), 1)
    labels = classes.repeat_interleave(GRID_COLUMNS)
    return grid(generate(state.generator, latents, labels), GRID_COLUMNS)


def grid_words(state: TrainingState) -> str:
    """Say what `sample_grid` draws."""
    data = state.batches.dataset
    if isinstance(data, PointDataset):
        return f"raw generator, first {SCATTER_POINTS:,} latents of the seed, over real points"
    if not state.batches.labelled:
        return f"raw generator, first {GRID_IMAGES} latents of the seed"
    names = ", ".join(data.classes[label] for label in drawn_classes(data).tolist())
    return f"raw generator, first {GRID_COLUMNS} latents of the seed for each class: {names}"


def drawn_classes(data: ImageDataset) -> Tensor:
    """Return the first classes that are trained on: of one without images nothing is learned."""
    assert data.labels is not None, "only data with labels makes a labelled run"
    classes: Tensor = data.labels.unique()
    return classes[:GRID_CLASSES].cpu()


def seconds_per_step(state: TrainingState) -> float:
    """Measure a step on copies, which leaves the run as it is: 1 to 10 steps, about a second."""
    # The batches change nothing, and a dataset that is mapped must not be copied into memory.
    trial = copy.deepcopy(state, {id(state.batches): state.batches})
    take_step(trial, 0)  # the first one warms up
    began, count = time.monotonic(), 0
    while count < 10 and time.monotonic() - began < 1.0:
        count += 1
        for value in take_step(trial, 0).values():
            float(value)  # waits for the device
    return (time.monotonic() - began) / count
