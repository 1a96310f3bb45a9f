"""The handwritten digits inside scikit-learn (Alpaydin & Kaynak 1998): 8x8, 17 grey levels."""

import torch

from gan_lab.data.dataset import ImageDataset, fit


def digits(image_size: int = 32, channels: int | None = None, split: str = "train") -> ImageDataset:
    """Load the embedded digits: 1,438 images to train on and 359 to test (every fifth).

    Raises ValueError for channels other than 1 or 3.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    grey = torch.from_numpy(bunch.images).mul(255 / 16).round().to(torch.uint8).unsqueeze(1)
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    held_out = torch.arange(len(labels)) % 5 == 4
    chosen = held_out if split == "test" else ~held_out
    return ImageDataset(
        images=fit(grey[chosen], image_size, channels),
        labels=labels[chosen],
        classes=tuple(str(digit) for digit in range(10)),
        origin="scikit-learn",
    )
