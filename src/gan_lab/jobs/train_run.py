"""One run from beginning to end: take its directory, resume, train, score, write how it ended."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import torch
from torch import nn

from gan_lab.analysis.interpolation import places
from gan_lab.analysis.latents import strips
from gan_lab.analysis.modes import averaged_census
from gan_lab.analysis.summary import summarise
from gan_lab.analysis.summary_figures import draw_early_and_late, draw_real_and_generated
from gan_lab.common.console import counted, duration, say
from gan_lab.common.errors import (
    Interrupted,
    RunError,
    UsageError,
    advice,
    is_out_of_memory,
)
from gan_lab.common.signals import catch_signals, hung_up
from gan_lab.config.checks import is_minimax
from gan_lab.config.identity import code_hashes, run_directory
from gan_lab.config.length import Schedule, make_schedule
from gan_lab.config.overrides import MINIMAX_NOTE
from gan_lab.config.own.code import changed_sources, place_in_own_code
from gan_lab.config.run_config import RunConfig
from gan_lab.data import PointDataset, folder_size, human_size
from gan_lab.evaluation.evaluator import Samples
from gan_lab.evaluation.run_evaluator import RunEvaluator, score_both
from gan_lab.evaluation.scores import value_named, with_scores_of
from gan_lab.figures.curves import draw_curves
from gan_lab.figures.tiles import grid, save_png
from gan_lab.jobs.initial import misfit
from gan_lab.models import parameter_count
from gan_lab.runs.checkpoints import Checkpoint
from gan_lab.runs.damage import damage
from gan_lab.runs.directory import COLLAPSED, MONITOR, Run
from gan_lab.runs.environment import environment
from gan_lab.runs.initial import InitialWeights
from gan_lab.runs.lines import Gap, ScoreLine, Start, Status
from gan_lab.runs.resume import cut_after
from gan_lab.tracking import JsonLines, Tracker
from gan_lab.tracking.base import open_tracker
from gan_lab.training import build
from gan_lab.training.build import Prepared
from gan_lab.training.loop import Collapsed, Diverged, Hooks, Progress, seconds_per_step, train
from gan_lab.training.monitor import D_WON, RULE, Monitor
from gan_lab.training.sampling import sample_labels, sample_latents
from gan_lab.training.state import TrainingState
from gan_lab.training.weights import Misfit

STRIPS, STRIP_IMAGES = 5, 10  # of the interpolation that every run ends with


def train_run(
    config: RunConfig,
    command: str,
    restart: bool = False,
    initial: InitialWeights | None = None,
) -> Run:
    """Train the run that a config describes: from its start, from its last checkpoint, or not at
    all if it has the steps asked for. Then score it.

    `initial` is what it begins with if that was taken from another run and its own copy is gone.
    Raises UsageError, RunError and Interrupted, each after writing the run's state.
    """
    run = Run(run_directory(config))
    run.refuse_links()
    if not restart and is_complete(run, config):
        say(
            f"{run.directory} has finished its {run.status().step} steps; steps=N goes on, "
            "restart=true begins anew."
        )
        _say_damage(run)
        return run
    prepared = build.prepare(config)
    if initial is not None:
        _begin_with(initial, prepared.state, config)
    run.take()
    progress = Progress()
    try:
        begun = _has_begun(initial, run, prepared.state, config)
        if restart:
            if not begun:
                raise _lost(run, config)
            run.clear()
        else:
            if run.config_path.exists() or run.status_path.exists():  # it goes on
                _say_damage(run)
                _mend_config(run, prepared.config)
            if is_complete(run, prepared.config):  # another process has finished it meanwhile
                return run
        run.error_path.unlink(missing_ok=True)  # of an earlier start
        progress = resume(run, prepared.state, prepared.schedule)
        if not begun and progress.step == 0:
            raise _lost(run, config)
        run.write_config(prepared.config)
        code = code_hashes(prepared.config)
        earlier = run.add_environment(
            {
                **environment(prepared.device, command),
                **({"code": code} if code else {}),
                "log_every": prepared.schedule.logged.every,
                "monitor_rule": RULE,
            }
        )
        _warn_of_other_threads(earlier)
        if earlier and earlier[-1].code and (changed := changed_sources(earlier[-1].code, code)):
            say(f"{changed} since this run's last start: it goes on with the code of today")
        run.set_status("running", progress.step)
        _train_and_score(prepared, run, progress)
        # Before the state: a run that is finished has all its files, whenever it is killed.
        status = Status("finished", progress.step, "")
        _say_each(write_summary(run, prepared.config, command, status))
        run.set_status("finished", progress.step)
        return run
    except BaseException as error:
        raised = _write_end(run, progress, error)
        with suppress(OSError, RunError):  # a full disk: the words of before stay
            sentences = write_summary(run, prepared.config, command)
            if isinstance(error, Diverged | Collapsed):
                _say_each(sentences)
        raise raised from error
    finally:
        run.release()


def _begin_with(initial: InitialWeights, state: TrainingState, config: RunConfig) -> None:
    try:
        state.load(initial)
    except Misfit as error:
        raise misfit(config, error) from error


def _has_begun(
    given: InitialWeights | None, run: Run, state: TrainingState, config: RunConfig
) -> bool:
    """Keep what a run begins with in its directory, or else begin with what is there.

    Return False if it is neither given nor there: then only a checkpoint can be gone on from.
    """
    if config.initial is None:
        return True
    kept = run.initial(config.initial.content)
    if given is not None:
        if kept is None:
            run.write_initial(given)
    elif kept is not None:
        _begin_with(kept, state, config)
    return given is not None or kept is not None


def _lost(run: Run, config: RunConfig) -> RunError:
    words = config.initial.words if config.initial else ""
    return RunError(
        f"{run.initial_path} is gone or damaged, and so is {words}, which it was taken from: put "
        "one of them back."
    )


def _say_damage(run: Run) -> None:
    for fault in damage(run):
        say(fault)


def _mend_config(run: Run, config: RunConfig) -> None:
    """Write config.yaml anew where it is lost or damaged: the command tells all that was in it."""
    try:
        run.config()
    except RunError:
        say(f"{run.config_path} is written anew")
        run.write_config(config)


def _train_and_score(prepared: Prepared, run: Run, progress: Progress) -> None:
    config, state, schedule = prepared.config, prepared.state, prepared.schedule
    trackers: list[Tracker] = [JsonLines(run.metrics_path)]
    exit_code = 1
    try:
        external = open_tracker(config, run, say)
        if external:
            trackers.append(external)
        per_step = seconds_per_step(state) if progress.step < schedule.steps else 0.0
        announce(prepared, run, progress.step, external, per_step)
        evaluator = RunEvaluator(config, run, prepared.device)
        monitor = Monitor(
            state.batches.dataset,
            run.metrics(),
            say,
            config.runtime.stop_on_collapse,
            remedies(config),
            evaluator.judge_errors,
        )

        def score(generator: nn.Module, step: int) -> dict[str, float]:
            return evaluator.during_training(generator, step, monitor.look)

        with catch_signals() as stop:
            train(state, schedule, run, progress, Hooks(trackers, score, monitor, stop))
        best_by = schedule.best_by
        with with_scores_of([config]):
            words = value_named(best_by).title
        draw_curves(run.metrics(), run.curves_path, state.loss.output, best_by, words)
        show_interpolation(config, run, state, progress.step, trackers)
        show_beside(evaluator, state, progress.step)
        count = config.runtime.evaluation.samples
        raw, averaged = map(evaluator.samples_of, (state.generator, state.average))
        final = score_both(evaluator, raw, averaged, progress.step, count, evaluator.available())
        show_modes(evaluator, averaged, progress.step, count, trackers)
        for tracker in trackers:
            tracker.summarise(summary(final) | monitor.summary())
        exit_code = 0
    except (Interrupted, KeyboardInterrupt) as error:
        exit_code = getattr(error, "exit_code", 130)
        raise
    finally:
        with ExitStack() as closing:  # one that cannot be closed leaves none of the others open
            for tracker in trackers:
                closing.callback(tracker.close, exit_code)


def remedies(config: RunConfig) -> dict[int, str]:
    """Return what the monitor says beside its verdicts on a run, by their numbers."""
    return {D_WON: MINIMAX_NOTE} if is_minimax(config.loss) else {}


def show_interpolation(
    config: RunConfig,
    run: Run,
    state: TrainingState,
    step: int,
    trackers: Sequence[Tracker],
) -> None:
    """Draw the averaged generator between the seed's first five pairs of latents, and stream it."""
    seed, count = config.seed, 2 * STRIPS
    latents = sample_latents(seed, count, config.latent_dim)
    labels = sample_labels(seed, config.class_counts, count) if config.is_conditional else None
    images = strips(state.average, latents, labels, places(STRIP_IMAGES))
    if images.ndim < 5:  # points: nothing to look at
        return
    run.figures.mkdir(exist_ok=True)
    path = run.figures / "interpolation.png"
    save_png(grid(images.flatten(0, 1), STRIP_IMAGES), path)
    words = f"averaged generator (EMA), first {STRIPS} pairs of latents of the seed, step {step:,}"
    for tracker in trackers:
        tracker.image(step, "interpolation", path, words)


def show_beside(evaluator: RunEvaluator, state: TrainingState, step: int) -> None:
    """Draw held-out images beside generated ones, and early samples beside the last."""
    run = evaluator.run
    run.figures.mkdir(exist_ok=True)
    with suppress(RunError, UsageError):  # no held-out images: said where scores are
        real = evaluator.reference.test
        draw_real_and_generated(state, real, step, run.figures / "real_and_generated.png")
    draw_early_and_late(run, run.figures / "early_and_late.png")


def write_summary(
    run: Run, config: RunConfig, command: str, status: Status | None = None
) -> list[str]:
    """Write in words what became of the run, and return the sentences."""
    sentences = summarise(run, config, command, status)
    run.write_summary(sentences)
    return sentences


def _say_each(sentences: Sequence[str]) -> None:
    for number, sentence in enumerate(sentences):
        say(f"{'' if number else 'summary':<10}{sentence}")


def show_modes(
    evaluator: RunEvaluator, averaged: Samples, step: int, count: int, trackers: Sequence[Tracker]
) -> None:
    """Count the classes of samples, if they have any, say what that tells, and stream it."""
    census = averaged_census(evaluator, averaged, step, count)
    if census is not None:
        say(f"modes     {census.conclusion.partition('. ')[0]}")
        for tracker in trackers:
            tracker.census(step, census)


def summary(lines: Sequence[ScoreLine]) -> dict[str, float | str]:
    """Return final scores as `evaluation/<weights>/<score>`."""
    return {f"evaluation/{line.weights}/{line.score}": line.value for line in lines}


def resume(run: Run, state: TrainingState, schedule: Schedule) -> Progress:
    """Load the newest checkpoint into `state` and cut what was written after it.

    One before which lines of metrics are lost gives way to an older one that has them all: then
    they are written again. Where there is none, they stay lost, which `damage` has said.
    """
    fitting = _fitting(run, state)
    newest = checkpoint = next(fitting, None)
    every = schedule.logged.every
    if newest and _lost_lines(run, newest, every):
        checkpoint = next((c for c in fitting if not _lost_lines(run, c, every)), newest)
        state.load(checkpoint)
    progress = Progress(**checkpoint["progress"]) if checkpoint else Progress()
    if checkpoint:
        say(f"going on from step {progress.step} of {run.directory}")
    elif run.checkpoint_steps():
        say(f"starting {run.directory} anew")
    cut_after(run, progress.step)
    if run.checkpoint_steps()[-1:] == [progress.step]:  # a kill may have come before these went
        run.drop_checkpoints(progress.step, schedule.saved, progress.best_step)
    return progress


def _fitting(run: Run, state: TrainingState) -> Iterator[Checkpoint]:
    """Load one checkpoint after the other, from the newest to the oldest, and yield those that fit
    the networks."""
    for checkpoint in run.whole_checkpoints(say):
        try:
            state.load(checkpoint)
            yield checkpoint
        except Misfit as error:
            say(f"{run.checkpoint_path(checkpoint['progress']['step'])} is corrupt: {error}.")


def _lost_lines(run: Run, checkpoint: Checkpoint, log_every: int) -> list[Gap]:
    return run.lost_lines(checkpoint["progress"]["step"], log_every)


def is_complete(run: Run, config: RunConfig) -> bool:
    """Whether nothing is left to do: trained as far as the config asks or further, and scored.

    A run whose config.yaml is damaged, or whose status tells another step than its newest
    checkpoint, is not.
    """
    status = run.status()
    if status.state != "finished" or run.checkpoint_steps()[-1:] not in ([], [status.step]):
        return False
    try:
        return status.step >= make_schedule(config, run.config().image_count).steps
    except RunError:
        return False


def _write_end(run: Run, progress: Progress, error: BaseException) -> BaseException:
    """Write how a run ended, as far as the disk allows, and return what to raise."""
    error = hung_up(error) or error  # a library may have made an error of its own of it
    again = "the same command goes on from there"
    place = place_in_own_code(error)
    at = f" at {place}" if place else ""
    outcome, reason = "failed", f"{type(error).__name__}{at}: {error}"
    raised: BaseException = error
    if isinstance(error, Interrupted | KeyboardInterrupt):
        outcome, reason = "interrupted", f"step {progress.step}"
        say(f"saved at step {progress.step} in {run.directory}; {again}")
    elif isinstance(error, Diverged):
        outcome, reason = "diverged", f"{error} at step {progress.step}"
        raised = RunError(
            f"{run.directory} diverged: {reason}; {_kept(run)}. A lower lr_g or lr_d is the first "
            "thing to try."
        )
    elif isinstance(error, Collapsed):
        outcome, reason = "diverged", f"{COLLAPSED}{error} at step {progress.step}"
        raised = RunError(
            f"{run.directory} has {reason}; it is saved, and stop_on_collapse=false "
            "goes on from there."
        )
    elif isinstance(error, OSError):
        place = f" at {error.filename}" if error.filename else ""
        raised = RunError(
            f"the system refuses{place} ({error.strerror or error}): {advice(error)}, or set "
            f"runs_dir= or cache_dir= to another place; {again}, and {run.directory} keeps what it "
            "has."
        )
    elif is_out_of_memory(error):
        raised = RunError(
            f"{run.directory} needs more memory than there is: half the batch_size takes about "
            "half of it, and a smaller hidden_dim or image_size takes less."
        )
    elif not isinstance(error, UsageError | RunError):
        raised = RunError(f"{reason}; the traceback is in {run.error_path}, and {again}.")
    try:
        if raised is not error:
            run.write_error("".join(traceback.format_exception(error)))
        stopped_by = MONITOR if isinstance(error, Collapsed) else ""
        run.set_status(outcome, progress.step, reason, stopped_by)
    except OSError:
        pass  # a full disk: the status stays `running`, which reads as killed
    return raised


def _kept(run: Run) -> str:
    steps = run.checkpoint_steps()
    return f"the checkpoint of step {steps[-1]} is kept" if steps else "it has no checkpoint yet"


def _warn_of_other_threads(earlier: Sequence[Start]) -> None:
    now = torch.get_num_threads()
    before = earlier[-1].threads if earlier else None
    if before and before != now:
        say(
            f"the run began with {counted(before, 'thread')} and goes on with {now}: the bits may "
            f"differ (threads={before} keeps them)"
        )


def announce(
    prepared: Prepared, run: Run, step: int, tracker: Any, seconds_per_step: float
) -> None:
    """Say what is about to be trained, on what, for how long, and where it goes."""
    config, state, schedule = prepared.config, prepared.state, prepared.schedule
    data = state.batches.dataset
    size = "x".join(str(side) for side in data.shape)
    classes = f", {len(data.classes)} classes" if data.classes else ""
    kind = "points" if isinstance(data, PointDataset) else "images"
    shown = schedule.steps * state.batches.discriminator_steps * state.batches.batch_size
    left = duration((schedule.steps - step) * seconds_per_step)
    say(f"data      {config.choices.dataset}: {len(data):,} {kind} {size}{classes}")
    for heading, text in data.facts.lines() if data.facts else ():
        say(f"{heading:<10}{text}")
    if data.cache:
        here, everything = folder_size(data.cache), folder_size(data.cache.parent)
        say(f"cache     {data.cache} ({human_size(here)}; all of it {human_size(everything)})")
    counts = [parameter_count(player) for player in (state.generator, state.discriminator)]
    model = config.choices.model
    say(f"networks  {model}: G {counts[0]:,} parameters, D {counts[1]:,}")
    say(f"loss      {config.choices.loss}")
    if config.initial:
        say(f"from      {config.initial.words}, whose weights {run.initial_path.name} keeps")
    say(f"device    {prepared.device}, {counted(torch.get_num_threads(), 'thread')}")
    say(
        f"length    {schedule.steps:,} steps of batch {state.batches.batch_size} "
        f"({shown / len(data):.3g} epochs), about {left} left"
    )
    say(f"run       {run.directory}")
    say(f"logger    {tracker.description if tracker else 'none beside metrics.jsonl'}")
