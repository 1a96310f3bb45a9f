"""When two scores are one quantity, and in what they differ when they are not."""

import json
from collections.abc import Iterable

from gan_lab.common.typed import Json
from gan_lab.runs.lines import Protocol, ScoreLine

OWN = ("seed", "seeds", "version")  # each run's own, and no part of what is measured
# How the parts of a protocol are called. All of it must agree but OWN, also what has no words here.
WORDS = {
    "extractor": "extractor",
    "sha256": "weight file",
    "resize": "resize",
    "data": "dataset",
    "data_hash": "real images",
    "real_split": "real split",
    "real_count": "number of real samples",
    "floor_split": "split of the floor",
    "floor_count": "samples of the floor",
    "generated_shape": "size of the samples",
    "generated_count": "generated samples",
    "sets": "sets of samples",
    "settings": "settings",
    "weights": "weights",
    "definition": "definition of the score",
}


def shape_words(shape: Iterable[int]) -> str:
    """Return the shape of one sample as protocols have it: 1x32x32, or 2 of a point."""
    return "x".join(map(str, shape))


def quantity(line: ScoreLine) -> Protocol:
    """Return the part of a line's protocol that says which quantity its value is."""
    return {name: value for name, value in line.protocol.items() if name not in OWN}


def column_key(line: ScoreLine) -> str:
    """Return what lines of one column of a table share: the score and its quantity."""
    return json.dumps([line.score, quantity(line)], sort_keys=True)


def differences(line: ScoreLine, other: ScoreLine) -> list[str]:
    """Return in what the protocols of two lines differ, as `resize: this / that`."""
    ours, theirs = quantity(line), quantity(other)
    return [
        f"{WORDS.get(name, name.replace('_', ' '))}: "
        f"{_brief(ours.get(name))} / {_brief(theirs.get(name))}"
        for name in dict.fromkeys([*WORDS, *ours, *theirs])
        if ours.get(name) != theirs.get(name)
    ]


def _brief(value: Json) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) == 64 and " " not in text else text  # a sha256
