"""Runs that version 0.1 began: the command that began one goes on with it, on the same images."""

from collections.abc import Mapping
from typing import Any

from gan_lab.config.identity import run_directory

# What conf/dataset sets since: without them a loader reads and splits its files as version 0.1 did.
ARGUMENTS = ("holdout", "layout")
PARTS = ("images", "listing")


def as_begun(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of version 0.1 if its run is there, and none that today's settings make."""
    before = _of_version_01(record)
    if before == record or run_directory(record).is_dir() or not run_directory(before).is_dir():
        return record
    return before


def _of_version_01(record: Mapping[str, Any]) -> dict[str, Any]:
    dataset = {key: value for key, value in record["dataset"].items() if key != "unhashed"}
    for part in PARTS:
        if part in dataset:
            spec = dataset[part].items()
            dataset[part] = {key: value for key, value in spec if key not in ARGUMENTS}
    return {**record, "dataset": dataset}
