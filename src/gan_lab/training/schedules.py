"""How a setting changes over the steps of a run: learning rates, instance noise."""

import math


def linear(step: int, steps: int) -> float:
    """Return a factor that falls from 1 at step 0 to 0 at step `steps`, and stays there."""
    return max(0.0, 1 - step / steps)


def cosine(step: int, steps: int) -> float:
    """Return a factor that falls from 1 at step 0 to 0 at step `steps` along half a cosine.

    Source: Loshchilov and Hutter 2017, arXiv 1608.03983, equation 5, without restarts.
    """
    return (1 + math.cos(math.pi * min(step, steps) / steps)) / 2
