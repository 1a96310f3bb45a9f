"""What a score is given as real and as fake, by what it needs; and what real data are in place of
fakes, for its floor."""

from dataclasses import dataclass
from typing import Any

from gan_lab.data import ImageDataset
from gan_lab.evaluation.extractors import Extractor
from gan_lab.evaluation.measures import Features, Splits
from gan_lab.evaluation.reference import Reference, first_rows, shuffled_dataset
from gan_lab.evaluation.scores import Score


@dataclass(frozen=True)
class Sides:
    """The real data of one score, seen by an extractor, or as they are if that is None."""

    score: Score
    data: Reference
    extractor: Extractor | None

    def real(self) -> Any:
        """Return what samples are held against."""
        needs = self.score.needs
        if needs == "splits":
            return Splits(self._train_rows(), self._test_rows())
        if needs == "labelled":
            return self.data.test
        if needs == "classes":
            assert self.extractor
            return self.data.all_train_features(self.extractor)
        if self.extractor:
            return self.data.train_features(self.extractor)
        if needs == "modes":
            return self.data.train
        return self.data.train.images if self.score.all_real else self.data.samples("train")

    def floor_count(self, count: int) -> int:
        """Return how many real samples stand in place of `count` fakes: as many as there are.

        Of held-out ones one half, where the other is what is held against them.
        """
        if self.score.needs == "labelled":
            return min(count, len(self.data.train))
        there = len(self.data.test)
        return min(count, there // 2 if self.score.needs == "splits" else there)

    def floor(self, count: int) -> tuple[Any, Any]:
        """Return the real side of the floor, and the real samples in place of `count` fakes."""
        needs = self.score.needs
        if needs == "splits":
            held_out = self._test_rows()
            half = len(held_out) // 2
            return Splits(self._train_rows(), held_out[half:]), held_out[:half][:count]
        if needs == "labelled":
            return self.data.test, first_rows(shuffled_dataset(self.data.train), count)
        if self.extractor:
            return self.real(), first(self.data.test_features(self.extractor), count)
        return self.real(), self.data.samples("test")[:count]

    def splits(self) -> tuple[str, str]:
        """Return which split is the real side, and which stands in place of fakes."""
        return ("test", "train") if self.score.needs == "labelled" else ("train", "test")

    def _train_rows(self) -> Any:
        if self.extractor:
            return self.data.all_train_features(self.extractor).values
        return self.data.train.images

    def _test_rows(self) -> Any:
        if self.extractor:
            return self.data.test_features(self.extractor).values
        return self.data.samples("test")


def first(samples: Any, count: int) -> Any:
    """Return the first `count` of what a score was given as fake."""
    if isinstance(samples, Features):
        values, logits, labels = samples.values, samples.logits, samples.labels
        return Features(
            values[:count],
            None if logits is None else logits[:count],
            None if labels is None else labels[:count],
        )
    return first_rows(samples, count) if isinstance(samples, ImageDataset) else samples[:count]


def size(score: Score, real: Any) -> int:
    """Return how many real samples a score is held against."""
    if isinstance(real, Splits):
        return len(real.train)
    if not isinstance(real, Features):
        return len(real)
    return real.moments.count if score.all_real else len(real.values)
