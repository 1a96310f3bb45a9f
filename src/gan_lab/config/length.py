"""How long a run is, and how often it logs, draws, scores and saves: from its config alone."""

import math
from dataclasses import dataclass

from gan_lab.common.errors import UsageError
from gan_lab.config.run_config import RunConfig


@dataclass(frozen=True)
class Schedule:
    """How long a run is, how often (in steps, 0 for never) it does what else it does.

    `best_by` is the score whose least value marks the best checkpoint.
    """

    steps: int
    log_every: int
    sample_every: int
    score_every: int
    checkpoint_every: int
    best_by: str = "fd_classifier"


def make_schedule(config: RunConfig, count: int) -> Schedule:
    """Return the run's length and intervals, in steps, for a dataset of `count` images."""
    runtime = config.runtime
    steps = runtime.steps
    images: float | None = runtime.images
    if steps is None:
        if images is None:
            if runtime.epochs is None:
                raise UsageError("how long? set one of steps=, epochs= or images=.")
            images = runtime.epochs * count
        shown = config.loss.get("discriminator_steps", 1) * config.batch_size
        if shown == 0:
            raise UsageError("the discriminator sees no images; set the length with steps=.")
        steps = max(1, math.ceil(images / shown))
    return Schedule(
        steps,
        runtime.log_every,
        runtime.sample_every,
        runtime.score_every,
        runtime.checkpoint_every,
        best_by=config.dataset.selection,
    )
