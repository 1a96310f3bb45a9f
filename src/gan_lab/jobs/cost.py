"""What a run costs on this machine, from a few of its steps and samples."""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_lab.analysis.modes import averaged_census
from gan_lab.config.length import Schedule, Steps
from gan_lab.config.run_config import RunConfig
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.evaluation.scores import value_named
from gan_lab.figures.curves import draw_curves
from gan_lab.figures.tiles import save_png
from gan_lab.runs.directory import Run
from gan_lab.training import build
from gan_lab.training.ema import update_average
from gan_lab.training.loop import Progress, read_line, sample_grid, seconds_per_step
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step

STEPPING = 3.0  # seconds of steps to measure
SCORED = 1000  # images to measure a score with
KEPT = 2  # checkpoints that a run keeps: the last two, and the best if it is scored on the way


@dataclass(frozen=True)
class Cost:
    """Seconds and bytes of the parts of a run."""

    schedule: Schedule
    start: float  # from the fork to the first step
    step: float
    line: float  # of metrics.jsonl
    image: float  # a sample of either generator, in the scores that follow training
    image_during: float  # one in the scores on the way
    image_sorted: float  # one in the census of the averaged generator
    readying: float  # of extractors and real sides, which are cached
    grid: float
    checkpoint: float
    curves: float
    samples: int  # images scored at the end
    samples_during: int
    line_bytes: int
    grid_bytes: int
    checkpoint_bytes: int

    def seconds(self, done: int) -> float:
        """Return how long a run will take that has `done` of its steps behind it."""
        schedule = self.schedule
        each = (schedule.logged, schedule.drawn, schedule.scored, schedule.saved)
        lines, grids, scores, checkpoints = (steps.count(done, schedule.steps) for steps in each)
        return (
            self.start
            + max(0, self.schedule.steps - done) * self.step
            + lines * self.line
            + (grids + 1) * self.grid
            + (checkpoints + 1) * self.checkpoint
            + self.readying
            + scores * self.samples_during * self.image_during
            + self.samples * (2 * self.image + self.image_sorted)
            + self.curves
        )

    def bytes(self, done: int) -> int:
        """Return how much more disk a run will take, at most, that has `done` steps."""
        schedule = self.schedule
        lines = schedule.logged.count(done, schedule.steps) + 1
        grids = schedule.drawn.count(done, schedule.steps) + 2  # latest.png is a copy
        kept = KEPT + bool(schedule.scored.count(0, schedule.steps))
        due = schedule.saved.count(done, schedule.steps) + 1
        return (
            lines * self.line_bytes
            + grids * self.grid_bytes
            + (min(kept, due) if not done else 1) * self.checkpoint_bytes
        )


def measure(config: RunConfig) -> Cost:
    """Measure the run that a config describes, in a scratch directory that is removed.

    Raises what building it raises.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gan-lab-plan-") as scratch:
        prepared = build.prepare(config)
        config, state = prepared.config, prepared.state
        seconds_per_step(state)  # which a run does as well, to say how long it will take
        start = time.monotonic() - began
        run = Run(Path(scratch))
        run.take()
        step, line_bytes, line, metrics = _steps(state)
        path, grid = _timed(
            lambda: run.save_sample(1, lambda path: save_png(sample_grid(state), path))
        )
        tensors = state.checkpoint(Progress().numbers())
        _, checkpoint = _timed(lambda: run.save_checkpoint(1, tensors, Steps(1), 1))
        best_by, output = config.dataset.selection, state.loss.output
        words = value_named(best_by).title
        _, curves = _timed(lambda: draw_curves(metrics, run.curves_path, output, best_by, words))
        readying, image, image_during, image_sorted = _score(config, run, state, prepared.device)
        evaluation = config.runtime.evaluation
        cost = Cost(
            schedule=prepared.schedule,
            start=start,
            step=step,
            line=line,
            image=image,
            image_during=image_during,
            image_sorted=image_sorted,
            readying=readying,
            grid=grid,
            checkpoint=checkpoint,
            curves=curves,
            samples=evaluation.samples,
            samples_during=evaluation.samples_during,
            line_bytes=line_bytes,
            grid_bytes=path.stat().st_size,
            checkpoint_bytes=run.checkpoint_path(1).stat().st_size,
        )
        run.release()
        return cost


def _steps(state: TrainingState) -> tuple[float, int, float, list[dict[str, float]]]:
    """Return seconds a step, and bytes and seconds of a line of metrics."""
    scalars = take_step(state, 0)  # the first one warms up
    began, count = time.monotonic(), 0
    while count < 3 or time.monotonic() - began < STEPPING:
        count += 1
        scalars = take_step(state, count)
        update_average(state.average, state.generator, state.ema_decay, count)
    values = {name: float(value) for name, value in scalars.items()}  # waits for the device
    step = (time.monotonic() - began) / count
    if not state.is_finite() or not all(map(math.isfinite, values.values())):
        return step, 300, 0.0, []  # it will diverge; the plan need not fail
    line, seconds = _timed(lambda: read_line(state, Progress(count), scalars, {}))
    return step, len(str(line)) + 1, seconds, [line]


def _score(
    config: RunConfig, run: Run, state: TrainingState, device: torch.device
) -> tuple[float, float, float, float]:
    """Return the seconds that a ready cache takes to load, and those of an image: scored after
    training, for one generator, scored on the way, and sorted by class."""

    def score(evaluator: RunEvaluator) -> tuple[float, float]:
        names, samples = evaluator.available(), evaluator.samples_of(state.average)
        _, scored = _timed(lambda: evaluator.score(samples, "ema", 1, SCORED, names))
        return scored, _timed(lambda: averaged_census(evaluator, samples, 1, SCORED))[1]

    config = config.with_evaluation(samples_during=SCORED)
    score(RunEvaluator(config, run, device))  # fills the cache, if this is the first time
    warm = RunEvaluator(config, run, device)
    first, (final, sorted_) = sum(score(warm)), score(warm)
    _, during = _timed(lambda: warm.during_training(state.average, 1))
    load = max(0.0, first - final - sorted_)
    return load, final / SCORED, during / SCORED, sorted_ / SCORED


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    began = time.monotonic()
    result = call()
    return result, time.monotonic() - began
