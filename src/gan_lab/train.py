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
from gan_lab.ema import update_average
from gan_lab.figures.points import scatter
from gan_lab.figures.tiles import grid, save_png
from gan_lab.losses import Critic
from gan_lab.models import call
from gan_lab.monitor import Monitor
from gan_lab.parts import Parts
from gan_lab.position import torch_seed
from gan_lab.runs.directory import Run
from gan_lab.sampling import generate, sample_latents
from gan_lab.steps import bind, discriminator_step, generator_step, in_bf16, packed
from gan_lab.tracking import Tracker

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
    parts: Parts,
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


def take_step(parts: Parts, step: int) -> dict[str, Tensor]:
    """Update both players once and return scalars to log, unread: reading waits for the device."""
    loss, inputs = parts.loss, parts.inputs
    scalars: dict[str, Tensor] = {}
    torch.manual_seed(torch_seed(inputs.seed, "layers", step))  # for networks that draw: dropout
    parts.decay_learning_rates(step)
    real = fake = None
    for turn in range(loss.discriminator_steps):
        # The generator learns through the fakes of the last turn; the others need no graph.
        reused = loss.generator_steps > 0 and turn == loss.discriminator_steps - 1
        fake, critic = fakes_and_critic(parts, step, turn, with_graph=reused)
        real = packed(inputs.real(step, turn), inputs.pack)
        scalars |= discriminator_step(
            parts.discriminator,
            parts.optimizer_d,
            loss,
            critic,
            real,
            fake,
            inputs.penalty_noise(step, turn, loss),
            parts.gradient_clip,
            parts.precision,
        )
    for turn in range(loss.generator_steps):
        if turn > 0 or fake is None:
            fresh = loss.discriminator_steps + turn
            fake, critic = fakes_and_critic(parts, step, fresh, with_graph=True)
            real = packed(inputs.real(step, fresh), inputs.pack) if loss.relativistic else None
        scalars |= generator_step(
            parts.generator,
            parts.discriminator,
            parts.optimizer_g,
            loss,
            critic,
            real if loss.relativistic else None,
            fake,
            parts.gradient_clip,
            parts.precision,
        )
    return scalars


def fakes_and_critic(parts: Parts, step: int, turn: int, with_graph: bool) -> tuple[Tensor, Critic]:
    """Return the generated images of a turn, as D sees them, and the critic that judges them.

    `with_graph`: whether they carry gradients to the generator.
    """
    inputs = parts.inputs
    labels = inputs.labels(step, turn)
    make = in_bf16(call, inputs.device) if parts.precision == "bf16" else call
    with torch.set_grad_enabled(with_graph):
        fake = make(parts.generator, inputs.latents(step, turn), labels)
    noise, augment = inputs.critic_noise(step, turn), inputs.critic_augment(step, turn)
    critic = bind(parts.discriminator, labels, noise, augment)
    return packed(fake, inputs.pack), critic


def due(step: int, every: int) -> bool:
    """Whether something done every `every` steps (0: never) is done after this one."""
    return every > 0 and step % every == 0


def read_line(
    parts: Parts, progress: Progress, scalars: Mapping[str, Tensor], scores: Mapping[str, float]
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
    parts: Parts, schedule: Schedule, run: Run, progress: Progress, scores: Mapping[str, float]
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


def sample_grid(parts: Parts) -> np.ndarray:
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


def grid_words(parts: Parts) -> str:
    """Say what `sample_grid` draws."""
    data = parts.inputs.dataset
    if isinstance(data, PointDataset):
        return f"raw generator, first {SCATTER_POINTS:,} latents of the seed, over real points"
    if not parts.inputs.labelled:
        return f"raw generator, first {GRID_IMAGES} latents of the seed"
    rows = min(len(data.classes), GRID_CLASSES)
    return f"raw generator, first {GRID_COLUMNS} latents of the seed for each of {rows} classes"


def seconds_per_step(parts: Parts) -> float:
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
