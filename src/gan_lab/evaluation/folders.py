"""Scores of one folder of images against another: any images, from any program."""

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import expanded
from gan_lab.data import ImageDataset, image_dimensions, image_folder, reading_once
from gan_lab.evaluation.evaluator import Evaluator, Samples
from gan_lab.evaluation.extractors import Extractor, inception
from gan_lab.evaluation.reference import Reference, shuffled
from gan_lab.evaluation.scores import load_score, scores_that_need
from gan_lab.runs.lines import ScoreLine

FEWEST = 20  # images a folder: a score of fewer says nothing
ALLOWED = ("images", "samples", "inception")  # what scores of folders may need


@dataclass(frozen=True)
class InceptionFile:
    """Where the weights are, and what they must be."""

    weights: str | None
    sha256: str


def default_scores() -> list[str]:
    """Return the scores of folders that need no weights."""
    names = scores_that_need("images", "samples")
    return [name for name in names if not load_score(name).on_request]


def score_folders(
    real: Path, fake: Path, names: list[str], device: torch.device, weights: InceptionFile
) -> list[ScoreLine]:
    """Return the scores of the images below `fake` against those below `real`.

    Both become squares (the centre) of one side in RGB: the smaller of the sides that are the most
    frequent in each folder, bilinear with antialias. The floor is one half of the real images
    against the other. A score that such images cannot have is said and left out. Raises UsageError
    for one that needs a classifier, RunError for a folder without enough images, and what a score
    raises if none can be had.
    """
    for name in names:
        if load_score(name).needs not in ALLOWED:
            raise UsageError(
                f"{name} cannot be had: folders have no classifier, no splits and no modes; choose "
                f"from {', '.join(scores_that_need(*ALLOWED))}."
            )
    for folder in (real, fake):
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.")
    with reading_once():
        both = list(dict.fromkeys((real, fake)))  # one, if a folder is scored against itself
        side = min(map(_commonest_side, both))
        loaded = {folder: _load(folder, side) for folder in both}
    real_images, fake_images = loaded[real], loaded[fake]
    cache_dir = expanded(os.environ.get("GAN_LAB_CACHE", "~/.cache/gan_lab"))
    half = len(real_images) // 2
    evaluator = Evaluator(
        dataset=str(real),
        real=Reference(_splits(real_images, real_images), cache_dir),
        floor=Reference(_splits(real_images[:half], real_images[half:]), cache_dir),
        extractor=lambda _: _inception(device, weights),
        resize=f"centre square, RGB, bilinear with antialias to {side}",
    )
    # In the order in which the real ones are taken, so that a folder is at 0 from itself.
    ordered = shuffled(fake_images)
    samples = Samples(lambda first, last: (ordered[first:last], None))
    lines: list[ScoreLine] = []
    refused: dict[str, Exception] = {}
    for name in names:
        try:
            lines += evaluator.evaluate(load_score(name), samples, len(ordered), sets=1)
        except (RunError, UsageError) as error:
            refused[name] = error
    if not lines:
        raise next(iter(refused.values()))
    for name, reason in refused.items():
        say(f"{name} not computed: {reason}")
    unknown = {"weights": None, "seed": None}
    return [replace(line, protocol={**line.protocol, **unknown}) for line in lines]


def _commonest_side(folder: Path) -> int:
    """Return the side that most images below a folder have, the shorter one of each image."""
    sides = Counter(map(min, image_dimensions(folder)))
    if sides.total() < FEWEST:
        count = f"{sides.total()} readable images"
        raise RunError(f"{folder} has {count}; a score needs at least {FEWEST}.")
    return sides.most_common(1)[0][0]


def _load(folder: Path, side: int) -> Tensor:
    try:
        data = image_folder(folder, ".", side, 3, "all", bad_images="refuse", layout=2)
    except (OSError, ValueError) as error:
        raise RunError(str(error)) from error
    for text in data.facts.left_out if data.facts else ():
        say(f"{folder}: left out {text}")
    return shuffled(data.images)


def _splits(train: Tensor, test: Tensor) -> Any:
    data = {"train": ImageDataset(train), "test": ImageDataset(test)}
    return lambda split, image_size: data[split]


def _inception(device: torch.device, file: InceptionFile) -> Extractor:
    return inception(device, file.weights, file.sha256, download=True)
