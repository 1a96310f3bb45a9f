"""What a dataset is: numbers, classes, source, files, and a sheet of its images."""

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from math import prod
from pathlib import Path

import numpy as np
import torch

from gan_lab.common.cache import make_private
from gan_lab.common.console import percent
from gan_lab.common.paths import expanded
from gan_lab.config.run_config import RunConfig
from gan_lab.data import (
    ImageDataset,
    PointDataset,
    folder_size,
    human_size,
    image_dimensions,
)
from gan_lab.figures.points import scatter
from gan_lab.figures.tiles import grid, save_png
from gan_lab.training import build

SHEET_CLASSES, SHEET_COLUMNS = 20, 10
MEASURED = 2000  # files of a folder whose headers are read
LISTED_CLASSES = 20


def explain_dataset(config: RunConfig) -> Iterator[str]:
    """Yield the lines that describe the dataset of a run; the last is the path of its sheet.

    Raises RunError, which says what to fetch, if its files are not there.
    """
    name = config.choices.dataset
    train, test = (build.dataset(config, split=split) for split in ("train", "test"))
    kind = "points" if isinstance(train, PointDataset) else "images"
    yield f"dataset={name}"
    yield f"  {kind:<10}{len(train):,} to train on, {len(test):,} held out to test"
    yield f"  shape     {'x'.join(map(str, train.shape))}, as networks see them"
    yield from _sizes(train)
    yield from _taken(train)
    if train.cache:
        yield from _twice(train, test)
    yield from _balance(train, test)
    yield f"  source    {config.dataset.source}"
    yield f"  licence   {config.dataset.licence}"
    yield f"  found in  {train.origin}"
    if train.cache:
        everything = human_size(folder_size(train.cache.parent))
        yield f"  decoded   {train.cache} ({human_size(folder_size(train.cache))})"
        yield f"  cache_dir {train.cache.parent} ({everything})"
    cache_dir = expanded(config.runtime.cache_dir)
    make_private(cache_dir)
    path = cache_dir / "sheets" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    save_png(_sheet(train), path)
    yield ""
    yield f"{path}"


def name_dataset(config: RunConfig) -> Iterator[str]:
    """Yield where the dataset of a run is from; nothing is loaded for it."""
    name = config.choices.dataset
    yield f"dataset={name}"
    yield f"  source    {config.dataset.source}"
    yield f"  licence   {config.dataset.licence}"
    yield f"  `gan-lab explain dataset={name}` counts and shows its images"


def _sizes(data: ImageDataset) -> Iterator[str]:
    """Yield how large the images of a folder are in their files, by the number of pixels."""
    if not data.cache:
        return
    found = Counter(image_dimensions(Path(data.origin), MEASURED))
    if not found:
        return
    ascending = sorted(found, key=lambda size: (prod(size), size))
    commonest, count = found.most_common(1)[0]
    smallest, largest, usual = map(_pixels, (ascending[0], ascending[-1], commonest))
    sizes = f"{smallest} to {largest}, most often {usual}" if len(found) > 1 else f"all {usual}"
    yield f"  files     {sizes} ({count:,} of {found.total():,} looked at)"


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _taken(data: ImageDataset) -> Iterator[str]:
    """Yield how a folder was read, what was left out of it, and what is odd about its images."""
    if data.facts is None:
        return
    if data.facts.levels is not None:
        lowest, highest = data.facts.levels
        yield f"  {'levels':<10}{lowest} to {highest}"
    for heading, text in data.facts.lines():
        yield f"  {heading:<10}{text}"


def _twice(train: ImageDataset, test: ImageDataset) -> Iterator[str]:
    """Yield how many images are copies of others, as networks see them."""
    trained, tested = _hashes(train), _hashes(test)
    known = set(trained)
    within = [len(hashes) - len(set(hashes)) for hashes in (trained, tested)]
    between = sum(one in known for one in tested)
    yield (
        f"  copies    {within[0]:,} within train, {within[1]:,} within test, {between:,} of test "
        "also in train"
    )


def _hashes(data: ImageDataset) -> list[bytes]:
    return [blake2b(image.numpy().tobytes(), digest_size=16).digest() for image in data.images]


def _balance(train: ImageDataset, test: ImageDataset) -> Iterator[str]:
    if train.labels is None or test.labels is None:
        yield "  classes   none"
        return
    counts, held_out = (
        labels.bincount(minlength=len(train.classes)) for labels in (train.labels, test.labels)
    )
    yield f"  classes   {len(counts)}, of {int(counts.min()):,} to {int(counts.max()):,}"
    rows = zip(train.classes, counts.tolist(), held_out.tolist(), strict=True)
    for name, count, tests in list(rows)[:LISTED_CLASSES]:
        yield f"    {name:<16}{count:>9,}{percent(count / len(train)):>8}{tests:>9,} held out"
    if len(counts) > LISTED_CLASSES:
        yield f"    and {len(counts) - LISTED_CLASSES} more"


def _sheet(data: ImageDataset) -> np.ndarray:
    """Return a picture of the first images of each of up to twenty classes, a row for each."""
    if isinstance(data, PointDataset):
        return scatter(data.images[:2500], data.images[:0])
    if data.labels is None:
        return grid(data.images[: SHEET_CLASSES * SHEET_COLUMNS], SHEET_COLUMNS)
    blank = data.images.new_full((1, *data.images.shape[1:]), 255)
    rows = []
    for label in range(min(len(data.classes), SHEET_CLASSES)):
        images = data.images[(data.labels == label).nonzero().flatten()[:SHEET_COLUMNS]]
        rows += [images, blank.expand(SHEET_COLUMNS - len(images), *blank.shape[1:])]
    return grid(torch.cat(rows), SHEET_COLUMNS)
