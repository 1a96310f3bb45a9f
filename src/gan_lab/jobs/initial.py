"""Which weights the runs of a command begin with, where `from=` names another run.

What was taken is part of a run's hash, so that it is looked for before a run has its directory. A
name that means another run tomorrow (`latest`, `best`), and one that is gone, mean what they meant
when a run of the same settings was begun: then the same command goes on with that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import expanded
from gan_lab.config.identity import run_directory
from gan_lab.config.run_config import InitialConfig, RunConfig
from gan_lab.runs.checkpoints import Checkpoint, read_checkpoint
from gan_lab.runs.directory import Run, run_directories
from gan_lab.runs.initial import InitialWeights, content_hash, taken_of
from gan_lab.runs.lookup import find_run

AT_STEP = re.compile(r"(.+)@([0-9]{1,18})")
MOVING = ("latest", "best")  # names that mean another run tomorrow


@dataclass(frozen=True)
class Source:
    """What a run begins with; without `weights` if the only copy is damaged or gone."""

    config: InitialConfig
    weights: InitialWeights | None


Wish = tuple[str, bool]  # what `from` says, and whether the optimizers are taken too


def sources_of(configs: Sequence[RunConfig]) -> Mapping[Wish, Source]:
    """Find what the runs of a command begin with, once for all that wish the same.

    Nothing of a run is built or called: tensors alone are read of it. Raises RunError if there is
    no such run or it has no whole checkpoint.
    """
    wishes: dict[Wish, list[RunConfig]] = {}
    for config in configs:
        if wish := _wish(config):
            wishes.setdefault(wish, []).append(config)
    return {wish: _source(wish, members) for wish, members in wishes.items()}


def with_source(config: RunConfig, sources: Mapping[Wish, Source]) -> RunConfig:
    """Return a config that says what its run begins with."""
    wish = _wish(config)
    return replace(config, initial=sources[wish].config) if wish else config


def weights_of(config: RunConfig, sources: Mapping[Wish, Source]) -> InitialWeights | None:
    """Return what a run begins with, if that is another's and at hand."""
    wish = _wish(config)
    return sources[wish].weights if wish else None


def _wish(config: RunConfig) -> Wish | None:
    runtime = config.runtime
    return None if runtime.from_run is None else (runtime.from_run, runtime.from_optimizers)


def _source(wish: Wish, members: Sequence[RunConfig]) -> Source:
    reference, optimizers = wish
    runs_dir = expanded(members[0].runtime.runs_dir)
    match = AT_STEP.fullmatch(reference)
    name = match[1] if match else reference
    if name.rpartition("/")[2] in MOVING and (begun := _begun(members, runs_dir)):
        say(f"note      from={reference} is {begun.config.words}, as when it was begun")
        return begun
    try:
        return _taken(reference, optimizers, runs_dir)
    except RunError as error:
        if begun := _begun(members, runs_dir):
            return begun
        raise RunError(f"from={reference}: {error}") from error


def _taken(reference: str, optimizers: bool, runs_dir: Path) -> Source:
    match = AT_STEP.fullmatch(reference)
    if match and not Path(reference).is_dir():
        run, step = find_run(match[1], runs_dir), int(match[2])
    else:
        run, step = find_run(reference, runs_dir), None
    run.refuse_links()
    checkpoint = run.trained(say) if step is None else _checkpoint_of(run, step)
    weights = taken_of(checkpoint, optimizers)
    name, step = run.directory.resolve().name, checkpoint["progress"]["step"]
    return Source(InitialConfig(content_hash(weights), name, step, optimizers), weights)


def _checkpoint_of(run: Run, step: int) -> Checkpoint:
    checkpoint = read_checkpoint(run.checkpoint_path(step))
    if checkpoint is None:
        steps = ", ".join(map(str, run.checkpoint_steps())) or "no step"
        raise RunError(
            f"{run.directory} has no whole checkpoint of step {step}; it has those of {steps}."
        )
    return checkpoint


def _begun(members: Sequence[RunConfig], runs_dir: Path) -> Source | None:
    """Return what a run of the same settings and words was begun with: its copy, or that of a run
    beside it, or else what it was taken from, if that is still there."""
    found: Source | None = None
    places = dict.fromkeys(run_directory(config).parent for config in members)
    for directory in [one for place in places for one in run_directories(place.parent, place.name)]:
        run = Run(directory)
        try:
            run.refuse_links()
            held = run.config()
        except RunError:  # damaged, and said where runs are listed
            continue
        if held.initial is None or _wish(held) != _wish(members[0]):
            continue
        same = (replace(config, initial=held.initial) for config in members)
        if directory not in map(run_directory, same):
            continue
        found = Source(held.initial, run.initial(held.initial.content))
        if found.weights is not None:
            return found
    return found and _again(found, runs_dir)


def _again(source: Source, runs_dir: Path) -> Source:
    """Take the same once more, if it is still there."""
    config = source.config
    try:
        taken = _taken(f"{config.run}@{config.step}", config.optimizers, runs_dir)
    except RunError:
        return source
    return taken if taken.config.content == config.content else source


def misfit(config: RunConfig, reason: object) -> UsageError:
    """Return the line that says why the weights of another run are not those of these networks."""
    return UsageError(
        f"from={config.runtime.from_run} does not fit these networks: {reason}; give them the "
        "settings of that run."
    )
