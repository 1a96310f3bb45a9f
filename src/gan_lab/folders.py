"""Scores of one folder of images against another: any images, from any program."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lab.data import ImageDataset, image_folder, image_sides
from gan_lab.errors import RunError, UsageError
from gan_lab.extractors import Extractor, inception
from gan_lab.judge import Judge, Samples
from gan_lab.real_side import RealSide, shuffled
from gan_lab.scores import load_score

Record = dict[str, Any]

FEWEST = 20  # images a folder: a score of fewer says nothing
SCORES = ("swd", "ssim", "pairwise_distance", "nearest_train")  # which need no weights
ALLOWED = {"images", "samples", "inception"}  # what scores of folders may need


@dataclass(frozen=True)
class InceptionFile:
    """Where the weights are, and what they must be."""

    weights: str | None
    sha256: str


def score_folders(
    real: Path, fake: Path, names: list[str], device: torch.device, weights: InceptionFile
) -> list[Record]:
    """Return the scores of the images below `fake` against those below `real`.

    Both become squares (the centre) of one side in RGB: the smaller of the sides that are the most
    frequent in each folder, bilinear with antialias. The floor is one half of the real images
    against the other. Raises UsageError for a score that needs a classifier, RunError for a folder
    without enough images.
    """
    for name in names:
        if load_score(name).needs not in ALLOWED:
            raise UsageError(
                f"{name} cannot be had: folders have no classifier and no modes; choose from "
                f"{', '.join(SCORES)}, fid, kid, inception_score."
            )
    side = min(_commonest_side(folder) for folder in (real, fake))
    real_images, fake_images = (_load(folder, side) for folder in (real, fake))
    cache_dir = Path(os.environ.get("GAN_LAB_CACHE", "~/.cache/gan_lab")).expanduser()
    half = len(real_images) // 2
    judge = Judge(
        dataset=str(real),
        real=RealSide(_splits(real_images, real_images), cache_dir),
        floor=RealSide(_splits(real_images[:half], real_images[half:]), cache_dir),
        extractor=lambda _: _inception(device, weights),
        resize=f"centre square, RGB, bilinear with antialias to {side}",
    )
    samples = Samples(lambda first, last: (fake_images[first:last], None))
    return [
        {**record, "protocol": {**record["protocol"], "weights": None, "seed": None}}
        for name in names
        for record in judge.judge(load_score(name), samples, len(fake_images), sets=1)
    ]


def _commonest_side(folder: Path) -> int:
    """Return the side that most images below a folder have, the shorter one of each image."""
    sides = Counter(image_sides(folder, "."))
    if sides.total() < FEWEST:
        raise RunError(f"{folder} has {sides.total()} images; a score needs at least {FEWEST}.")
    return sides.most_common(1)[0][0]


def _load(folder: Path, side: int) -> Tensor:
    try:
        splits = [image_folder(folder, ".", side, 3, split) for split in ("train", "test")]
    except (OSError, ValueError) as error:
        raise RunError(str(error)) from error
    return shuffled(torch.cat([data.images for data in splits]))


def _splits(train: Tensor, test: Tensor) -> Any:
    data = {"train": ImageDataset(train), "test": ImageDataset(test)}
    return lambda split, image_size: data[split]


def _inception(device: torch.device, file: InceptionFile) -> Extractor:
    return inception(device, file.weights, file.sha256, download=True)
