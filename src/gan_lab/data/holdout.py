"""Which images of a dataset without splits of its own are held out as test images."""

from collections.abc import Sequence

import numpy as np

SEED = 0  # of the draws, which are the same for all runs


def every(count: int, nth: int) -> list[bool]:
    """Return whether each of `count` images is held out: every `nth`, as version 0.1 did.

    Of images in an order that repeats itself this holds out other classes than it keeps.
    """
    return [index % nth == nth - 1 for index in range(count)]


def stratified(count: int, nth: int, labels: Sequence[int] | None = None) -> list[bool]:
    """Return whether each of `count` images is held out: one in `nth`, drawn with a fixed seed.

    With labels each class gives its share, rounded up or down so that the shares add up; it keeps
    at least one image to train on. Without labels, or where no class has two images, the images are
    drawn from all.
    """
    random = np.random.default_rng(SEED)
    groups = np.zeros(count, dtype=np.int64) if labels is None else np.asarray(labels)
    sizes = np.bincount(groups)
    if not (sizes > 1).any():
        groups, sizes = np.zeros(count, dtype=np.int64), np.array([count])
    held = _shares(sizes, nth, random)
    shuffled = random.permutation(count)
    by_class = shuffled[np.argsort(groups[shuffled], kind="stable")]
    place_in_class = np.arange(count) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    held_out = np.zeros(count, dtype=bool)
    held_out[by_class] = place_in_class < held[groups[by_class]]
    chosen: list[bool] = held_out.tolist()
    return chosen


def _shares(sizes: np.ndarray, nth: int, random: np.random.Generator) -> np.ndarray:
    """Return how many of each class are held out: the largest remainders are rounded up."""
    total = max(1, int(sizes.sum()) // nth)
    held = sizes // nth
    by_chance = random.permutation(len(sizes))  # where remainders are equal
    order = by_chance[np.argsort(-(sizes % nth)[by_chance], kind="stable")]
    can_give = [place for place in order if sizes[place] > held[place] + 1]
    held[can_give[: total - int(held.sum())]] += 1
    return held
