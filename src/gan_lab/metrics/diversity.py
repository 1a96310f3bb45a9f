"""How much samples differ from each other, in the space that they are in: needs no network.

Samples are uint8 [N, C, H, W] or points [N, 2]. Differences are root mean squares over the numbers
of a sample: grey levels for images.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from gan_lab.metrics.arrays import as_rows, squared_distances
from gan_lab.metrics.neighbours import pairs

# Of SSIM, the structural similarity.
REACH, SIGMA = 5, 1.5  # of the window, a Gaussian of 11 pixels
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
PAIRS = 500  # at a time


def spread(samples: Tensor) -> float:
    """Return the root mean square difference of two samples drawn with replacement.

    It costs no more than a variance: E (x - y)^2 = 2 Var x.
    """
    return float((2 * as_rows(samples).var(0, correction=0).mean()).sqrt())


def nearest_others(samples: Tensor) -> Tensor:
    """Return the difference [N] of each sample to the nearest other; costs N^2 of them."""
    return _differences(samples).amin(1)


def closest_pairs(samples: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return differences [count] and places [count, 2] of the closest pairs, the closest first."""
    first, second = torch.triu_indices(len(samples), len(samples), offset=1)
    differences = _differences(samples)[first, second]
    smallest, places = differences.topk(min(count, len(differences)), largest=False)
    return smallest, torch.stack([first[places], second[places]], dim=1)


def birthday_size(samples: Tensor, difference: float, draws: int = 100) -> int | None:
    """Return the least number of samples of which half the draws hold two within `difference`.

    The birthday paradox test (Arora & Zhang 2017, arXiv 1706.08224): if that number is s, the
    support is about s^2. None if even all of `samples` do so in less than half of the draws, each
    of which is a permutation of them, the same ones at every call.
    """
    close = _differences(samples) <= difference
    generator = torch.Generator().manual_seed(0)
    sizes = []
    for _ in range(draws):
        order = torch.randperm(len(samples), generator=generator)
        # Row i of the triangle: whether the i-th sample drawn is close to one drawn before it.
        hits = close[order][:, order].tril(-1).any(1)
        sizes.append(int(hits.int().argmax()) + 1 if hits.any() else len(samples) + 1)
    median = sorted(sizes)[(draws - 1) // 2]
    return median if median <= len(samples) else None


def _differences(samples: Tensor) -> Tensor:
    """Return all differences [N, N]; infinite on the diagonal: a sample is no other."""
    rows = as_rows(samples)
    return (squared_distances(rows, rows) / rows.shape[1]).sqrt().fill_diagonal_(torch.inf)


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
