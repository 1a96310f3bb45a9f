"""A score of conf/score: a measure, what it needs, and on how many samples it is taken.

A score is a function of `measures` and a file. The file says what the score `needs`, which decides
what `real` and `fake` are; the measure's other arguments are its settings.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from gan_lab.common.errors import UsageError, unknown
from gan_lab.common.paths import (
    conf_directory,
    config_file,
    config_names,
    own_folders,
)
from gan_lab.common.typed import Json, Malformed, read_fields
from gan_lab.config.instantiate import instantiate
from gan_lab.config.own.code import source_hashes
from gan_lab.config.own.yaml_files import line_of_key, load_yaml, shown
from gan_lab.config.run_config import RunConfig
from gan_lab.config.schema import MOST
from gan_lab.config.spec import Spec

if TYPE_CHECKING:
    from gan_lab.evaluation.measures import Measured

STACKED_CLASSES = 1000
SHORT_NAMES = {"fd": ("fd_classifier", "class_shares")}


@dataclass(frozen=True)
class Value:
    """How a value of a score is called, which values are better, and how it is printed.

    `title` is for axes and panels, `heading` for columns of tables ({extractor} stands for the
    network's name), `short` for lists with little room. What a file does not say follows from the
    name.
    """

    name: str
    better: str | None = None  # one of DIRECTIONS; None of a score that conf/score does not have
    title: str = ""
    heading: str = ""
    short: str = ""
    format: str = ".4g"
    covers: str = ""  # what its interval is of, under the definition of today
    definition: int = 1

    def __post_init__(self) -> None:
        words = self.name.replace("_", " ")
        object.__setattr__(self, "heading", self.heading or words)
        object.__setattr__(self, "title", self.title or self.heading)
        object.__setattr__(self, "short", self.short or self.name)


@dataclass(frozen=True)
class Score:
    """A file of conf/score: what is measured, on what, on how many samples, and how it is called.

    `needs` is one of NEEDS. `better` is one of DIRECTIONS or, of a score with several values, one
    for each by name; so are `title`, `heading`, `short` and `format`, which `Value` explains.
    `in_lists` names the values that lists of runs show beside the selection score. `sets`
    independent sets of samples are measured for a final score. `count` samples are taken whatever
    number was asked for, and no more than `at_most`. `all_real`: it takes all training samples,
    where others take up to 10,000 at random. `covers` says in words what an interval is of.
    `definition` counts up when a value or its interval means something else than before: scores of
    two definitions are two quantities. `on_request`: it is taken by name alone, also where all that
    need no weights are taken. `own`: it is none of gan_lab's.
    """

    name: str
    needs: str
    better: str | Mapping[str, str]
    measure: Spec
    title: str | Mapping[str, str] = ""
    heading: str | Mapping[str, str] = ""
    short: str | Mapping[str, str] = ""
    format: str | Mapping[str, str] = ""
    in_lists: tuple[str, ...] = ()
    sets: int = 1
    count: int | None = None
    at_most: int | None = None
    all_real: bool = False
    covers: str = ""
    definition: int = 1
    on_request: bool = False
    own: bool = False

    def samples(self, asked: int) -> int:
        """Return the number of samples in a set."""
        return min(self.count or asked, self.at_most or self.count or asked)

    def __call__(self, real: Any, fakes: Sequence[Any]) -> dict[str, "Measured"]:
        """Measure each set of fakes against the real side: `needs` says what they are.

        Returns values by name; of several sets their mean. Raises UsageError where the measure
        cannot be had of such samples.
        """
        found = [self._measure(real, fake) for fake in fakes]
        if len(found) == 1:
            return found[0]
        from gan_lab.evaluation.measures import mean_over_sets  # only now: torch takes 2 s

        return {name: mean_over_sets([one[name] for one in found]) for name in found[0]}

    def values(self) -> dict[str, "Value"]:
        """Return what is said of each value, by its name."""
        names = [self.name] if isinstance(self.better, str) else list(self.better)
        said = ("better", "title", "heading", "short", "format")
        return {
            name: Value(
                name,
                covers=self.covers,
                definition=self.definition,
                **{key: self._said(key, name) for key in said if self._said(key, name)},
            )
            for name in names
        }

    def _said(self, key: str, name: str) -> str:
        words = getattr(self, key)
        return words if isinstance(words, str) else words.get(name, "")

    def settings(self) -> Mapping[str, Json]:
        """Return what the measure is told beside the samples."""
        return self.measure.arguments

    def identity(self) -> list[Json]:
        """Return what a measure of one's own is told apart by, where its name says little; nothing
        of gan_lab's own."""
        target = str(self.measure.target)
        return [target, source_hashes([target])] if self.own else []

    def _measure(self, real: Any, fake: Any) -> dict[str, "Measured"]:
        from gan_lab.evaluation.measures import Measured  # only now: torch takes 2 s

        measured = instantiate(self.measure, real=real, fake=fake)
        found = measured if isinstance(measured, dict) else {self.name: measured}
        if unlike := sorted(found.keys() - self.values().keys()):
            raise UsageError(
                f"score={self.name} has a value {unlike[0]!r}, and its file says what is better of "
                f"{', '.join(self.values())}."
            )
        return {
            name: one if isinstance(one, Measured) else Measured(float(one))
            for name, one in found.items()
        }


# What a score can need, and what its measure is then given as real and as fake.
NEEDS = {
    "classifier": "Features of the dataset's classifier",
    "inception": "Features of Inception",
    "classes": "Features of the dataset's classifier, of samples with the class asked for",
    "stacked": "Features of a classifier of 1,000 triples of digits",
    "images": "uint8 [N, C, H, W]",
    "labelled": "Images with the class asked for; held-out images with their labels",
    "points": "float32 [N, 2]",
    "samples": "images or points",
    "splits": "Features of the dataset's classifier, else images or points; and held-out ones",
    "modes": "the dataset of points; points",
}

# Which values of a score are better, and how that is said.
DIRECTIONS = {
    "lower": "lower is better",
    "higher": "higher is better",
    "floor": "best as real data have it",
}


FORMAT = re.compile(r",?(\.\d{1,2})?[defg%]?")  # of a number: none that fills memory with spaces
LONGEST = 100  # letters of a title
MOST_SETS = 100

# Scores that runs define themselves, for what is printed and drawn of these runs.
_of_runs: ContextVar[Mapping[str, Score]] = ContextVar("scores_of_runs")


def load_score(name: str) -> Score:
    """Return a score of conf/score. Raises UsageError, with the names there are, for another."""
    names = config_names("score")
    if name not in names:  # never joined to a path before: a run's config may hold any name
        raise UsageError(unknown("score", name, names))
    file = config_file("score", name)
    content: Any = OmegaConf.to_container(load_yaml(file), resolve=True)
    own = not file.is_relative_to(conf_directory())
    try:
        return _score(name, content, own)
    except Malformed as error:
        place = line_of_key([file], str(error).split()[0]) or shown(file)
        raise UsageError(f"{place}: {error}.") from None


def score_of(config: RunConfig, name: str) -> Score:
    """Return a score as a run defines it, or else that of conf/score.

    Raises UsageError for one that neither has, or that is none.
    """
    content: Any = config.dataset.own_scores.get(name)
    if content is None:
        return load_score(name)
    try:
        return _score(name, content, own=True)
    except Malformed as error:
        raise UsageError(f"dataset.own_scores.{name} of the run: {error}.") from None


def _score(name: str, content: object, own: bool) -> Score:
    """Read the content of a score's file. Raises Malformed."""
    if not isinstance(content, Mapping) or not isinstance(content.get("measure"), Mapping):
        raise Malformed("measure is not there: it is a `_target_:` and its arguments")
    if unlike := sorted(map(str, content.keys() - Score.__dataclass_fields__.keys())):
        there = [key for key in Score.__dataclass_fields__ if key not in ("name", "own")]
        raise Malformed(f"{unlike[0]} is no key of a score; there are {', '.join(there)}")
    score = read_fields(Score, {**content, "name": name, "own": own}, "")
    if score.needs not in NEEDS:
        raise Malformed(f"needs is {score.needs!a}; choose from {', '.join(NEEDS)}")
    for value in score.values().values():
        if value.better not in DIRECTIONS:
            raise Malformed(f"better is {value.better!a}; choose from {', '.join(DIRECTIONS)}")
        if not FORMAT.fullmatch(value.format):
            raise Malformed(f"format is {value.format!a}; write one like .3f")
        if max(map(len, (value.title, value.heading, value.short, value.covers))) > LONGEST:
            raise Malformed(f"title, heading, short and covers have at most {LONGEST} letters")
    counts = [count for count in (score.count, score.at_most) if count is not None]
    if not 1 <= score.sets <= MOST_SETS or not all(2 <= count <= MOST for count in counts):
        raise Malformed(
            f"sets are 1 to {MOST_SETS}, and count and at_most 2 to {MOST:,}; one of them is not"
        )
    return score


@contextmanager
def with_scores_of(configs: Iterable[RunConfig]) -> Iterator[None]:
    """Say of values what the configs of runs say of their own scores, for a while."""
    found: dict[str, Score] = {}
    for config in configs:
        for name in config.dataset.own_scores:
            with suppress(UsageError):  # which is said where the score is taken
                found.setdefault(name, score_of(config, name))
    before = _of_runs.set(found)
    try:
        yield
    finally:
        _of_runs.reset(before)


def _all_scores() -> list[Score]:
    folders = (*own_folders(), conf_directory())
    files = [path for folder in folders for path in sorted((folder / "score").glob("*.yaml"))]
    known = _scores_in(tuple((file, file.stat().st_mtime_ns) for file in files))
    # What gan_lab's own conf/score says of its scores, no run says otherwise of all others'.
    return [*known, *_of_runs.get({}).values()]


@cache
def _scores_in(files: tuple[tuple[Path, int], ...]) -> list[Score]:
    """Return the scores of files, by their times: one's own may change while a notebook runs."""
    found: dict[str, Score] = {}
    for file, _ in files:
        with suppress(UsageError):  # one's own file that is broken is said where it is asked for
            found.setdefault(file.stem, load_score(file.stem))
    return list(found.values())


def value_named(name: str) -> Value:
    """Return what is said of a value; of one that no score is known to have, its name alone."""
    found = (score.values() for score in _all_scores())
    return next((values[name] for values in found if name in values), Value(name))


def known_values() -> list[str]:
    """Return the names of the values that scores of conf/score have."""
    return list(dict.fromkeys(name for score in _all_scores() for name in score.values()))


def values_in_lists() -> list[str]:
    """Return the values that lists of runs show beside the selection score."""
    return list(dict.fromkeys(name for score in _all_scores() for name in score.in_lists))


def scores_that_need(*needs: str) -> list[str]:
    """Return the names of the scores of conf/score that need one of these."""
    return [name for name in config_names("score") if load_score(name).needs in needs]


def named_scores(typed: str) -> list[str]:
    """Return the names of scores in what was typed, NAME,..., a short name for those it means."""
    names = [name.strip() for name in typed.split(",") if name.strip()]
    return [one for name in names for one in SHORT_NAMES.get(name, (name,))]


def refusal(score: Score, config: RunConfig) -> str | None:
    """Return in one line why a score makes no sense for a run's data; None if it does."""
    name, data = config.choices.dataset, config.dataset
    points = data.points
    no_classifier = None if data.classifier else f"{name} has no classifier"
    no_classes = None if config.is_conditional else "the run is not conditional"
    reasons = {
        "classifier": no_classifier,
        "classes": no_classifier or no_classes,
        "labelled": f"{name} has points, no images" if points else no_classes,
        "stacked": None
        if len(config.class_counts) == STACKED_CLASSES and data.classifier
        else f"{name} is not made of three digits",
        "inception": f"{name} has points, no images" if points else None,
        "images": f"{name} has points, no images" if points else None,
        "points": None if points else f"{name} has images, no points",
        "modes": None if points else f"the modes of {name} are not known",
        "samples": None,
        "splits": None,
    }
    reason = reasons[score.needs]
    able = [name for name in data.scores if not reasons[score_of(config, name).needs]]
    others = f"it has {', '.join(able)}" if able else "dataset.scores=[NAME,...] asks for others"
    return reason and f"{score.name} cannot be had: {reason}; {others}."


def asked_scores(names: Sequence[str], config: RunConfig) -> tuple[list[str], list[str]]:
    """Return those of the names that the run's data allow, and why they refuse the others."""
    reasons = {name: refusal(score_of(config, name), config) for name in names}
    refused = [reason for reason in reasons.values() if reason]
    return [name for name, reason in reasons.items() if not reason], refused
