"""The real side of all scores of a dataset: computed when first needed, then kept in files."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor

from gan_lab.common.cache import (
    Unfit,
    WithoutHash,
    find_kept,
    make_private,
    read_kept,
    read_sealed,
    refuse_shared,
    write_sealed,
)
from gan_lab.common.files import MOST_BYTES, new_file
from gan_lab.common.typed import Json
from gan_lab.data import ImageDataset
from gan_lab.evaluation.classifier import metadata_of
from gan_lab.evaluation.extractors import Extractor, LoadSplit, content_hash
from gan_lab.evaluation.measures import Features
from gan_lab.metrics import UNSURE, Confusion, JudgeErrors, Moments, moments

CACHE = "real-2"  # a new number whenever what is kept, or how it is computed, changes
ROWS = 10_000  # real samples, at random, of scores that do not take all
WHOLE = 2**24  # numbers of features that are in memory at once: 134 MB in float64
PART = 5_000  # images at a time, where there are more numbers than that
Floors = dict[str, float]
Judge = Callable[[Features], Tensor]  # the class of each image [N], -1 where it is not sure


class Reference:
    """The training split, against which samples are scored, and the test split, whose are floors.

    Both are taken in random order, the same for all: files of a folder lie sorted by class.
    Raises RunError if others may write to `cache_dir`.
    """

    def __init__(self, load_split: LoadSplit, cache_dir: Path):
        refuse_shared(cache_dir)
        self._load_split, self._cache_dir = load_split, cache_dir
        self._features: dict[tuple[str, str], Features] = {}
        self._hashes: dict[int | None, str] = {}

    @cached_property
    def train(self) -> ImageDataset:
        """The training split, as the networks see it."""
        return self._load_split("train", None)

    @cached_property
    def test(self) -> ImageDataset:
        """The test split, as the networks see it."""
        return self._load_split("test", None)

    def hash(self, extractor: Extractor | None) -> str:
        """Return 12 hex digits of the training split as an extractor, or the networks, see it."""
        size = extractor.image_size if extractor else None
        if size not in self._hashes:
            self._hashes[size] = content_hash(self._load_split("train", size))
        return self._hashes[size]

    def samples(self, split: str) -> Tensor:
        """Return up to 10,000 random samples of a split, as the networks see them."""
        data = self.train if split == "train" else self.test
        return shuffled(data.images, ROWS)

    def train_features(self, extractor: Extractor) -> Features:
        """Return what an extractor says of the training split: all moments, and 10,000 values."""
        key = (extractor.sha256, "train")
        if key not in self._features:
            self._features[key] = self._cached_features(extractor)
        return self._features[key]

    def all_train_features(self, extractor: Extractor) -> Features:
        """Return the values of all of the training split, and its labels; not kept in files.

        Of more than memory holds a random part.
        """
        key = (extractor.sha256, "all")
        if key not in self._features:
            data = shuffled_dataset(self._load_split("train", extractor.image_size))
            length = extractor.extract(data.images[:1])[0].shape[1]
            data = first_rows(data, WHOLE // length)
            self._features[key] = Features(extractor.extract(data.images)[0], None, data.labels)
        return self._features[key]

    def test_features(self, extractor: Extractor) -> Features:
        """Return what an extractor says of the test split."""
        key = (extractor.sha256, "test")
        if key not in self._features:
            data = self._load_split("test", extractor.image_size)
            rows = _order(len(data))
            values, logits = extractor.extract(data.images[rows])
            labels = None if data.labels is None else data.labels[rows]
            self._features[key] = Features(values, logits, labels)
        return self._features[key]

    def floors(
        self, extractor: Extractor | None, key: Sequence[Json], compute: Callable[[], Floors]
    ) -> Floors:
        """Return floors from the cache, where `key` is what they depend on beside the data."""
        path = self._cache_dir / f"{CACHE}-floors-{self.hash(extractor)}.json"
        name = json.dumps(key, sort_keys=True)
        look = partial(read_sealed, path, dict[str, Floors])
        known = find_kept(look) or {}
        if name not in known:
            floors = compute()
            make_private(self._cache_dir)
            # Another process may have added its own meanwhile.
            known = {**(find_kept(look) or {}), name: floors}
            write_sealed(path, known)
        return known[name]

    def judge_errors(self, extractor: Extractor, name: str, judge: Judge) -> JudgeErrors:
        """Return what a judge by an extractor's features takes the images of the test split for.

        `name` tells it from others in the cache. One half of the split is for each table.
        """
        classes = round(len(self.test.classes) ** (1 / extractor.parts))

        def compute() -> Floors:
            seen = self.test_features(extractor)
            assert seen.labels is not None
            predicted, first = judge(seen), first_half(seen.labels)
            cells = {
                half: _cells(seen.labels[rows], predicted[rows], classes, extractor.parts)
                for half, rows in (("estimate", first), ("check", ~first))
            }
            return {
                f"{half} {place}": float(count)
                for half, table in cells.items()
                for place, count in enumerate(table.tolist())
                if count
            }

        key: list[Json] = ["confusion", name, extractor.name, extractor.sha256, extractor.parts]
        found = self.floors(extractor, key, compute)
        estimate, check = (
            [int(found.get(f"{half} {place}", 0)) for place in range(classes * (classes + 1))]
            for half in ("estimate", "check")
        )
        parts = extractor.parts
        return JudgeErrors(_confusion(estimate, classes, parts), _confusion(check, classes, parts))

    def _cached_features(self, extractor: Extractor) -> Features:
        train = self._load_split("train", extractor.image_size)
        self._hashes[extractor.image_size] = content_hash(train)
        data_hash = self._hashes[extractor.image_size]
        name = f"{CACHE}-{extractor.name}-{extractor.sha256[:12]}-{data_hash}"
        path = self._cache_dir / f"{name}.safetensors"
        if known := find_kept(lambda: _read_features(path, len(train))):
            return known
        features = _all_features(extractor, train.images)
        make_private(self._cache_dir)
        _write_features(path, features)
        return features


def _all_features(extractor: Extractor, images: Tensor) -> Features:
    """Return the moments of the features of all images, and the values of up to 10,000.

    Where all values would fill the memory (60,000 images have 1 GB of Inception's) sums are kept
    of them. Elsewhere they are centred first, as ever: sums round otherwise, in the 13th digit.
    """
    order = _order(len(images))[:ROWS]
    size = extractor.extract(images[:1])[0].shape[1]
    if len(images) * size <= WHOLE:
        values = extractor.extract(images)[0]
        return Features(values[order].contiguous(), known=moments(values))
    from gan_lab.metrics import FrechetDistance  # only here: torchmetrics takes longer than torch

    sums = FrechetDistance(num_features=size)
    kept = torch.empty(0)
    for first in range(0, len(images), PART):
        values = extractor.extract(images[first : first + PART])[0]
        sums.update(values, real=True)
        kept = kept if len(kept) else values.new_empty(len(order), size)
        taken = (order >= first) & (order < first + PART)
        kept[taken] = values[order[taken] - first]
    return Features(kept, known=sums.real_moments())


def _write_features(path: Path, features: Features) -> None:
    from safetensors.torch import save

    known = features.moments
    factor = known.factor.contiguous()
    tensors = {"mean": known.mean, "factor": factor, "values": features.values}
    metadata = {"count": str(known.count), "sha256": _hash(path, known, features.values)}
    with new_file(path) as file:
        file.write(save(tensors, metadata))


def _read_features(path: Path, count: int) -> Features:
    """Return what `_write_features` wrote of `count` samples.

    Raises FileNotFoundError if there is nothing, Unfit if it is something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    content = read_kept(path, MOST_BYTES)
    try:
        tensors, metadata = load(content), metadata_of(content)
        known = Moments(tensors["mean"], tensors["factor"], int(metadata["count"]))
        values = tensors["values"]
    except (SafetensorError, KeyError, ValueError) as error:
        raise Unfit(path) from error
    if "sha256" not in metadata:
        raise WithoutHash(path)
    shapes = [known.mean.shape, known.factor.shape[:1], values.shape[1:]]
    if len(known.mean.shape) != 1 or len(set(shapes)) > 1:
        raise Unfit(path)
    if (known.count, len(values)) != (count, min(count, ROWS)):
        raise Unfit(path)
    if metadata["sha256"] != _hash(path, known, values):
        raise Unfit(path)
    return Features(values, known=known)


def _hash(path: Path, known: Moments, values: Tensor) -> str:
    """Return the sha256 of the name of a file and of all that is kept in it."""
    digest = hashlib.sha256(f"{path.name} {known.count}".encode())
    for tensor in (known.mean, known.factor, values):
        digest.update(f" {tensor.dtype} {list(tensor.shape)} ".encode())
        digest.update(tensor.contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def first_half(labels: Tensor) -> Tensor:
    """Return every second image of each class, as a mask [N] of images with `labels` [N]."""
    order = labels.argsort(stable=True)
    counts = labels.bincount()
    starts = counts.cumsum(0) - counts
    half = torch.empty(len(labels), dtype=torch.bool)
    half[order] = (torch.arange(len(labels)) - starts[labels[order]]) % 2 == 0
    return half


def _cells(labels: Tensor, predicted: Tensor, classes: int, parts: int) -> Tensor:
    """Return how often which digit is taken for which, [classes * (classes + 1)]; -1 is the last.

    Of a judge that is not sure of an image no digit of it is taken for any.
    """
    cells = torch.zeros(classes * (classes + 1), dtype=torch.int64)
    for part in range(parts):
        digit, taken = (each // classes**part % classes for each in (labels, predicted))
        taken = taken.where(predicted != UNSURE, classes)
        cells += (digit * (classes + 1) + taken).bincount(minlength=len(cells))
    return cells


def _confusion(cells: Sequence[int], classes: int, parts: int) -> Confusion:
    rows = range(0, len(cells), classes + 1)
    return Confusion(tuple(tuple(cells[row : row + classes + 1]) for row in rows), parts)


def shuffled(samples: Tensor, most: int | None = None) -> Tensor:
    """Return samples in a random order that depends on their number alone, the first `most`."""
    return samples[_order(len(samples))[:most]]


def shuffled_dataset(data: ImageDataset) -> ImageDataset:
    """Return a dataset in the order of `shuffled`."""
    return _rows(data, _order(len(data)))


def first_rows(data: ImageDataset, count: int) -> ImageDataset:
    """Return the first `count` samples of a dataset, with their labels."""
    return _rows(data, slice(count))


def _rows(data: ImageDataset, rows: Tensor | slice) -> ImageDataset:
    labels = None if data.labels is None else data.labels[rows]
    return replace(data, images=data.images[rows], labels=labels)


def _order(count: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))
