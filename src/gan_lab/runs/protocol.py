"""When two scores are one quantity, and in what they differ when they are not."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Line = Mapping[str, Any]  # of evaluations.jsonl

# What must agree, and how it is called. Seeds are each run's own; the version is information.
COMPARED = {
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
}


def shape_words(shape: Iterable[int]) -> str:
    """Return the shape of one sample as protocols have it: 1x32x32, or 2 of a point."""
    return "x".join(map(str, shape))


def column_key(line: Line) -> str:
    """Return what lines of one column of a table share: the score, and all of COMPARED."""
    protocol = line.get("protocol", {})
    return json.dumps([line["score"], *(protocol.get(name) for name in COMPARED)], sort_keys=True)


def differences(line: Line, other: Line) -> list[str]:
    """Return in what the protocols of two lines differ, as `resize: this / that`."""
    ours, theirs = line["protocol"], other["protocol"]
    return [
        f"{words}: {_brief(ours.get(name))} / {_brief(theirs.get(name))}"
        for name, words in COMPARED.items()
        if ours.get(name) != theirs.get(name)
    ]


def _brief(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) == 64 and " " not in text else text  # a sha256
