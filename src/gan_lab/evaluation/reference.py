"""The real side of all scores of a dataset: computed when first needed, then kept in files."""

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lab.common.files import read_json
from gan_lab.common.typed import Json
from gan_lab.data import ImageDataset
from gan_lab.evaluation.extractors import Extractor, LoadSplit, content_hash
from gan_lab.evaluation.measures import Features
from gan_lab.metrics import Moments, moments

CACHE = "real-2"  # a new number whenever what is kept, or how it is computed, changes
ROWS = 10_000  # real samples, at random, of scores that do not take all
Floors = dict[str, float]


class Reference:
    """The training split, against which samples are scored, and the test split, whose are floors.

    Both are taken in random order, the same for all: files of a folder lie sorted by class.
    """

    def __init__(self, load_split: LoadSplit, cache_dir: Path):
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
        known: dict[str, Floors] = read_json(path, {})
        if name not in known:
            known = {**read_json(path, {}), name: compute()}
            text = json.dumps(known, indent=1)
            _replace(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
        return known[name]

    def _cached_features(self, extractor: Extractor) -> Features:
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import save_file

        train = self._load_split("train", extractor.image_size)
        self._hashes[extractor.image_size] = content_hash(train)
        data_hash = self._hashes[extractor.image_size]
        name = f"{CACHE}-{extractor.name}-{extractor.sha256[:12]}-{data_hash}"
        path = self._cache_dir / f"{name}.safetensors"
        try:
            with safe_open(path, "pt") as file:
                count = int(file.metadata()["count"])
                known = Moments(file.get_tensor("mean"), file.get_tensor("factor"), count)
                return Features(file.get_tensor("values"), known=known)
        except (FileNotFoundError, SafetensorError, KeyError):
            pass
        values = extractor.extract(train.images)[0]
        known = moments(values)
        kept = values[_order(len(train))[:ROWS]].contiguous()
        tensors = {"mean": known.mean, "factor": known.factor.contiguous(), "values": kept}
        metadata = {"count": str(known.count)}
        _replace(path, lambda temporary: save_file(tensors, temporary, metadata))
        return Features(kept, known=known)


def shuffled(samples: Tensor, most: int | None = None) -> Tensor:
    """Return samples in a random order that depends on their number alone, the first `most`."""
    return samples[_order(len(samples))[:most]]


def _order(count: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file whole or not at all, whoever else writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    write(temporary)
    temporary.replace(path)
