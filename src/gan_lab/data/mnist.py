"""MNIST (LeCun et al. 1998) and its relatives of the same format: 60,000 + 10,000 images, 28x28."""

from pathlib import Path

import torch
from torch import Tensor

from gan_lab.common.paths import expanded
from gan_lab.data.dataset import ImageDataset, fit
from gan_lab.data.files.download import or_by_hand
from gan_lab.data.files.idx import read_idx

STEMS = {"train": "train", "test": "t10k"}
COUNTS = {"train": 60_000, "test": 10_000}
DIGITS = tuple(str(digit) for digit in range(10))
CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


def mnist(
    root: str | Path,
    image_size: int = 32,
    channels: int | None = None,
    split: str = "train",
) -> ImageDataset:
    """Load MNIST from its IDX files (gzipped or not) under `root`, or download them there.

    Raises FileNotFoundError if they are neither found nor downloaded, ValueError if one is broken.
    """
    folders = ("MNIST/raw", "mnist/raw", "MNIST", "mnist", "raw", "")
    return _load("MNIST", folders, DIGITS, root, image_size, channels, split)


def fashion_mnist(
    root: str | Path,
    image_size: int = 32,
    channels: int | None = None,
    split: str = "train",
) -> ImageDataset:
    """Load Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747), as `mnist` does MNIST."""
    folders = ("FashionMNIST/raw", "fashion_mnist/raw", "FashionMNIST", "fashion_mnist")
    return _load("FashionMNIST", folders, CLOTHES, root, image_size, channels, split)


def kmnist(
    root: str | Path,
    image_size: int = 32,
    channels: int | None = None,
    split: str = "train",
) -> ImageDataset:
    """Load Kuzushiji-MNIST (Clanuwat et al. 2018, arXiv 1812.01718), as `mnist` does MNIST."""
    folders = ("KMNIST/raw", "kmnist/raw", "KMNIST", "kmnist")
    return _load("KMNIST", folders, HIRAGANA, root, image_size, channels, split)


def _load(
    name: str,
    folders: tuple[str, ...],
    classes: tuple[str, ...],
    root: str | Path,
    image_size: int,
    channels: int | None,
    split: str,
) -> ImageDataset:
    """Load the dataset that torchvision calls `name` from the first folder that has all files."""
    root = expanded(root)
    folder = _find(root, folders)
    if folder is None:
        or_by_hand(
            name,
            root,
            f"put its four *-ubyte.gz files into {root / folders[0]}, or use dataset=digits, which "
            "needs no files",
        )
        folder = root / folders[0]
    images = _read(folder, f"{STEMS[split]}-images", "idx3").unsqueeze(1)
    labels = _read(folder, f"{STEMS[split]}-labels", "idx1").to(torch.int64)
    if not len(images) == len(labels) == COUNTS[split]:
        raise ValueError(
            f"{folder}: {len(images)} images and {len(labels)} labels where {name} has "
            f"{COUNTS[split]}; replace the {STEMS[split]}-* files."
        )
    return ImageDataset(fit(images, image_size, channels), labels, classes, origin=str(folder))


def _read(folder: Path, stem: str, kind: str) -> Tensor:
    path = _path(folder, stem, kind)
    assert path is not None, "a folder is only chosen when it holds all four files"
    return torch.from_numpy(read_idx(path))


def _path(folder: Path, stem: str, kind: str) -> Path | None:
    """Return the file, which mirrors of MNIST name with a dash or a dot, zipped or not."""
    names = [f"{stem}{mark}{kind}-ubyte{zipped}" for mark in "-." for zipped in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _find(root: Path, names: tuple[str, ...]) -> Path | None:
    parts = [
        (f"{stem}-{what}", kind)
        for stem in STEMS.values()
        for what, kind in (("images", "idx3"), ("labels", "idx1"))
    ]
    folders = [root / name for name in names]
    return next((folder for folder in folders if all(_path(folder, *part) for part in parts)), None)
