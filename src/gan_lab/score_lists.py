"""Which scores a run gets, and why it cannot get others.

A dataset's YAML lists `scores`, those taken on a small sample as `scores_during_training`, and one
of them as `selection`, whose least value marks the best checkpoint. One that lists none gets what
its kind of data allows.
"""

from collections.abc import Mapping
from typing import Any

from gan_lab.scores import Score, load_score

Record = Mapping[str, Any]

LABELLED = (
    *("fd_classifier", "class_shares", "classifier_score", "kd_classifier", "precision_recall"),
    *("swd", "ssim", "pairwise_distance", "nearest_train"),
)
UNLABELLED = ("fid", "kid", "swd", "ssim", "pairwise_distance", "nearest_train")
STACKED_CLASSES = 1000
SHORT_NAMES = {"fd": ("fd_classifier", "class_shares")}


def named_scores(typed: str) -> list[str]:
    """Return the names of scores in what was typed, NAME,..., a short name for those it means."""
    names = [name.strip() for name in typed.split(",") if name.strip()]
    return [one for name in names for one in SHORT_NAMES.get(name, (name,))]


def listed_scores(record: Record) -> list[str]:
    """Return the names of the scores of a finished run."""
    default = LABELLED if record["dataset"]["classifier"] else UNLABELLED
    return list(record["dataset"].get("scores", default))


def scores_during_training(record: Record) -> list[str]:
    """Return the names of the scores that are taken every `score_every` steps."""
    default = ("fd_classifier", "class_shares") if record["dataset"]["classifier"] else ("swd",)
    return list(record["dataset"].get("scores_during_training", default))


def selection(record: Record) -> str:
    """Return the value whose least marks the best checkpoint and the best run: a distance."""
    default = "fd_classifier" if record["dataset"]["classifier"] else "swd"
    return record["dataset"].get("selection", default)


def refusal(score: Score, record: Record) -> str | None:
    """Return in one line why a score makes no sense for a run's data; None if it does."""
    name, data = record["choices"]["dataset"], record["dataset"]
    points = bool(data.get("points"))
    reasons = {
        "classifier": f"{name} has no classifier" if not data["classifier"] else None,
        "stacked": None
        if len(record["class_counts"]) == STACKED_CLASSES and data["classifier"]
        else f"{name} is not made of three digits",
        "inception": f"{name} has points, no images" if points else None,
        "images": f"{name} has points, no images" if points else None,
        "points": None if points else f"{name} has images, no points",
        "modes": None if points else f"the modes of {name} are not known",
        "samples": None,
    }
    reason = reasons[score.needs]
    listed = ", ".join(listed_scores(record))
    return reason and f"{score.name} cannot be had: {reason}; it has {listed}."


def asked_scores(names: list[str], record: Record) -> tuple[list[str], list[str]]:
    """Return those of the names that the run's data allow, and why they refuse the others."""
    reasons = {name: refusal(load_score(name), record) for name in names}
    refused = [reason for reason in reasons.values() if reason]
    return [name for name, reason in reasons.items() if not reason], refused
