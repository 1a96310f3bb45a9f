"""Train the shipped classifier of MNIST digits again: python train_mnistcnn.py DATA_ROOT OUT.

DATA_ROOT holds MNIST/raw with the four IDX files, OUT is the safetensors file to write. Half a
minute on one core; another machine or version of torch may round differently and so give another
sha256, but not another accuracy.
"""

import sys
from pathlib import Path

import torch
from torch import Tensor

from gan_lab.data.files.idx import read_idx
from gan_lab.evaluation.classifier import accuracy, save_classifier, train_classifier


def read_split(root: Path, stem: str) -> tuple[Tensor, Tensor]:
    """Return the images (uint8 [N, 1, 28, 28]) and labels (uint8 [N]) of "train" or "t10k"."""
    images = read_idx(root / f"MNIST/raw/{stem}-images-idx3-ubyte.gz")
    labels = read_idx(root / f"MNIST/raw/{stem}-labels-idx1-ubyte.gz")
    return torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels)


def main(root: Path, out: Path) -> None:
    torch.set_num_threads(1)  # the bits depend on the number of threads
    classifier = train_classifier(*read_split(root, "train"), classes=10, epochs=4)
    sha256 = save_classifier(out, classifier)
    print(f"test accuracy {accuracy(classifier, *read_split(root, 't10k')):.4f}")
    print(f"sha256 {sha256}  {out} ({out.stat().st_size} bytes)")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
