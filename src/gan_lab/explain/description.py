"""What a run trained, and how: both networks, formulas, numbers, data, length, machine, time."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import torch

from gan_lab.common.console import counted, duration
from gan_lab.common.errors import UsageError
from gan_lab.common.typed import plain
from gan_lab.config.checks import check_facts, check_ranges
from gan_lab.config.instantiate import locate
from gan_lab.config.length import make_schedule
from gan_lab.config.run_config import RunConfig
from gan_lab.config.spec import Spec
from gan_lab.config.trust import is_trustworthy
from gan_lab.explain.layers import Player, player_lines, players_of
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import Start

# How the lines begin that hold a formula, in the docstrings of losses and penalties.
FORMULA = re.compile(r"^((?:D|G) minimises|D's loss gains) (.+?)(?=\n\n|\n\S|\Z)", re.M | re.S)
UNREAD = "code of one's own, which runs only with --trust (`gan-lab explain RUN --trust`)"
MOST_UPDATES = 10**6  # of D in a step; a config with more is damaged
MOST_VALUES = 4  # of one fact of several runs; of more the number is said


@dataclass(frozen=True)
class Effort:
    """What a run has cost: its steps, its seconds as far as they are known, and its starts.

    `training_seconds` are those of training alone, `total_seconds` of all work on the run.
    """

    step: int
    training_seconds: float | None
    total_seconds: float | None
    starts: tuple[Start, ...]


@dataclass(frozen=True)
class Term:
    """A loss or a penalty: its name, its formulas by whose they are, and its numbers.

    `unread` says of code of one's own that its formula is not looked up.
    """

    name: str
    formulas: Mapping[str, str]
    settings: Mapping[str, str]
    unread: bool = False


@dataclass(frozen=True)
class ModelDescription:
    """What a run trained, and how. Without `players`, `obstacle` says why they are not built."""

    config: RunConfig
    effort: Effort
    players: tuple[Player, Player] | None
    obstacle: str
    loss: Term
    penalties: tuple[Term, ...]


@dataclass(frozen=True)
class Fact:
    """One line of a description: its name, and the text."""

    name: str
    text: str


Described = Sequence[ModelDescription]


def effort_of(run: Run) -> Effort:
    """Read what a run has cost from its directory."""
    status = run.status()
    return Effort(status.step, run.seconds(), status.total_seconds, tuple(run.environment()))


def describe(config: RunConfig, effort: Effort, trusted: bool = False) -> ModelDescription:
    """Describe a run by its config and what it has cost.

    Networks and formulas that may be anybody's code are left out unless `trusted`, and that is
    said; so is a config whose networks cannot be built. Nothing is raised for it.
    """
    players, obstacle = None, ""
    if not (trusted or is_trustworthy({"model": plain(config.model)})):
        obstacle = f"The networks are {UNREAD}."
    elif not config.shape:
        obstacle = "The networks are unknown: the run ended before it had seen its data."
    else:
        try:
            players = _players(config)
        except Exception as error:  # arguments may be anything, and a report goes on without
            obstacle = f"The networks of this config cannot be built: {error}"
    loss, *penalties = _terms(config, trusted)
    return ModelDescription(config, effort, players, obstacle, loss, tuple(penalties))


def with_networks_of(
    known: ModelDescription, config: RunConfig, effort: Effort
) -> ModelDescription:
    """Describe another run whose networks are those of a description: they are built once."""
    loss, *penalties = _terms(config, trusted=False)
    return replace(known, config=config, effort=effort, loss=loss, penalties=tuple(penalties))


def _terms(config: RunConfig, trusted: bool) -> list[Term]:
    """Return the loss, then all penalties: the loss's own first."""
    added = {**_own_penalties(config.loss), **config.penalty}
    loss = _term("loss", config.choices.loss, config.loss, trusted)
    return [loss, *(_term("penalty", name, spec, trusted) for name, spec in added.items())]


def _players(config: RunConfig) -> tuple[Player, Player]:
    check_ranges(config)
    check_facts(config)
    specs = (config.model.generator, config.model.discriminator)
    if not all(str(spec.target).startswith(("gan_lab.", "torch.")) for spec in specs):
        return players_of(config)  # code that was trusted, and that may not do without memory
    with torch.device("meta"):  # shapes alone: a config can ask for more memory than there is
        return players_of(config)


def _own_penalties(loss: Spec) -> dict[str, Spec]:
    """Return the penalties of a loss by name; what a damaged config has in their place is none."""
    own = loss.get("penalties")
    given = own if isinstance(own, Mapping) else {}
    return {
        str(name): Spec.from_plain(spec)
        for name, spec in given.items()
        if isinstance(spec, Mapping) and isinstance(spec.get("_target_"), str)
    }


def _term(kind: str, name: str, spec: Spec, trusted: bool) -> Term:
    settings = {
        key: f"{value:g}" if type(value) is float else str(value)
        for key, value in spec.arguments.items()
        if key != "penalties"
    }
    if not (trusted or is_trustworthy({kind: plain(spec)})):
        return Term(name, {}, settings, unread=True)
    try:
        return Term(name, formulas_of(spec), settings)
    except UsageError:  # a name that has gone since
        return Term(name, {}, settings, unread=True)


def formulas_of(spec: Spec) -> dict[str, str]:
    """Return the formulas in the docstring of what a spec names, by how their lines begin.

    They begin with "D minimises", "G minimises" or "D's loss gains". Raises UsageError for a name
    that cannot be imported.
    """
    text = inspect.getdoc(locate(str(spec.target))) or ""
    return {whose: " ".join(formula.split()) for whose, formula in FORMULA.findall(text)}


def facts_of(described: Described) -> list[Fact]:
    """Return what is to be said of runs with the same networks, beside these: a line a fact.

    What runs differ in has all values, each once; of many their number.
    """
    found: dict[str, dict[str, None]] = {}
    for facts_about in ABOUT:
        for fact in chain.from_iterable(map(facts_about, described)):
            found.setdefault(fact.name, {})[fact.text] = None
    facts = [Fact(name, _together([*texts])) for name, texts in found.items()]
    return [*facts, *_time(described)]


def _together(texts: Sequence[str]) -> str:
    shown = "; or ".join(texts[:MOST_VALUES])
    more = len(texts) - MOST_VALUES
    return f"{shown}; or {counted(more, 'other')}" if more > 0 else shown


def description_lines(one: ModelDescription) -> Iterator[str]:
    """Yield the lines of a description for a terminal: the layers of both networks, then facts."""
    yield f"model={one.config.choices.model}"
    if one.players is None:
        yield one.obstacle
    for player in one.players or ():
        yield ""
        yield from player_lines(player)
    yield ""
    facts = facts_of([one])
    width = max(len(fact.name) for fact in facts)
    yield from (f"{fact.name:<{width}}  {fact.text}" for fact in facts)


def _objective(one: ModelDescription) -> Iterator[Fact]:
    yield Fact("loss", _named(one.loss))
    yield Fact("penalty", " and ".join(map(_named, one.penalties)) or "none")
    for term in (one.loss, *one.penalties):
        for whose, formula in term.formulas.items():
            yield Fact(f"{term.name}: {whose}", formula)
        if term.unread:
            yield Fact(f"{term.name}: formula", UNREAD)


def _named(term: Term) -> str:
    numbers = ", ".join(f"{key} {value}" for key, value in term.settings.items())
    return f"{term.name} ({numbers})" if numbers else term.name


def _optimizers(one: ModelDescription) -> Iterator[Fact]:
    config = one.config
    rates = (config.lr_g, config.lr_d)
    specs = (config.optimizer_g, config.optimizer_d)
    names = config.choices.optimizers
    for player, name, spec, rate in zip("GD", names, specs, rates, strict=True):
        # `fused` is how the same numbers are computed.
        numbers = [f"{key} {value}" for key, value in spec.arguments.items() if key != "fused"]
        yield Fact(f"optimizer of {player}", ", ".join([name, f"lr {rate:g}", *numbers]))
    if config.lr_decay != "none":
        yield Fact("learning rates", f"fall over the run (lr_decay={config.lr_decay})")


def _knobs(one: ModelDescription) -> Iterator[Fact]:
    config = one.config
    yield Fact("batch size", f"{config.batch_size:,}")
    yield Fact("averaged generator", f"decay {config.ema_decay:g}")
    if config.instance_noise:
        steps = f"{config.instance_noise_steps:,} steps"
        yield Fact("instance noise", f"{config.instance_noise:g}, falling to 0 over {steps}")
    if config.gradient_clip is not None:
        yield Fact("gradient norm", f"at most {config.gradient_clip:g}")
    if config.precision != "fp32":
        yield Fact("precision", config.precision)
    if config.initial:
        yield Fact("begun with", config.initial.words)


def _data(one: ModelDescription) -> Iterator[Fact]:
    config = one.config
    kind = "points" if config.model.points else "images"
    text = config.choices.dataset
    if config.shape:
        text += f": {config.image_count:,} {kind} of {'x'.join(map(str, config.shape))}"
    if config.class_counts:
        text += f", {len(config.class_counts)} classes"
    yield Fact("data", text)
    yield Fact("labels", "used by the networks" if config.is_conditional else "not used")
    yield Fact("augmentation", config.choices.augment or "none")


def _length(one: ModelDescription) -> Iterator[Fact]:
    config, step = one.config, one.effort.step
    asked = _asked_steps(config)
    of = f" of {asked:,}" if asked is not None and asked != step else ""
    text = f"{step:,}{of} steps"
    updates = config.loss.get("discriminator_steps", 1)
    if type(updates) is int and 0 <= updates <= MOST_UPDATES:
        shown = step * updates * config.batch_size
        text += f", {shown:,} images shown to D"
        if config.image_count:
            text += f", {shown / config.image_count:.3g} epochs"
    yield Fact("length", text)


def _asked_steps(config: RunConfig) -> int | None:
    """Return how many steps a run was to have; None if its config does not tell."""
    try:
        return make_schedule(config, config.image_count).steps
    except (UsageError, TypeError, ArithmeticError, ValueError):
        return None


def _machine(one: ModelDescription) -> Iterator[Fact]:
    for start in one.effort.starts:
        processor = f" ({start.processor})" if start.processor and start.device == "cpu" else ""
        threads = counted(start.threads, "thread") if start.threads is not None else None
        python = f"Python {start.python}" if start.python else None
        torch_version = start.versions.get("torch")
        library = f"torch {torch_version}" if torch_version else None
        device = f"{start.device}{processor}" if start.device else None
        words = [word for word in (device, threads, library, python) if word]
        if words:
            yield Fact("hardware", ", ".join(words))


def _time(described: Described) -> Iterator[Fact]:
    each = " a run" if len(described) > 1 else ""
    efforts = [one.effort for one in described]
    for name, seconds in {
        "training time": [effort.training_seconds for effort in efforts],
        "time in all": [effort.total_seconds for effort in efforts],
    }.items():
        known = [one for one in seconds if one is not None and one >= 0]
        if known:
            ends = dict.fromkeys(map(duration, (min(known), max(known))))
            yield Fact(name, " to ".join(ends) + each)


ABOUT: tuple[Callable[[ModelDescription], Iterator[Fact]], ...] = (
    *(_objective, _optimizers, _knobs, _data, _length, _machine),
)
