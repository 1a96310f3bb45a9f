"""Made-up data that every experiment can be trained on."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MNIST_COUNTS = {"train": 60_000, "t10k": 10_000}


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header + array.tobytes())


@pytest.fixture(scope="module")
def made_up_data(tmp_path_factory) -> Path:
    """A data root with an MNIST of the right size (eight grey squares), flowers and faces."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    squares = np.zeros((8, 28, 28), np.uint8)
    for index, square in enumerate(squares):
        square[index : index + 14, index : index + 14] = 80 + 20 * index
    for stem, images in MNIST_COUNTS.items():
        write_idx(folder / f"{stem}-images-idx3-ubyte.gz", np.resize(squares, (images, 28, 28)))
        labels = np.resize(np.arange(10, dtype=np.uint8), images)
        write_idx(folder / f"{stem}-labels-idx1-ubyte.gz", labels)
    for number, place in enumerate([*(f"flowers/kind{kind}" for kind in range(5)), "anime_faces"]):
        (root / place).mkdir(parents=True)
        for index in range(80):  # of a colour that tells the class
            colour = (40 * number, 255 - 40 * number, 2 * index)
            Image.new("RGB", (64, 64), colour).save(root / place / f"{index:02d}.jpg")
    return root
