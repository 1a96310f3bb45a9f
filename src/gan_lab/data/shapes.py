"""Points in the plane along curves, where there are no modes to count: moons, spiral, pinwheel."""

import math

import numpy as np
import torch
from torch import Tensor

from gan_lab.data.dataset import PointDataset
from gan_lab.data.mixtures import COUNTS, SEEDS

NOISE = 0.05  # standard deviation of the points across moons and spirals
TURNS = 1.5  # of an arm of the spiral


def moons(split: str = "train") -> PointDataset:
    """Return two half circles of radius 1 that reach into each other, with noise around them.

    The upper one is around (0, 0), the lower one around (1, 1/2). Labels say which.
    """
    share, labels, noise = _even(2, split)
    angle = math.pi * share
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], dim=1)
    return _shape(torch.where((labels == 0)[:, None], upper, lower) + NOISE * noise, labels)


def spiral(split: str = "train") -> PointDataset:
    """Return two arms of 1.5 turns, whose radius grows with the angle up to 2, with noise.

    Labels are the arms; one is the other turned by half a turn.
    """
    share, labels, noise = _even(2, split)
    # The root spreads the points evenly along an arm, but for its beginning.
    turned = share.sqrt()
    angle = 2 * math.pi * TURNS * turned + math.pi * labels
    arms = 2 * turned[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
    return _shape(arms + NOISE * noise, labels)


def pinwheel(split: str = "train") -> PointDataset:
    """Return five blades: normals around (1, 0), longer than wide, that are bent and turned.

    A point (r, t), with deviations 0.3 and 0.1, is turned by exp(r) / 4 and a fifth of a circle for
    each blade (Johnson et al. 2016, arXiv 1603.06277). Labels are the blades.
    """
    _, labels, noise = _even(5, split)
    along, across = 1 + 0.3 * noise[:, 0], 0.1 * noise[:, 1]
    angle = 2 * math.pi / 5 * labels + along.exp() / 4
    x = along * angle.cos() - across * angle.sin()
    y = along * angle.sin() + across * angle.cos()
    return _shape(torch.stack([x, y], dim=1), labels)


def _even(parts: int, split: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return places on (0, 1), evenly taken in each part, the parts, and normal numbers [N, 2].

    The places are in random order: what looks at the first points sees all of a curve.
    """
    count = COUNTS[split]
    random = np.random.default_rng(SEEDS[split])
    noise = torch.from_numpy(random.standard_normal((count, 2)))
    order = torch.from_numpy(random.permutation(count // parts)).repeat_interleave(parts)
    return (order.double() + 0.5) / (count // parts), torch.arange(count) % parts, noise


def _shape(points: Tensor, labels: Tensor) -> PointDataset:
    classes = tuple(str(part) for part in labels.unique().tolist())
    return PointDataset(images=points.float(), labels=labels, classes=classes)
