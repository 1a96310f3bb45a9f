"""The runs of one command: which there are, how they are run, and what became of them."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

from gan_lab.common.console import counted, say
from gan_lab.common.errors import Interrupted, RunError, UsageError, complain
from gan_lab.common.signals import interruption
from gan_lab.config import compose, overrides
from gan_lab.config.advice.meanings import meant_flag, meant_verb
from gan_lab.config.checks import check_fit, check_ranges
from gan_lab.config.identity import run_directory
from gan_lab.config.instantiate import instantiate
from gan_lab.config.run_config import RunConfig, RuntimeConfig
from gan_lab.jobs.initial import Source, Wish, sources_of, weights_of, with_source
from gan_lab.jobs.job import Job, Outcome
from gan_lab.jobs.launchers import Launcher
from gan_lab.jobs.tables import print_jobs, print_spreads
from gan_lab.runs.directory import Run
from gan_lab.runs.earlier import as_begun

NOTHING_TO_VARY = (
    "-m has nothing to vary: KEY=1,2 makes a run of each value, seeds=3 of each seed, and "
    "sweep=NAME of each setting in a file"
)


def compose_runs(arguments: list[str]) -> list[compose.Composed]:
    """Compose the runs that KEY=VALUE settings, with or without -m, describe.

    Raises UsageError before any is started.
    """
    multirun = any(argument in ("-m", "--multirun") for argument in arguments)
    settings = [text for text in arguments if text not in ("-m", "--multirun")]
    _refuse_words(settings)
    if overrides.says_bce(settings):
        say(f"note      {overrides.BCE_NOTE}")
    composed = compose.jobs(settings, multirun)
    for run in composed:
        check_ranges(run.config)
    if multirun and len(composed) == 1 and composed[0].search is None:
        say(f"note      {NOTHING_TO_VARY}")
    beaten = dict.fromkeys(text for run in composed for text in run.beaten)
    if beaten:
        say(f"note      settings of the sweep that typed ones replace: {', '.join(beaten)}")
    return composed


def _refuse_words(settings: list[str]) -> None:
    """Raise UsageError for a flag, or a word that is no setting, with what is meant by it."""
    for text, following in pairwise([*settings, ""]):
        if text.startswith("-"):
            meant = meant_flag(text, following)
            raise UsageError(f"there is no flag {text}; settings are written KEY=VALUE.{meant}")
        if "=" not in text and not text.startswith("~"):
            raise UsageError(f"{text!r} is no setting; write KEY=VALUE.{meant_verb(text, ())}")


def jobs_of(
    composed: list[compose.Composed],
    arguments: list[str],
    sources: Mapping[Wish, Source] | None = None,
) -> list[Job]:
    """Return the distinct runs among composed ones, checked.

    `sources` is what `from=` means; it is looked for unless it is known.
    """
    # only now: torch takes 2 s
    from gan_lab.jobs.preflight import (
        check_builds,
        check_own_keys,
        check_surroundings,
        with_noise_apart,
    )

    configs = [run.config for run in composed]
    sources = sources_of(configs) if sources is None else sources
    configs = [with_noise_apart(with_source(config, sources)) for config in configs]
    if not composed[0].restart:
        configs = [_as_begun(config) for config in configs]
    for remark in dict.fromkeys(remark for config in configs for remark in check_fit(config)):
        say(f"note      {remark}")
    for config in configs:
        check_surroundings(config)
        check_own_keys(config)
    check_builds(configs)
    command = f"gan-lab {shlex.join(arguments)}"
    settings = [run.setting for run in composed]
    jobs = make_jobs(configs, settings, command, composed[0].restart)
    return [replace(job, initial=weights_of(job.config, sources)) for job in jobs]


def _as_begun(config: RunConfig) -> RunConfig:
    """Return the config under which a run was begun, and say so if that is another than today's."""
    begun = as_begun(config)
    if begun is not config:
        say(
            f"note      {run_directory(begun)} was begun by version 0.1 and keeps its images and "
            "test images; restart=true begins a run with those of today"
        )
    return begun


def launcher_of(composed: list[compose.Composed]) -> Launcher:
    """Return how the runs are run: one choice for all of a command."""
    if any(run.launcher != composed[0].launcher for run in composed):
        raise UsageError("a command has one launcher; give launcher= one value.")
    launcher: Launcher = instantiate(composed[0].launcher)
    return launcher


def make_jobs(
    configs: Sequence[RunConfig],
    settings: Sequence[tuple[str, ...]],
    command: str,
    restart: bool,
) -> list[Job]:
    """Return the distinct runs of a command.

    Raises UsageError for two that differ, but in nothing that makes another run.
    """
    jobs: dict[Path, Job] = {}
    for config, setting in zip(configs, settings, strict=True):
        directory = run_directory(config)
        known = jobs.get(directory)
        if known and known.config != config:
            raise UsageError(_one_run(known.config, config))
        before = Run(directory).status().state
        jobs.setdefault(directory, Job(config, setting, command, restart, before))
    return list(jobs.values())


def _one_run(ours: RunConfig, theirs: RunConfig) -> str:
    keys = _unlike(ours.runtime, theirs.runtime)
    lengths = [key for key in keys if key in ("steps", "epochs", "images")]
    if lengths:
        return (
            f"several values of {lengths[0]} are one run, longer and longer: give it the largest, "
            "and score_every=N to score it at several steps."
        )
    key = [*keys, *_unlike(ours, theirs)][0]
    return f"several values of {key} are one run, for {key} does not change its result; keep one."


def _unlike(ours: RunConfig | RuntimeConfig, theirs: RunConfig | RuntimeConfig) -> list[str]:
    """Return the names of the fields in which two objects of one class differ."""
    names = [field.name for field in fields(ours)]
    return [name for name in names if getattr(ours, name) != getattr(theirs, name)]


def run_jobs(jobs: Sequence[Job], launcher: Launcher) -> int:
    """Run jobs with a launcher and return the exit code; one that fails stops no other."""
    if len(jobs) == 1 and launcher.alone_here:
        return _run_here(jobs[0])
    outcomes = run_several(jobs, launcher)
    failures = [outcome for outcome in outcomes if outcome.failed]
    for outcome in failures:
        complain(failure(outcome))
    if outcomes:  # none of a dry run
        say(f"{len(outcomes) - len(failures)} of {counted(len(outcomes), 'run')} finished")
        say(str(jobs[0].run.directory.parent))
    return 1 if failures else 0


def failure(outcome: Outcome) -> str:
    """Return in one line which run did not finish, and why."""
    where = f"{outcome.job.run.directory.name} {outcome.state}"
    return f"{outcome.job.name} ({where}): {outcome.reason}"


def run_several(jobs: Sequence[Job], launcher: Launcher) -> list[Outcome]:
    """Run jobs with a launcher, print tables of them, and return what became of each; nothing if
    none was to run."""
    say(f"{counted(len(jobs), 'run')}: {_counts([job.before for job in jobs])}")
    try:
        outcomes = launcher.run(jobs)
    except Interrupted:
        print_jobs(jobs)
        say("the same command goes on from there")
        raise
    if outcomes is None:  # a dry run
        return []
    print_jobs(jobs)
    print_spreads(jobs)
    return outcomes


def _run_here(job: Job) -> int:
    from gan_lab.jobs.train_run import train_run

    try:
        train_run(job.config, job.command, job.restart, job.initial)
    except (UsageError, RunError) as error:
        if came := interruption():
            raise came from error
        complain(error)
        return 2 if isinstance(error, UsageError) else 1
    say(str(job.run.directory))
    return 0


def _counts(states: Sequence[str]) -> str:
    words = {"new": "to start", "finished": "finished before"}
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    return ", ".join(f"{n} {words.get(state, f'{state} before')}" for state, n in counts.items())
