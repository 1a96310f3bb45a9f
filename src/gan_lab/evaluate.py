"""Scores of a generator, each with the protocol that makes it comparable."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gan_lab import __version__, build
from gan_lab.console import say
from gan_lab.data import ImageDataset
from gan_lab.errors import RunError
from gan_lab.extractors import Extractor, Reference, describe, inception, inception_file, reference
from gan_lab.instantiate import instantiate
from gan_lab.record import is_labelled
from gan_lab.runs import Run
from gan_lab.sampling import generate, sample_labels, sample_latents

Record = dict[str, Any]
# What the Fréchet distance is called: FID is the name of one extractor's alone.
FRECHET_NAMES = {"classifier": "fd_classifier", "inception": "fid"}


class Scorer:
    """Scores the generators of one run; extractors and real sides are made when first needed."""

    def __init__(
        self,
        record: Mapping[str, Any],
        run: Run,
        device: torch.device,
        trusted: bool = True,
    ):
        self._record, self._run, self._device = record, run, device
        self._trusted = trusted
        self._cache_dir = Path(record["runtime"]["cache_dir"]).expanduser()
        self._ready: dict[str, tuple[Extractor, Reference] | None] = {}

    def during_training(self, generator: nn.Module, step: int) -> dict[str, float]:
        """Score the averaged generator on a small sample; return the `score/...` scalars."""
        count = self._record["runtime"]["evaluation"]["samples_during"]
        records = self.score(generator, "ema", step, count, ["classifier"])
        return {f"score/{record['score']}": record["value"] for record in records}

    def score(
        self,
        generator: nn.Module,
        weights: str,
        step: int,
        count: int,
        extractors: list[str],
        download: bool = False,
    ) -> list[Record]:
        """Score `count` samples, append the records to evaluations.jsonl and return them.

        An extractor that cannot be had is said once, and left out.
        """
        seed, latent_dim = self._record["seed"], self._record["latent_dim"]
        records: list[Record] = []
        images = None
        labels = None
        if is_labelled(self._record):
            labels = sample_labels(seed, self._record["class_counts"], count)
        for kind in extractors:
            ready = self._prepare(kind, download)
            if ready is None:
                continue
            extractor, real = ready
            if images is None:
                images = generate(generator, sample_latents(seed, count, latent_dim), labels)
            values = describe(extractor.extract(images), real.moments, labels)
            protocol = {
                "extractor": extractor.name,
                "sha256": extractor.sha256,
                "resize": extractor.resize,
                "real_split": "train",
                "real_count": real.moments.count,
                "generated_count": count,
                "weights": weights,
                "seed": seed,
                "version": __version__,
            }
            for name, value in values.items():
                score = FRECHET_NAMES[kind] if name == "frechet" else name
                records.append(
                    {
                        "step": step,
                        "score": score,
                        "value": value,
                        "floor": real.floors[name],
                        "protocol": protocol,
                    }
                )
        self._run.add_evaluations(records)
        return records

    def available(self) -> list[str]:
        """The extractors that a finished run is scored with, without being told which."""
        weights = self._record["runtime"]["evaluation"]["inception_weights"]
        if self._record["dataset"].get("points"):
            return ["classifier"]
        if weights or inception_file():
            return ["classifier", "inception"]
        say(
            "FID      not computed: the Inception weights are not here; with a network, "
            "`gan-lab evaluate RUN --scores fid` fetches them"
        )
        return ["classifier"]

    def _prepare(self, kind: str, download: bool) -> tuple[Extractor, Reference] | None:
        if kind not in self._ready:
            try:
                extractor = self._extractor(kind, download)
                self._ready[kind] = extractor, reference(extractor, self._split, self._cache_dir)
            except RunError as error:
                say(str(error))
                self._ready[kind] = None
        return self._ready[kind]

    def _extractor(self, kind: str, download: bool) -> Extractor:
        if kind == "inception":
            settings = self._record["runtime"]["evaluation"]
            return inception(
                self._device, settings["inception_weights"], settings["inception_sha256"], download
            )
        if self._record["dataset"]["classifier"] is None:
            name = self._record["choices"]["dataset"]
            raise RunError(f"{name} has no classifier: no scores but FID")
        return instantiate(
            self._record["dataset"]["classifier"],
            self._trusted,
            load_split=self._split,
            cache_dir=self._cache_dir,
            device=self._device,
            dataset_name=self._record["choices"]["dataset"],
        )

    def _split(self, split: str, image_size: int | None) -> ImageDataset:
        """Load a split in the classifier's own size, so that its distance is one quantity for all
        runs, or (None) as the networks see it."""
        size = self._record["image_size"] if image_size is None else image_size
        return build.dataset(self._record, self._trusted, split=split, image_size=size)


def score_both(
    scorer: Scorer,
    generator: nn.Module,
    average: nn.Module,
    step: int,
    count: int,
    extractors: list[str],
    download: bool = False,
) -> list[Record]:
    """Score the averaged and the raw generator on `count` samples and say the result."""
    records = scorer.score(average, "ema", step, count, extractors, download)
    records += scorer.score(generator, "raw", step, count, extractors, download)
    for line in score_table(records):
        say(line)
    return records


def score_table(records: list[Record]) -> list[str]:
    """Return a table of the scores of one step: averaged, raw and the floor beside each other."""
    values = {(r["score"], r["protocol"]["weights"]): r["value"] for r in records}
    rows = {r["score"]: r for r in records}
    lines = [f"{'score':<24}{'EMA':>10}{'raw':>10}{'real test':>12}"] if rows else []
    for name, row in rows.items():
        cells = [f"{values.get((name, weights), math.nan):>10.4g}" for weights in ("ema", "raw")]
        lines.append(f"{display_name(row):<24}{''.join(cells)}{row['floor']:>12.4g}")
    return lines


def display_name(record: Record) -> str:
    """Return how a score is called: the extractor is part of a distance's name."""
    names = {
        "fd_classifier": f"FD-{record['protocol']['extractor']}",
        "fid": "FID",
        "confident": "confident (p > 0.9)",
        "smallest_class": "rarest class",
        "largest_class": "commonest class",
        "agreement": "class agreement",
    }
    return names.get(record["score"]) or str(record["score"])


def evaluate_run(
    run: Run,
    record: Mapping[str, Any],
    count: int | None,
    extractors: list[str] | None,
    trusted: bool,
) -> list[Record]:
    """Score both generators of a run's newest checkpoint. Raises RunError if it has none."""
    device = build.device(record["runtime"])
    state = run.load_checkpoint(say)
    if state is None:
        raise RunError(f"{run.directory} has no checkpoint yet; train it first.")
    average, generator = build.trained_generators(record, state, device, trusted)
    scorer = Scorer(record, run, device, trusted)
    asked = extractors is not None
    return score_both(
        scorer,
        generator,
        average,
        state["progress"]["step"],
        count or record["runtime"]["evaluation"]["samples"],
        extractors or scorer.available(),
        download=asked,
    )
