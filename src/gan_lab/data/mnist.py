"""MNIST (LeCun et al. 1998): 60,000 training and 10,000 test images of digits, 28x28."""

from pathlib import Path

import torch
from torch import Tensor

from gan_lab.data.dataset import ImageDataset, fit
from gan_lab.data.idx import read_idx

STEMS = {"train": "train", "test": "t10k"}
COUNTS = {"train": 60_000, "test": 10_000}
FOLDERS = ("MNIST/raw", "mnist/raw", "MNIST", "mnist", "raw", "")


def mnist(
    root: str | Path,
    image_size: int = 32,
    channels: int | None = None,
    split: str = "train",
) -> ImageDataset:
    """Load MNIST from its IDX files (gzipped or not) under `root`, or download them there.

    Raises FileNotFoundError if they are neither found nor downloaded, ValueError if one is broken.
    """
    folder = _find(Path(root).expanduser()) or _download(Path(root).expanduser())
    images = _read(folder, f"{STEMS[split]}-images", "idx3").unsqueeze(1)
    labels = _read(folder, f"{STEMS[split]}-labels", "idx1").to(torch.int64)
    if not len(images) == len(labels) == COUNTS[split]:
        raise ValueError(
            f"{folder}: {len(images)} images and {len(labels)} labels where MNIST has "
            f"{COUNTS[split]}; replace the {STEMS[split]}-* files."
        )
    return ImageDataset(
        images=fit(images, image_size, channels),
        labels=labels,
        classes=tuple(str(digit) for digit in range(10)),
    )


def _read(folder: Path, stem: str, kind: str) -> Tensor:
    path = _path(folder, stem, kind)
    assert path is not None, "a folder is only chosen when it holds all four files"
    return torch.from_numpy(read_idx(path))


def _path(folder: Path, stem: str, kind: str) -> Path | None:
    """Return the file, which mirrors of MNIST name with a dash or a dot, zipped or not."""
    names = [f"{stem}{mark}{kind}-ubyte{zipped}" for mark in "-." for zipped in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _find(root: Path) -> Path | None:
    parts = [
        (f"{stem}-{what}", kind)
        for stem in STEMS.values()
        for what, kind in (("images", "idx3"), ("labels", "idx1"))
    ]
    folders = [root / name for name in FOLDERS]
    return next((folder for folder in folders if all(_path(folder, *part) for part in parts)), None)


def _download(root: Path) -> Path:
    from torchvision.datasets import MNIST  # costs 1.5 s, and only a first run needs it

    try:
        MNIST(str(root), download=True)
    except (OSError, RuntimeError) as error:
        raise FileNotFoundError(
            f"MNIST is not under {root} and could not be downloaded there ({_reason(error)}): put "
            f"its four *-ubyte.gz files into {root / FOLDERS[0]}, or set data_root=, or use "
            "dataset=digits, which needs no files."
        ) from error
    return root / FOLDERS[0]


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".:") if str(error).strip() else repr(error)
