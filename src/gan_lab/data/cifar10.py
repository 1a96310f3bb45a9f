"""CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test photographs, 32x32, ten classes."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_lab.common.paths import expanded
from gan_lab.data.dataset import ImageDataset, fit
from gan_lab.data.files.download import or_by_hand

FOLDER = "cifar-10-batches-py"
BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
# What arrays are made of, by numpy before and since version 2. Importing another module may
# run code: numpy.f2py evaluates a file of the working directory.
HARMLESS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
    *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}


def cifar10(
    root: str | Path,
    image_size: int = 32,
    channels: int | None = None,
    split: str = "train",
) -> ImageDataset:
    """Load CIFAR-10 from torchvision's files under `root`, or download them there.

    Raises FileNotFoundError if they are neither found nor downloaded, ValueError if one is broken.
    """
    folder = expanded(root) / FOLDER
    paths = [folder / name for name in BATCHES[split]]
    if not all(path.is_file() for path in paths):
        by_hand = (
            f"unpack cifar-10-python.tar.gz there, so that {folder} holds data_batch_1 to "
            "data_batch_5 and test_batch"
        )
        or_by_hand("CIFAR10", root, by_hand)
    batches = [_read(path) for path in paths]
    pixels = np.concatenate([batch[0] for batch in batches]).reshape(-1, 3, 32, 32)
    labels = torch.tensor([label for batch in batches for label in batch[1]])
    images = fit(torch.from_numpy(pixels), image_size, channels)
    return ImageDataset(images, labels, CLASSES, origin=str(folder))


class _Unpickler(pickle.Unpickler):
    """A pickle can run any code; this one can only make arrays."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in HARMLESS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _read(path: Path) -> tuple[np.ndarray, list[int]]:
    """Return the pixels [N, 3072] and the labels of one of the six files."""
    try:
        batch = _Unpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        pixels, labels = np.asarray(batch["data"], np.uint8), list(map(int, batch["labels"]))
        if pixels.shape != (len(labels), 3072) or not set(labels) <= set(range(10)):
            raise ValueError(f"{pixels.shape} pixels for {len(labels)} labels")
        return pixels, labels
    except Exception as error:  # damaged pickles raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} is no batch of CIFAR-10 ({reason}); fetch it again.") from None
