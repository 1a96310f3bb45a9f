"""How a setting changes over the steps of a run: learning rates, instance noise."""


def linear(step: int, steps: int) -> float:
    """Return a factor that falls from 1 at step 0 to 0 at step `steps`, and stays there."""
    return max(0.0, 1 - step / steps)
