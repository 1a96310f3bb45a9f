"""Latents between and beyond others: lines, arcs and planes."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def places(count: int, start: float = 0.0, stop: float = 1.0) -> list[float]:
    """Return the fractions i/K of a strip with `count` = K + 1 images from z1 to z2.

    A `start` below 0 or a `stop` above 1 goes on beyond the ends in steps of the same length, so
    that 0 and 1 themselves are there whenever they are between the two.
    """
    last = count - 1
    # A hair wider: 0.3 * 10 is not quite 3.
    first_place, last_place = math.ceil(start * last - 1e-9), math.floor(stop * last + 1e-9)
    return [place / last for place in range(first_place, last_place + 1)]


def line(first: Tensor, second: Tensor, fractions: Sequence[float]) -> Tensor:
    """Return z1 + t (z2 - z1) for latents [latent_dim] and each fraction t: [T, latent_dim].

    The ends are exact: at t = 1 it is z2 to the last bit, which the formula alone is not.
    """
    return torch.stack([second if t == 1 else first + t * (second - first) for t in fractions])


def arc(first: Tensor, second: Tensor, fractions: Sequence[float]) -> Tensor:
    """Return points on the arc through two latents, as `line` does: [T, latent_dim].

    A line between two normal latents passes closer to the origin than any of them lies; an arc
    keeps their length (slerp: Shoemake 1985; for latents White 2016, arXiv 1609.04468). Latents
    in one direction, or opposite ones, have no arc of their own and get the line.
    """
    cosine = torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=0)
    angle = math.acos(max(-1.0, min(1.0, float(cosine))))
    if math.sin(angle) < 1e-6:
        return line(first, second, fractions)
    points = []
    for t in fractions:
        weights = math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)
        points.append(weights[0] * first + weights[1] * second)
    return torch.stack(points)


def plane(origin: Tensor, right: Tensor, down: Tensor, count: int) -> Tensor:
    """Return a square of the plane through three latents: [count, count, latent_dim].

    Point (i, j) is origin + j/K (right - origin) + i/K (down - origin), K = count - 1; the three
    are exactly three of its corners.
    """
    fractions = places(count)
    along, below = line(origin, right, fractions), line(origin, down, fractions)
    points = along[None] + (below - origin)[:, None]
    points[0], points[:, 0] = along, below
    return points
