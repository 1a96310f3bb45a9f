"""Repeat the first steps of a run and compare: the check that its numbers can be had again."""

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gan_lab.common.console import say
from gan_lab.common.errors import RunError
from gan_lab.common.signals import catch_signals
from gan_lab.config.identity import code_hashes
from gan_lab.config.own.code import changed_sources
from gan_lab.config.run_config import RunConfig
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.runs.checkpoints import read_checkpoint
from gan_lab.runs.directory import Run
from gan_lab.runs.initial import InitialWeights
from gan_lab.tracking import JsonLines
from gan_lab.training import build
from gan_lab.training.loop import Hooks, Progress, train
from gan_lab.training.monitor import RULE, Monitor
from gan_lab.training.state import TrainingState
from gan_lab.training.trained import Places, open_run
from gan_lab.training.weights import Misfit

TOLERANCE = 0.01  # relative, of metrics on a device that does not repeat its bits
MISSING = object()
FASTEST = 100  # steps that are repeated, unless the run's first line comes later


def verify(run: Run, steps: int | None, places: Places, trusted: bool) -> list[str]:
    """Repeat a run's first steps in a scratch directory and return the differences, a line each.

    Metrics are compared wherever both have a line, and tensors wherever both have a checkpoint:
    bit for bit, on CUDA (without deterministic=true) metrics within 1 %.
    Raises RunError if there is nothing to compare.
    """
    config = open_run(run.directory, trusted=trusted, places=places).config
    config = config.with_runtime(threads=_threads(run) or config.runtime.threads)
    _say_other_code(run, config)
    lines = [int(line["step"]) for line in run.metrics()]
    if not lines:
        raise RunError(f"{run.directory} has no metrics to compare with; train it first.")
    steps = steps or max(lines[0], min(FASTEST, lines[-1]))
    if steps < lines[0]:
        raise RunError(f"the first line of metrics is that of step {lines[0]}: use --steps of it.")
    with tempfile.TemporaryDirectory(prefix="gan-lab-verify-") as scratch:
        repeated = Run(Path(scratch))
        device = _repeat(config, repeated, steps, _initial(run, config))
        exact = device.type == "cpu" or config.runtime.deterministic
        return [*_unlike_metrics(run, repeated, exact), *_unlike_tensors(run, repeated, exact)]


def _initial(run: Run, config: RunConfig) -> InitialWeights | None:
    """Return what a run has begun with, if that is another's. Raises RunError if it is lost."""
    if config.initial is None:
        return None
    initial = run.initial(config.initial.content)
    if initial is None:
        raise RunError(
            f"{run.initial_path}, which the run begins with, is gone or damaged: its first steps "
            "cannot be repeated."
        )
    return initial


def _repeat(
    config: RunConfig, run: Run, steps: int, initial: InitialWeights | None
) -> torch.device:
    prepared = build.prepare(config)
    state, schedule = prepared.state, replace(prepared.schedule, steps=steps)
    if initial is not None:
        _begin_with(initial, state, run)
    evaluator = RunEvaluator(prepared.config, run, prepared.device)
    monitor = Monitor(
        state.batches.dataset, [], say=lambda text: None, errors=evaluator.judge_errors
    )
    run.take()
    lines = JsonLines(run.metrics_path)

    def score(generator: nn.Module, step: int) -> dict[str, float]:
        return evaluator.during_training(generator, step, monitor.look)

    try:
        with catch_signals() as stop:
            hooks = Hooks([lines], score, monitor, stop)
            train(state, schedule, run, Progress(), hooks)
    finally:
        lines.close(0)
        run.release()
    return prepared.device


def _begin_with(initial: InitialWeights, state: TrainingState, run: Run) -> None:
    try:
        state.load(initial)
    except Misfit as error:
        raise RunError(f"{run.initial_path} is of other networks: {error}.") from error


def _threads(run: Run) -> int | None:
    """Return the threads that the run began with, and say so if they changed on the way."""
    starts = run.environment()
    threads = [start.threads for start in starts if start.threads]
    if len(set(threads)) > 1:
        say(f"the run went on with other threads ({', '.join(map(str, threads))}); bits may differ")
    before = starts[0].versions.get("torch") if starts else None
    if before and before != version("torch"):
        say(f"the run was made by torch {before}, this is {version('torch')}; bits may differ")
    return threads[0] if threads else None


def _say_other_code(run: Run, config: RunConfig) -> None:
    """Say whether own code is another than that which the run began with."""
    starts = run.environment()
    changed = changed_sources(starts[0].code, code_hashes(config)) if starts else ""
    if changed and starts[0].code:
        say(f"{changed} since the run began: what is repeated is the code of today")


def _unlike_metrics(run: Run, repeated: Run, exact: bool) -> Iterator[str]:
    starts = run.environment()
    other_rule = bool(starts) and starts[0].monitor_rule != RULE
    if other_rule:
        say(f"the monitor judged by rule {starts[0].monitor_rule}, not {RULE}: it is left out")
    ours = {line["step"]: line for line in run.metrics()}
    compared = [line for line in repeated.metrics() if line["step"] in ours]
    if not compared:
        yield f"no line of {run.metrics_path} is of a step that was repeated"
        return
    for line in compared:
        before = ours[line["step"]]
        for key in sorted((line.keys() & before.keys()) - {"seconds"}):
            if other_rule and key.startswith("monitor/"):
                continue
            if not _same(before[key], line[key], exact):
                yield f"step {line['step']}: {key} was {before[key]!r} and is {line[key]!r} now"
    say(f"compared  metrics of {len(compared)} lines up to step {compared[-1]['step']}")


def _same(before: float, now: float, exact: bool) -> bool:
    return before == now if exact else math.isclose(before, now, rel_tol=TOLERANCE, abs_tol=1e-3)


def _unlike_tensors(run: Run, repeated: Run, exact: bool) -> Iterator[str]:
    common = sorted(set(run.checkpoint_steps()) & set(repeated.checkpoint_steps()))
    if not common or not exact:
        say("compared  no tensors: " + ("bits do not repeat here" if common else _why_none(run)))
        return
    for step in common:
        before, now = (read_checkpoint(one.checkpoint_path(step)) for one in (run, repeated))
        if before is None or now is None:
            yield f"step {step}: its checkpoint cannot be read"
            continue
        ours, theirs = dict(_leaves(before)), dict(_leaves(now))
        for name in ours.keys() | theirs.keys():
            if not _equal(ours.get(name, MISSING), theirs.get(name, MISSING)):
                yield f"step {step}: {name} of the checkpoint differs"
        say(f"compared  {len(ours)} tensors and numbers of the checkpoint at step {step}")


def _why_none(run: Run) -> str:
    steps = ", ".join(map(str, run.checkpoint_steps())) or "no step"
    return f"the run has checkpoints of {steps} (--steps of one of them compares it)"


def _leaves(state: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield name and value of every tensor and number in a checkpoint, but for its seconds."""
    if isinstance(state, Mapping):
        for key, value in state.items():
            if key != "seconds":
                yield from _leaves(value, f"{name}.{key}".lstrip("."))
    elif isinstance(state, list | tuple):
        for index, value in enumerate(state):
            yield from _leaves(value, f"{name}[{index}]")
    else:
        yield name, state


def _equal(before: Any, now: Any) -> bool:
    if isinstance(before, torch.Tensor) and isinstance(now, torch.Tensor):
        return before.dtype == now.dtype and torch.equal(before, now)
    return before is not MISSING and before == now
