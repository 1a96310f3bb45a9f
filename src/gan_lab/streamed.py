"""What the runs of a study stream: their own scores, and what else depends on their data."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gan_lab.config.run_config import is_labelled, listed_scores, scores_during_training, selection
from gan_lab.evaluation.scores import DIRECTIONS, load_score
from gan_lab.evaluation.tables import NAMES, SCORE_AXES

Record = Mapping[str, Any]
ASKED = "agreement"  # of samples that a class was asked for, and of no others


@dataclass(frozen=True)
class Streamed:
    """The values that runs stream as `score/<name>`, and at the end as `evaluation/ema/<name>`.

    Each has its direction, one of DIRECTIONS. `chosen_by` are the runs' selection scores, that of
    most runs first. `counted`: some have a census of classes or modes; `images`: some have pictures
    of interpolations, which points have not.
    """

    chosen_by: list[str]
    training: dict[str, str]
    final: dict[str, str]
    counted: bool
    images: bool


def streamed(records: Sequence[Record], evaluated: Collection[str] = ()) -> Streamed:
    """Return what runs stream, from their records.

    Scores that need Inception's weights are final ones only if they were `evaluated`: without the
    weights no run has them.
    """
    training: dict[str, str] = {}
    final: dict[str, str] = {}
    for record in records:
        taken = _values(scores_during_training(record), record)
        first = selection(record)
        training |= {first: taken[first], **taken}
        names = [name for name in listed_scores(record)
                 if load_score(name).needs != "inception" or name in evaluated]  # fmt: skip
        final |= _values(names, record)
    return Streamed(
        chosen_by=[name for name, _ in Counter(map(selection, records)).most_common()],
        training=training,
        final=final,
        counted=any(_has_points(record) or record["dataset"]["classifier"] for record in records),
        images=not all(map(_has_points, records)),
    )


def words_of(name: str) -> str:
    """Return what a value is called."""
    return SCORE_AXES.get(name) or NAMES.get(name) or name.replace("_", " ")


def title_of(name: str, direction: str) -> str:
    """Return the title of a panel: what a value is, and which is better."""
    words = words_of(name)
    return f"{words[0].upper()}{words[1:]}, {DIRECTIONS[direction]}"


def _has_points(record: Record) -> bool:
    return bool(record["dataset"].get("points"))


def _values(names: Sequence[str], record: Record) -> dict[str, str]:
    found = {
        value: better for name in names for value, better in load_score(name).directions().items()
    }
    return {
        value: better for value, better in found.items() if value != ASKED or is_labelled(record)
    }
