"""Scores of a generator, each with its floor, its interval and the protocol it depends on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_lab.common.console import say, say_figures
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import expanded
from gan_lab.config.run_config import RunConfig
from gan_lab.data import ImageDataset
from gan_lab.evaluation.evaluator import Draw, Evaluator, Samples
from gan_lab.evaluation.extractors import Extractor, classifier_of, inception, inception_file
from gan_lab.evaluation.measures import Features
from gan_lab.evaluation.reference import Reference
from gan_lab.evaluation.scores import asked_scores, score_of, with_scores_of
from gan_lab.evaluation.tables import score_table
from gan_lab.figures.captions import WEIGHTS, caption
from gan_lab.figures.spectrum import Spectrum, draw_spectra
from gan_lab.metrics import (
    JudgeErrors,
    radial_spectrum,
    ring_frequencies,
    rounding_power,
    sure_classes,
)
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import Protocol, ScoreLine
from gan_lab.runs.protocol import shape_words
from gan_lab.training import build
from gan_lab.training.sampling import generate, sample_labels, sample_latents
from gan_lab.training.trained import TrainedRun

SPECTRUM = "spectrum"  # the score that comes with a figure
Look = Callable[[Tensor, Tensor | None], dict[str, float]]


class RunEvaluator:
    """Scores the generators of one run; extractors and real sides are made when first needed."""

    def __init__(
        self,
        config: RunConfig,
        run: Run,
        device: torch.device,
        download: bool = False,
    ):
        self.config, self.run, self._device = config, run, device
        self._download = download
        self._extractors: dict[str, Extractor | Exception] = {}
        self._said: set[str] = set()
        self._evaluator = Evaluator(
            dataset=config.choices.dataset,
            real=Reference(self._split, expanded(config.runtime.cache_dir)),
            extractor=self.extractor,
            resize=f"none: {shape_words(config.shape)}, as the networks see them",
            has_classifier=bool(config.dataset.classifier),
        )

    def during_training(
        self, generator: nn.Module, step: int, look: Look | None = None
    ) -> dict[str, float]:
        """Score the averaged generator on one small sample; return the `score/...` scalars.

        `look` is shown the samples, and their logits where there is a classifier; what it returns
        is added.
        """
        count = self.config.runtime.evaluation.samples_during
        samples = self.samples_of(generator)
        names = self.config.dataset.scores_during_training
        lines = self._score(samples, "ema", step, count, names, final=False)
        scalars = {f"score/{line.score}": line.value for line in lines}
        if look:
            scalars |= look(samples.seen_by(None, 0, count), self._logits(samples, count))
        return scalars

    def _logits(self, samples: Samples, count: int) -> Tensor | None:
        if not self.config.dataset.classifier:
            return None
        try:
            features: Features = samples.seen_by(self.extractor("classifier"), 0, count)
            return features.logits
        except (RunError, UsageError):  # one that is too often wrong; said where scores are
            return None

    def judge_errors(self) -> JudgeErrors | None:
        """Return how the classifier errs where it is sure; None if there is none."""
        if not self.config.dataset.classifier:
            return None
        try:
            extractor = self.extractor("classifier")
        except (RunError, UsageError):
            return None
        return self.reference.judge_errors(extractor, "sure", _sure)

    @property
    def reference(self) -> Reference:
        """The real data that samples of this run are held against."""
        return self._evaluator.real

    def samples_of(self, generator: nn.Module) -> Samples:
        """Return a generator's samples, for all that is asked of them."""
        return Samples(self._draw(generator))

    def score(
        self, samples: Samples, weights: str, step: int, count: int, names: Sequence[str]
    ) -> list[ScoreLine]:
        """Score sets of `count` samples, append the lines to evaluations.jsonl and return them.

        A score that cannot be had is said once, and left out.
        """
        return self._score(samples, weights, step, count, names, final=True)

    def available(self) -> list[str]:
        """Return the scores that a finished run gets without being told which."""
        names, refused = asked_scores(self.config.dataset.scores, self.config)
        for reason in refused:
            self._say_once(reason)
        weights = self.config.runtime.evaluation.inception_weights
        missing = [name for name in names if score_of(self.config, name).needs == "inception"]
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
        names: Sequence[str],
        final: bool,
    ) -> list[ScoreLine]:
        whose: Protocol = {"weights": weights, "seed": self.config.seed}
        lines: list[ScoreLine] = []
        for name in names:
            score = score_of(self.config, name)
            try:
                found = self._evaluator.evaluate(score, samples, count, score.sets if final else 1)
            except (RunError, UsageError) as error:
                self._say_once(f"{name} not computed: {error}")
                continue
            lines += [
                replace(line, step=step, protocol={**line.protocol, **whose}) for line in found
            ]
        self.run.add_evaluations(lines)
        return lines

    def _draw(self, generator: nn.Module) -> Draw:
        seed, latent_dim = self.config.seed, self.config.latent_dim

        def draw(first: int, last: int) -> tuple[Tensor, Tensor | None]:
            labels = None
            if self.config.is_conditional:
                labels = sample_labels(seed, self.config.class_counts, last)[first:]
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
            return classifier_of(self.config, self._device)
        settings = self.config.runtime.evaluation
        weights, sha256 = settings.inception_weights, settings.inception_sha256
        return inception(self._device, weights, sha256, self._download)

    def _split(self, split: str, image_size: int | None) -> ImageDataset:
        """Load a split in the extractor's own size, so that its distance is one quantity for all
        runs, or (None) as the networks see it."""
        size = self.config.image_size if image_size is None else image_size
        return build.dataset(self.config, split=split, image_size=size)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            say(text)


def _sure(features: Features) -> Tensor:
    assert features.logits is not None
    return sure_classes(features.logits)


def score_both(
    evaluator: RunEvaluator,
    raw: Samples,
    averaged: Samples,
    step: int,
    count: int,
    names: Sequence[str],
) -> list[ScoreLine]:
    """Score samples of the averaged and the raw generator in sets of `count`; say the result."""
    if names:
        say(f"scoring   both generators by {', '.join(names)}")
    lines = evaluator.score(averaged, "ema", step, count, names)
    lines += evaluator.score(raw, "raw", step, count, names)
    with with_scores_of([evaluator.config]):
        for text in score_table(lines):
            say(text)
    if any(line.score == SPECTRUM for line in lines):
        say_figures(_draw_spectra(evaluator, {"ema": averaged, "raw": raw}, step, count))
    return lines


def _draw_spectra(
    evaluator: RunEvaluator, samples: Mapping[str, Samples], step: int, count: int
) -> Path:
    """Draw the spectra of samples, by their weights, beside that of the training images."""
    config, real = evaluator.config, evaluator.reference.samples("train")
    size = tuple(real.shape[-2:])
    lines = {"ema": "-", "raw": "--"}

    def power(images: Tensor) -> Tensor:
        # Without ring 0, the brightness; with what rounding adds, as the score has it.
        return radial_spectrum(images).mean(0)[1:] + rounding_power(*size)

    fakes = [
        Spectrum(
            f"samples, {WEIGHTS[name]}", "fake", power(drawn.seen_by(None, 0, count)), lines[name]
        )
        for name, drawn in samples.items()
    ]
    what = (
        f"Radial power spectra of {len(real):,} training images and {count:,} samples. Dotted: "
        "where patterns lie that repeat every few pixels. "
    )
    return draw_spectra(
        ring_frequencies(*size)[1:],
        Spectrum("training images", "real", power(real)),
        fakes,
        evaluator.run.figures / "spectrum.png",
        f"{what}{caption(config, step)}.",
    )


def evaluate_run(
    opened: TrainedRun, count: int | None, names: Sequence[str] | None
) -> list[ScoreLine]:
    """Score both generators of a run's newest checkpoint, by the names of the scores or by all.

    Raises RunError if it has none, UsageError for a score that makes no sense for its data, or if
    none is asked for.
    """
    if names:
        _, refused = asked_scores(names, opened.config)
        if refused:
            raise UsageError(refused[0])
    evaluator = RunEvaluator(opened.config, opened.run, opened.device, download=names is not None)
    wanted = names or _recorded(evaluator, opened)
    if not wanted:
        raise UsageError(
            f"{opened.run.directory}: no score is asked for; --scores NAME,... asks for one."
        )
    return score_both(
        evaluator,
        evaluator.samples_of(opened.raw_generator),
        evaluator.samples_of(opened.generator),
        opened.step,
        count or opened.config.runtime.evaluation.samples,
        wanted,
    )


def _recorded(evaluator: RunEvaluator, opened: TrainedRun) -> list[str]:
    """Return the scores that a run's config asks for. Raises RunError for one that nobody knows."""
    try:
        return evaluator.available()
    except UsageError as error:
        raise RunError(f"{opened.run.config_path}: {error}") from None
