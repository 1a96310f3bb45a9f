"""Scores of a generator, each with its floor, its interval and the protocol it depends on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError
from gan_lab.config.run_config import is_labelled, listed_scores, scores_during_training
from gan_lab.data import ImageDataset
from gan_lab.evaluation.evaluator import Draw, Evaluator, Samples
from gan_lab.evaluation.extractors import Extractor, classifier_of, inception, inception_file
from gan_lab.evaluation.measures import Features
from gan_lab.evaluation.reference import Reference
from gan_lab.evaluation.scores import asked_scores, load_score
from gan_lab.evaluation.tables import score_table
from gan_lab.runs.directory import Run
from gan_lab.training import build
from gan_lab.training.device import set_up_device
from gan_lab.training.sampling import generate, sample_labels, sample_latents
from gan_lab.training.trained import trained_generators

Record = dict[str, Any]
Look = Callable[[Tensor, Tensor | None], dict[str, float]]


class RunEvaluator:
    """Scores the generators of one run; extractors and real sides are made when first needed."""

    def __init__(
        self,
        record: Mapping[str, Any],
        run: Run,
        device: torch.device,
        download: bool = False,
    ):
        self.record, self.run, self._device = record, run, device
        self._download = download
        self._extractors: dict[str, Extractor | Exception] = {}
        self._said: set[str] = set()
        self._evaluator = Evaluator(
            dataset=record["choices"]["dataset"],
            real=Reference(self._split, Path(record["runtime"]["cache_dir"]).expanduser()),
            extractor=self.extractor,
            resize=f"none: {'x'.join(map(str, record['shape']))}, as the networks see them",
        )

    def during_training(
        self, generator: nn.Module, step: int, look: Look | None = None
    ) -> dict[str, float]:
        """Score the averaged generator on one small sample; return the `score/...` scalars.

        `look` is shown the samples, and their logits where there is a classifier; what it returns
        is added.
        """
        count = self.record["runtime"]["evaluation"]["samples_during"]
        samples = self.samples_of(generator)
        names = scores_during_training(self.record)
        records = self._score(samples, "ema", step, count, names, final=False)
        scalars = {f"score/{record['score']}": record["value"] for record in records}
        if look:
            scalars |= look(samples.seen_by(None, 0, count), self._logits(samples, count))
        return scalars

    def _logits(self, samples: Samples, count: int) -> Tensor | None:
        if not self.record["dataset"]["classifier"]:
            return None
        try:
            features: Features = samples.seen_by(self.extractor("classifier"), 0, count)
            return features.logits
        except (RunError, UsageError):  # one that is too often wrong; said where scores are
            return None

    @property
    def reference(self) -> Reference:
        """The real data that samples of this run are held against."""
        return self._evaluator.real

    def samples_of(self, generator: nn.Module) -> Samples:
        """Return a generator's samples, for all that is asked of them."""
        return Samples(self._draw(generator))

    def score(
        self, samples: Samples, weights: str, step: int, count: int, names: list[str]
    ) -> list[Record]:
        """Score sets of `count` samples, append the records to evaluations.jsonl and return them.

        A score that cannot be had is said once, and left out.
        """
        return self._score(samples, weights, step, count, names, final=True)

    def available(self) -> list[str]:
        """Return the scores that a finished run gets without being told which."""
        names, refused = asked_scores(listed_scores(self.record), self.record)
        for reason in refused:
            self._say_once(reason)
        weights = self.record["runtime"]["evaluation"]["inception_weights"]
        missing = [name for name in names if load_score(name).needs == "inception"]
        if weights or inception_file() or not missing:
            return names
        self._say_once(
            f"{', '.join(missing)} not computed: the Inception weights are not here; with a "
            f"network, `gan-lab evaluate RUN --scores {missing[0]}` fetches them"
        )
        return [name for name in names if name not in missing]

    def _score(
        self,
        samples: Samples,
        weights: str,
        step: int,
        count: int,
        names: list[str],
        final: bool,
    ) -> list[Record]:
        records: list[Record] = []
        for name in names:
            score = load_score(name)
            try:
                found = self._evaluator.evaluate(score, samples, count, score.sets if final else 1)
            except (RunError, UsageError) as error:
                self._say_once(f"{name} not computed: {error}")
                continue
            for record in found:
                protocol = {**record["protocol"], "weights": weights, "seed": self.record["seed"]}
                records.append({"step": step, **record, "protocol": protocol})
        self.run.add_evaluations(records)
        return records

    def _draw(self, generator: nn.Module) -> Draw:
        seed, latent_dim = self.record["seed"], self.record["latent_dim"]

        def draw(first: int, last: int) -> tuple[Tensor, Tensor | None]:
            labels = None
            if is_labelled(self.record):
                labels = sample_labels(seed, self.record["class_counts"], last)[first:]
            return generate(
                generator, sample_latents(seed, last, latent_dim)[first:], labels
            ), labels

        return draw

    def extractor(self, kind: str) -> Extractor:
        """Return an extractor, made once: one that cannot be had is not tried again."""
        if kind not in self._extractors:
            try:
                self._extractors[kind] = self._make_extractor(kind)
            except (RunError, UsageError) as error:
                self._extractors[kind] = error
        found = self._extractors[kind]
        if isinstance(found, Exception):
            raise found
        return found

    def _make_extractor(self, kind: str) -> Extractor:
        if kind == "classifier":
            return classifier_of(self.record, self._device)
        settings = self.record["runtime"]["evaluation"]
        weights, sha256 = settings["inception_weights"], settings["inception_sha256"]
        return inception(self._device, weights, sha256, self._download)

    def _split(self, split: str, image_size: int | None) -> ImageDataset:
        """Load a split in the extractor's own size, so that its distance is one quantity for all
        runs, or (None) as the networks see it."""
        size = self.record["image_size"] if image_size is None else image_size
        return build.dataset(self.record, split=split, image_size=size)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            say(text)


def score_both(
    evaluator: RunEvaluator,
    raw: Samples,
    averaged: Samples,
    step: int,
    count: int,
    names: list[str],
) -> list[Record]:
    """Score samples of the averaged and the raw generator in sets of `count`; say the result."""
    records = evaluator.score(averaged, "ema", step, count, names)
    records += evaluator.score(raw, "raw", step, count, names)
    for line in score_table(records):
        say(line)
    return records


def evaluate_run(
    run: Run,
    record: Mapping[str, Any],
    count: int | None,
    names: list[str] | None,
) -> list[Record]:
    """Score both generators of a run's newest checkpoint, by the names of the scores or by all.

    Raises RunError if it has none, UsageError for a score that makes no sense for its data.
    """
    if names:
        _, refused = asked_scores(names, record)
        if refused:
            raise UsageError(refused[0])
    device = set_up_device(record["runtime"])
    state = run.trained(say)
    average, generator = trained_generators(record, state, device)
    evaluator = RunEvaluator(record, run, device, download=names is not None)
    return score_both(
        evaluator,
        evaluator.samples_of(generator),
        evaluator.samples_of(average),
        state["progress"]["step"],
        count or record["runtime"]["evaluation"]["samples"],
        names or evaluator.available(),
    )
