"""From samples to scores: each with its floor, its interval and the protocol that it depends on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gan_lab.common.errors import UsageError
from gan_lab.common.version import __version__
from gan_lab.data import ImageDataset
from gan_lab.evaluation.extractors import Extractor
from gan_lab.evaluation.measures import Features
from gan_lab.evaluation.reference import Reference
from gan_lab.evaluation.scores import Score
from gan_lab.evaluation.sides import Sides, first, size
from gan_lab.runs.lines import Protocol, ScoreLine
from gan_lab.runs.protocol import shape_words

Draw = Callable[[int, int], tuple[Tensor, Tensor | None]]  # (first, last) -> samples, labels asked


class Samples:
    """The samples of one generator, each drawn once and looked at once by an extractor."""

    def __init__(self, draw: Draw):
        self._draw = draw
        self._drawn: dict[tuple[int, int], tuple[Tensor, Tensor | None]] = {}
        self._features: dict[tuple[str, int, int], Features] = {}

    def seen_by(self, extractor: Extractor | None, first: int, last: int) -> Any:
        """Return samples `first` to `last`, or what an extractor says of them."""
        if extractor is None:
            return self._rows(first, last)[0]
        key = (extractor.name, first, last)
        if key not in self._features:
            images, labels = self._rows(first, last)
            self._features[key] = Features(*extractor.extract(images), labels)
        return self._features[key]

    def asked(self, first: int, last: int) -> Tensor | None:
        """Return the classes that samples `first` to `last` were asked for, if any were."""
        return self._rows(first, last)[1]

    def _rows(self, first: int, last: int) -> tuple[Tensor, Tensor | None]:
        for (start, stop), (samples, labels) in self._drawn.items():
            if start <= first and last <= stop:
                rows = slice(first - start, last - start)
                return samples[rows], None if labels is None else labels[rows]
        self._drawn[first, last] = self._draw(first, last)
        return self._drawn[first, last]


@dataclass
class Evaluator:
    """Scores samples against one dataset.

    `extractor` returns that of "classifier" or "inception". `resize` says how samples came to be
    as large as the real ones, where no extractor resizes them. The floor is the test split against
    the training split, of `floor` if the real images have no split.
    Without a classifier scores that need splits look at samples as they are.
    """

    dataset: str
    real: Reference
    extractor: Callable[[str], Extractor]
    resize: str
    floor: Reference | None = None
    has_classifier: bool = True

    def evaluate(self, score: Score, samples: Samples, asked: int, sets: int) -> list[ScoreLine]:
        """Return a line for each value of a score; its step is 0, for samples do not tell theirs.

        `asked` samples make a set, unless the score says otherwise. Raises UsageError or RunError
        where the score cannot be had.
        """
        count = score.samples(asked)
        extractor = self._extractor(score)
        sides = Sides(score, self.real, extractor)
        real, (real_split, floor_split) = sides.real(), sides.splits()
        ranges = [(number * count, (number + 1) * count) for number in range(sets)]
        fakes = [_fake(score, samples, extractor, *some) for some in ranges]
        found = score(real, fakes)
        floors, floor_count = self._floors(score, extractor, count)
        like_floor = _on_fewer(score, real, fakes[0], floor_count) if floor_count < count else {}
        protocol: Protocol = {
            "extractor": extractor.name if extractor else score.needs,
            "sha256": extractor.sha256 if extractor else None,
            "resize": extractor.resize if extractor else self.resize,
            "data": self.dataset,
            "data_hash": self.real.hash(extractor),
            "real_split": "all" if self.floor else real_split,
            "real_count": size(score, real),
            "floor_split": "half" if self.floor else floor_split,
            "floor_count": floor_count,
            "generated_shape": shape_words(samples.seen_by(None, 0, count).shape[1:]),
            "generated_count": count,
            "sets": sets,
            "settings": score.settings(),
            **({"measure": score.identity()} if score.own else {}),
            **({"definition": score.definition} if score.definition > 1 else {}),
            "version": __version__,
        }
        return [
            ScoreLine(
                0,
                name,
                measured.value,
                floors.get(name),
                measured.interval,
                protocol,
                like_floor.get(name) if name in floors else None,
                measured.p,
            )
            for name, measured in found.items()
        ]

    def _extractor(self, score: Score) -> Extractor | None:
        if score.needs in ("classifier", "classes", "stacked"):
            return self.extractor("classifier")
        if score.needs == "splits":
            return self.extractor("classifier") if self.has_classifier else None
        return self.extractor("inception") if score.needs == "inception" else None

    def _floors(
        self, score: Score, extractor: Extractor | None, count: int
    ) -> tuple[dict[str, float], int]:
        """Return the score of real samples in place of fakes, and how many it took of them.

        None where there are too few for the score.
        """
        data = self.floor or self.real
        sides = Sides(score, data, extractor)
        count = sides.floor_count(count)

        def compute() -> dict[str, float]:
            real, fake = sides.floor(count)
            return {name: one.value for name, one in score(real, [fake]).items()}

        judged_by = [extractor.name, extractor.sha256] if extractor else None
        key = [score.name, score.settings(), judged_by, count, *score.identity()]
        try:
            return data.floors(extractor, key, compute), count
        except UsageError:
            return {}, count


def _on_fewer(score: Score, real: Any, fake: Any, count: int) -> dict[str, float]:
    """Return a score on the first `count` samples of a set; nothing where they are too few."""
    try:
        return {name: one.value for name, one in score(real, [first(fake, count)]).items()}
    except UsageError:
        return {}


def _fake(score: Score, samples: Samples, extractor: Extractor | None, begin: int, end: int) -> Any:
    """Return samples `begin` to `end` as a score takes them."""
    if score.needs == "labelled":
        return ImageDataset(samples.seen_by(None, begin, end), samples.asked(begin, end))
    seen = samples.seen_by(extractor, begin, end)
    return seen.values if score.needs == "splits" and extractor else seen
