"""Structural similarity of pairs of images: how much alike the samples of a generator are."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from gan_lab.metrics.neighbours import pairs

REACH, SIGMA = 5, 1.5  # of the window, a Gaussian of 11 pixels
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
PAIRS = 500  # at a time


def pair_similarities(images: Tensor) -> Tensor:
    """Return the SSIM [N // 2] of images 0 and 1, 2 and 3 and so on: uint8 [N, C, H, W].

    1 is a copy; a mean near 1 is collapse (Odena et al. 2017 use MS-SSIM, whose five scales need
    176 pixels). SSIM is that of Wang et al. 2004 with mirrored borders, as in torchmetrics, but by
    matrix products in float64: a tenth of the time, and the variances of dark images do not cancel.
    Raises ValueError for images under 6 pixels.
    """
    if min(images.shape[-2:]) <= REACH:
        size = "x".join(str(side) for side in images.shape[-2:])
        raise ValueError(f"SSIM needs {REACH + 1} pixels a side, the images have {size}")
    first, second = (side.to("cpu", torch.float64).split(PAIRS) for side in pairs(images))
    parts = [_similarity(x, y).mean((1, 2, 3)) for x, y in zip(first, second, strict=True)]
    return torch.cat(parts)


def _similarity(x: Tensor, y: Tensor) -> Tensor:
    rows, columns = (_windows(side) for side in x.shape[-2:])

    def local_mean(image: Tensor) -> Tensor:
        return rows @ image @ columns.T

    mean_x, mean_y = local_mean(x), local_mean(y)
    variances = local_mean(x * x) + local_mean(y * y) - mean_x.square() - mean_y.square()
    covariance = local_mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x.square() + mean_y.square() + C1)
    return luminance * (2 * covariance + C2) / (variances + C2)


def _windows(side: int) -> Tensor:
    """Return the matrix [side, side] that averages one axis under the window at each pixel."""
    offsets = torch.arange(-REACH, REACH + 1, dtype=torch.float64)
    weights = torch.exp(-offsets.square() / (2 * SIGMA**2))
    pixels = pad(torch.eye(side, dtype=torch.float64).unsqueeze(0), (REACH, REACH), "reflect")
    return (pixels.unfold(2, len(offsets), 1) @ (weights / weights.sum())).squeeze(0).T
