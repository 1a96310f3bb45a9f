"""How long a run is, and how often it logs, draws, scores and saves: from its config alone."""

import math
from dataclasses import dataclass

from gan_lab.common.errors import UsageError
from gan_lab.config.run_config import RunConfig

# Where no interval is set. Much happens at first, and a run of 500 steps should show it.
EARLY = (100, 200, 300, 400, 500)
SAMPLE_EVERY, SCORE_EVERY, CHECKPOINT_EVERY = 500, 1000, 1000


@dataclass(frozen=True)
class Steps:
    """The steps after which something is done: every so many (0: never), and early ones.

    They do not depend on the length of a run, so that a run that goes on has those of a longer one.
    """

    every: int
    early: tuple[int, ...] = ()

    def __contains__(self, step: int) -> bool:
        return step in self.early or (self.every > 0 and step % self.every == 0)

    def count(self, done: int, last: int) -> int:
        """Return how many there are after step `done`, up to `last`."""
        regular = last // self.every - done // self.every if self.every else 0
        alone = [step for step in self.early if step not in Steps(self.every)]
        return regular + sum(done < step <= last for step in alone)


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and after which steps it logs, draws, scores and saves.

    `best_by` is the score whose least value marks the best checkpoint.
    """

    steps: int
    logged: Steps
    drawn: Steps
    scored: Steps
    saved: Steps
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
        Steps(runtime.log_every),
        _steps(runtime.sample_every, SAMPLE_EVERY),
        _steps(runtime.score_every, SCORE_EVERY),
        _steps(runtime.checkpoint_every, CHECKPOINT_EVERY),
        best_by=config.dataset.selection,
    )


def _steps(every: int | None, usual: int) -> Steps:
    return Steps(usual, EARLY) if every is None else Steps(every)
