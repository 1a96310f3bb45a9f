"""Which runs answer the questions of a sheet, and what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.common.typed import Json
from gan_lab.config import leaves
from gan_lab.config.length import make_schedule
from gan_lab.config.overrides import LENGTHS, OPTIMIZERS, SYNONYMS, VALUE_SYNONYMS
from gan_lab.config.precedence import ALL_FEEDS
from gan_lab.config.run_config import RunConfig
from gan_lab.report.collect import Collection, RunData
from gan_lab.report.sheets.analyses import ANALYSES
from gan_lab.report.sheets.sheet import Need, Question, Sheet
from gan_lab.report.study import Study

DIVERGED = "diverged"  # the same command would diverge again: that is its answer
Settings = dict[str, Json]


@dataclass(frozen=True)
class Short:
    """A run with the settings of a need that has not got so far, and the steps that are wanted."""

    data: RunData
    wanted: int


@dataclass(frozen=True)
class Found:
    """A need, its settings, the runs that meet it, and those that are too short as yet."""

    need: Need
    settings: Settings
    runs: list[RunData]
    short: list[Short]

    @property
    def seeds(self) -> int:
        """How many seeds have been run to the end."""
        return len({data.seed for data in self.runs})

    @property
    def is_met(self) -> bool:
        return self.seeds >= self.need.seeds


@dataclass(frozen=True)
class Task:
    """An analysis by its name, and the run that it is to look at; None if none has finished."""

    analysis: str
    run: RunData | None


@dataclass(frozen=True)
class Evidence:
    """A question with what answers it."""

    question: Question
    found: list[Found]

    @cached_property
    def runs(self) -> list[RunData]:
        """The runs that meet any of the needs, each once."""
        together = {data.name: data for found in self.found for data in found.runs}
        return list(together.values())

    @cached_property
    def study(self) -> Study | None:
        """The same runs compared with each other; None if there are none."""
        return Study(Collection(self.question.title, self.runs, [])) if self.runs else None

    @cached_property
    def best(self) -> RunData | None:
        """The run that is best by the selection score, of those with weights."""
        return self.study.best_run() if self.study else None

    def analysed(self, name: str) -> list[RunData]:
        """The runs that an analysis is asked of, and can be had of."""
        best = [self.best] if self.best else []
        asked = self.question.analyses.get(name)
        chosen = best if asked == "best" else self.runs if asked == "each" else []
        return [data for data in chosen if ANALYSES[name].suits(data) and data.finished]

    @cached_property
    def tasks(self) -> list[Task]:
        """The analyses that are missing."""
        missing = []
        for name in self.question.analyses:
            if not self.runs:
                missing.append(Task(name, None))
            missing += [Task(name, d) for d in self.analysed(name) if not ANALYSES[name].done(d)]
        return missing

    @property
    def is_answered(self) -> bool:
        return all(found.is_met for found in self.found) and not self.tasks

    @property
    def is_begun(self) -> bool:
        return bool(self.runs)


def evidence_of(sheet: Sheet, runs: Sequence[RunData]) -> list[Evidence]:
    """Return what answers each question of a sheet.

    Raises UsageError for a setting in its needs that no run has.
    """
    return [
        Evidence(question, [_found(sheet, need, runs) for need in question.needs])
        for question in sheet.questions
    ]


def _found(sheet: Sheet, need: Need, runs: Sequence[RunData]) -> Found:
    settings = needed_settings(sheet, need)
    met, short = [], []
    for data in runs:
        if not has_settings(data.config, settings):
            continue
        wanted = _wanted_steps(data, settings)
        if data.state == DIVERGED or (data.finished and data.step >= wanted):
            met.append(data)
        else:
            short.append(Short(data, wanted))
    return Found(need, settings, sorted(met, key=lambda data: (data.seed, data.name)), short)


def needed_settings(sheet: Sheet, need: Need) -> Settings:
    """Return the settings of a need by the knobs that decide: those of the baseline among them.

    A general knob stands for the specific ones that the need does not set. A length of the need
    takes the place of any of the baseline.
    """
    mine = _canonical(need.run)
    base = _canonical(sheet.baseline)
    if mine.keys() & {*LENGTHS}:
        base = {key: value for key, value in base.items() if key not in LENGTHS}
    # What a need says in general goes before what the baseline says of one player.
    for general, specifics in ALL_FEEDS.items():
        if general in mine:
            base = {key: value for key, value in base.items() if key not in specifics}
    settings = {**base, **mine}
    for general, specifics in ALL_FEEDS.items():
        if general in settings:
            value = settings.pop(general)
            settings |= {key: settings.get(key, value) for key in specifics}
    return settings


def _canonical(settings: Mapping[str, Json]) -> Settings:
    found: Settings = {}
    for name, value in settings.items():
        key = SYNONYMS.get(name, name)
        found[key] = VALUE_SYNONYMS.get(key, {}).get(str(value), value)
    return found


def has_settings(config: RunConfig, settings: Settings) -> bool:
    """Whether a run has all of some settings, its length aside."""
    held = leaves.deep_arguments(config) | leaves.knobs(config) | leaves.general_knobs(config)
    held |= dict(zip(OPTIMIZERS, config.choices.optimizers, strict=True))
    chosen = leaves.choices(config)
    for key, value in settings.items():
        if key in LENGTHS:
            continue
        if not _same(chosen.get(key) if key in leaves.CHOSEN else held.get(key), value):
            return False
    return True


def _same(held: Json, wanted: Json) -> bool:
    """Whether a value is the one that is wanted. What is not there is null, false and none."""
    if isinstance(wanted, list | tuple) or isinstance(held, list | tuple):
        return list(_listed(held)) == list(_listed(wanted))
    if _is_nothing(held) and _is_nothing(wanted):
        return True
    try:
        return float(str(held)) == float(str(wanted))
    except ValueError:
        return str(held) == str(wanted)


def _is_nothing(value: Json) -> bool:
    return value is None or value is False or value == "none"


def _listed(value: Json) -> Sequence[Json]:
    if isinstance(value, list | tuple):
        return value
    return [] if _is_nothing(value) else [value]


def _wanted_steps(data: RunData, settings: Settings) -> int:
    """Return how many steps a need asks of a run: of any, one step."""
    lengths: dict[str, Any] = {key: settings.get(key) for key in LENGTHS}
    if not any(lengths.values()):
        return 1
    config = data.config.with_runtime(**lengths)
    try:
        return make_schedule(config, config.image_count).steps
    except UsageError:  # its D sees no images: such a need says how many steps
        return 1
