"""A score of conf/score: a measure, what it needs, and on how many samples it is taken.

A score is a function of `measures` and a file. The file says what the score `needs`, which decides
what `real` and `fake` are; the measure's other arguments are its settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from gan_lab.common.errors import UsageError, unknown
from gan_lab.common.paths import conf_directory, config_names
from gan_lab.common.typed import Json
from gan_lab.config.instantiate import instantiate
from gan_lab.config.run_config import RunConfig
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
    where others take up to 10,000 at random.
    """

    name: str
    needs: str
    better: str | Mapping[str, str]
    measure: Spec
    title: str | Mapping[str, str] = ""
    heading: str | Mapping[str, str] = ""
    short: str | Mapping[str, str] = ""
    format: str | Mapping[str, str] = ""
    in_lists: Sequence[str] = ()
    sets: int = 1
    count: int | None = None
    at_most: int | None = None
    all_real: bool = False

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
        from gan_lab.evaluation.measures import mean_of  # only now: torch takes 2 s

        return {name: mean_of([one[name].value for one in found]) for name in found[0]}

    def values(self) -> dict[str, "Value"]:
        """Return what is said of each value, by its name."""
        names = [self.name] if isinstance(self.better, str) else list(self.better)
        said = ("better", "title", "heading", "short", "format")
        return {
            name: Value(
                name, **{key: self._said(key, name) for key in said if self._said(key, name)}
            )
            for name in names
        }

    def _said(self, key: str, name: str) -> str:
        words = getattr(self, key)
        return words if isinstance(words, str) else words.get(name, "")

    def settings(self) -> Mapping[str, Json]:
        """Return what the measure is told beside the samples."""
        return self.measure.arguments

    def _measure(self, real: Any, fake: Any) -> dict[str, "Measured"]:
        found = instantiate(self.measure, real=real, fake=fake)
        return found if isinstance(found, dict) else {self.name: found}


# What a score can need, and what its measure is then given as real and as fake.
NEEDS = {
    "classifier": "Features of the dataset's classifier",
    "inception": "Features of Inception",
    "stacked": "Features of a classifier of 1,000 triples of digits",
    "images": "uint8 [N, C, H, W]",
    "points": "float32 [N, 2]",
    "samples": "images or points",
    "modes": "the dataset of points; points",
}

# Which values of a score are better, and how that is said.
DIRECTIONS = {
    "lower": "lower is better",
    "higher": "higher is better",
    "floor": "best as the floor",  # as real data have it
}


def load_score(name: str) -> Score:
    """Return a score of conf/score. Raises UsageError, with the names there are, for another."""
    names = config_names("score")
    if name not in names:  # never joined to a path before: a run's config may hold any name
        raise UsageError(unknown("score", name, names))
    file: Any = OmegaConf.to_container(OmegaConf.load(conf_directory() / "score" / f"{name}.yaml"))
    measure = Spec.from_plain(file.pop("measure"))
    return Score(name, measure=measure, **file)


@cache
def _all_values() -> dict[str, Value]:
    scores = map(load_score, config_names("score"))
    return {name: value for score in scores for name, value in score.values().items()}


def value_named(name: str) -> Value:
    """Return what conf/score says of a value; of one that it does not have, its name alone."""
    return _all_values().get(name) or Value(name)


@cache
def values_in_lists() -> list[str]:
    """Return the values that lists of runs show beside the selection score."""
    scores = map(load_score, config_names("score"))
    return list(dict.fromkeys(name for score in scores for name in score.in_lists))


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
    reasons = {
        "classifier": f"{name} has no classifier" if not data.classifier else None,
        "stacked": None
        if len(config.class_counts) == STACKED_CLASSES and data.classifier
        else f"{name} is not made of three digits",
        "inception": f"{name} has points, no images" if points else None,
        "images": f"{name} has points, no images" if points else None,
        "points": None if points else f"{name} has images, no points",
        "modes": None if points else f"the modes of {name} are not known",
        "samples": None,
    }
    reason = reasons[score.needs]
    listed = ", ".join(data.scores)
    return reason and f"{score.name} cannot be had: {reason}; it has {listed}."


def asked_scores(names: Sequence[str], config: RunConfig) -> tuple[list[str], list[str]]:
    """Return those of the names that the run's data allow, and why they refuse the others."""
    reasons = {name: refusal(load_score(name), config) for name in names}
    refused = [reason for reason in reasons.values() if reason]
    return [name for name, reason in reasons.items() if not reason], refused
