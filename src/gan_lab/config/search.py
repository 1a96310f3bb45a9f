"""A search of conf/search: the space of settings, and what is sought there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.common.typed import Json

DIRECTIONS = ("minimize", "maximize")
MOST_RUNGS = 30  # halvings of a length
Space = Mapping[str, Json]  # a list is a choice, {low, high} a range, other mappings have options


@dataclass(frozen=True)
class Search:
    """`trials` points of a space, of which that with the best score is sought.

    With a pruner a trial is looked at after steps / 2 ** (rungs - 1), ..., steps / 2 steps.
    """

    trials: int
    score: str
    direction: str
    space: Space
    rungs: int = 3

    def steps_of_rungs(self, steps: int) -> list[int]:
        """Return the steps at which a trial of some steps is scored, its last one among them."""
        return sorted({max(1, steps >> halvings) for halvings in range(self.rungs)})


def read_search(content: Any) -> Search | None:
    """Return the search of a composed config, if it has one. Raises UsageError for what is none."""
    if content is None:
        return None
    trials, direction = content.get("trials"), content.get("direction")
    if not isinstance(trials, int) or trials < 1:
        raise UsageError(f"search.trials={trials}: must be a whole number of at least 1.")
    rungs = content.get("rungs", Search.rungs)
    if type(rungs) is not int or not 1 <= rungs <= MOST_RUNGS:
        raise UsageError(
            f"search.rungs={rungs}: must be a whole number, at least 1 and at most {MOST_RUNGS}."
        )
    if direction not in DIRECTIONS:
        raise UsageError(f"search.direction={direction}: choose from {', '.join(DIRECTIONS)}.")
    if not isinstance(content.get("space"), Mapping) or not content.get("score"):
        raise UsageError("a search has a `score:` and a `space:` (conf/search has examples).")
    return Search(trials, str(content["score"]), direction, content["space"], rungs)
