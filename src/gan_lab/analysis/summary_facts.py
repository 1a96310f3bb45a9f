"""What became of a run, in numbers: from its stored files alone, so that old runs have them too."""

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

from gan_lab.common.errors import UsageError
from gan_lab.config.checks import is_minimax
from gan_lab.config.length import make_schedule
from gan_lab.config.run_config import RunConfig
from gan_lab.evaluation.scores import value_named
from gan_lab.evaluation.tables import display_name
from gan_lab.runs.census import ClassCensus, Diversity
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import MetricsLine, ScoreLine, Status
from gan_lab.training.monitor import KEY, VERDICTS


@dataclass(frozen=True)
class Looks:
    """What the collapse monitor has seen: its looks, and its verdicts (numbers of VERDICTS).

    Of the last look: how far two samples differ, and which share of the real images is of missing
    classes, both as parts of what real images have; None where that was not measured.
    """

    count: int
    verdicts: tuple[int, ...] = ()
    spread: float | None = None
    lost: float | None = None


@dataclass(frozen=True)
class Course:
    """The selection score, of which less is better, at the looks of a training, as (step, value).

    `best_step` marks the least.
    """

    name: str
    values: tuple[tuple[int, float], ...] = ()

    @property
    def best(self) -> tuple[int, float]:
        """The step and the value of the least score, the first of equal ones."""
        return min(self.values, key=lambda pair: (pair[1], pair[0]))


@dataclass(frozen=True)
class Beside:
    """A score of so many samples of the averaged generator at a step, and what real test data get.

    `real` is None where that is not known of as many.
    """

    step: int
    value: float
    real: float | None
    samples: int


@dataclass(frozen=True)
class Knobs:
    """The settings that a remedy changes. `packable`: D may be shown packs of two (pack=2)."""

    batch_size: int
    lr_g: float
    lr_d: float
    packable: bool
    scored: bool
    minimax: bool
    decays: bool
    points: bool


@dataclass(frozen=True)
class RunFacts:
    """All that the sentences on a run are chosen by.

    `planned` is the length in steps that was asked for, `shown` how many real images D has been
    shown and `images` of how many.
    """

    status: Status
    planned: int | None
    shown: float | None
    images: int
    looks: Looks
    course: Course
    final: Beside | None
    confident: Beside | None
    agreement: Beside | None
    census: ClassCensus | Diversity | None
    knobs: Knobs


def facts_of(run: Run, config: RunConfig, status: Status | None = None) -> RunFacts:
    """Read the facts of a run. `status` is that which it is about to get, if not the stored one.

    Files that are damaged or not there are facts that are not known.
    """
    lines = run.metrics()
    final = _last_scores(run.evaluations())
    selection = config.dataset.selection
    told = status or run.status()
    return RunFacts(
        status=told,
        planned=_planned(config),
        shown=next((line["images"] for line in reversed(lines) if "images" in line), None),
        images=config.image_count,
        looks=_looks(lines),
        course=Course(_name(selection, final.get(selection)), _values(lines, selection)),
        final=_beside(final.get(selection)),
        confident=_beside(final.get("confident")),
        agreement=_beside(final.get("agreement")),
        census=_census(run, {told.step, *(line.step for line in final.values())}),
        knobs=Knobs(
            batch_size=config.batch_size,
            lr_g=config.lr_g,
            lr_d=config.lr_d,
            packable=_is_packable(config),
            scored=config.runtime.score_every != 0,
            minimax=is_minimax(config.loss),
            decays=config.lr_decay != "none",
            points=config.dataset.points,
        ),
    )


def _census(run: Run, steps: Set[int]) -> ClassCensus | Diversity | None:
    """Return the census of a run, unless it is of other steps than its state and its scores."""
    file = run.modes("ema")
    return file.found if file and file.origin.step in steps else None


def _is_packable(config: RunConfig) -> bool:
    return config.pack == 1 and config.batch_size % 2 == 0 and not config.model.condition_d


def _planned(config: RunConfig) -> int | None:
    if config.runtime.steps is None and not config.image_count:  # older files lack the count
        return None
    try:
        return make_schedule(config, config.image_count).steps
    except (UsageError, TypeError, ValueError):  # a stranger's discriminator_steps may be a word
        return None


def _looks(lines: Sequence[MetricsLine]) -> Looks:
    looks = [line for line in lines if "monitor/spread" in line]
    if not looks:
        return Looks(0)
    verdicts = [int(line[KEY]) for line in looks if line.get(KEY) in range(len(VERDICTS))]
    last = looks[-1]
    return Looks(
        len(looks),
        tuple(verdicts),
        _finite(last["monitor/spread"]),
        _finite(last.get("monitor/lost")),
    )


def _values(lines: Sequence[MetricsLine], score: str) -> tuple[tuple[int, float], ...]:
    key = f"score/{score}"
    return tuple(
        (int(line["step"]), line[key]) for line in lines if key in line and math.isfinite(line[key])
    )


def _last_scores(lines: Sequence[ScoreLine]) -> dict[str, ScoreLine]:
    """Return the scores of the averaged generator at the last step, on the most samples."""
    averaged = [line for line in lines if line.weights == "ema" and math.isfinite(line.value)]
    last = max((line.step for line in averaged), default=0)
    found = [line for line in averaged if line.step == last]
    found.sort(key=lambda line: line.generated_count)
    return {line.score: line for line in found}


def _name(score: str, line: ScoreLine | None) -> str:
    return display_name(line) if line else value_named(score).title


def _beside(line: ScoreLine | None) -> Beside | None:
    """Return a score beside that of as many real data; of fewer samples, if these are fewer."""
    if line is None:
        return None
    if line.floor_beside is None and line.at_floor_count is not None:
        return Beside(line.step, line.at_floor_count, line.floor, line.floor_count)
    return Beside(line.step, line.value, line.floor_beside, line.generated_count)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
