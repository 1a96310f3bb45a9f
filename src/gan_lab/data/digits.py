"""The handwritten digits inside scikit-learn (Alpaydin & Kaynak 1998): 8x8, 17 grey levels."""

import torch

from gan_lab.data.dataset import ImageDataset, fit
from gan_lab.data.holdout import every, stratified

HELD_OUT = 5  # one image in five is of the test split
HOLDOUTS = ("fifth", "stratified")


def digits(
    image_size: int = 32,
    channels: int | None = None,
    split: str = "train",
    holdout: str = "fifth",
) -> ImageDataset:
    """Load the embedded digits: 1,438 images to train on and 359 to test.

    With `holdout` "stratified" a fifth of each class is held out, drawn with a fixed seed. "fifth"
    holds out every fifth image, as version 0.1 did: the digits were written in an order that
    repeats itself, so that train and test then have unlike shares of the classes. Raises ValueError
    for another `holdout`, or for channels other than 1 or 3.
    """
    from sklearn.datasets import load_digits

    if holdout not in HOLDOUTS:
        raise ValueError(f"unknown holdout {holdout!r}; choose from {', '.join(HOLDOUTS)}.")
    bunch = load_digits()
    grey = torch.from_numpy(bunch.images).mul(255 / 16).round().to(torch.uint8).unsqueeze(1)
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    count = len(labels)
    held_out = torch.tensor(
        every(count, HELD_OUT)
        if holdout == "fifth"
        else stratified(count, HELD_OUT, labels.tolist())
    )
    chosen = held_out if split == "test" else ~held_out
    return ImageDataset(
        images=fit(grey[chosen], image_size, channels),
        labels=labels[chosen],
        classes=tuple(str(digit) for digit in range(10)),
        origin="scikit-learn",
    )
