"""Which of the pictures that runs drew can be shown, and what is wrong with the others."""

from collections.abc import Sequence

from gan_lab.figures.pictures import fault_of
from gan_lab.report.collect import RunData


def picture_steps(data: RunData) -> list[int]:
    """Return the steps of a run whose samples can be shown, ascending."""
    return [step for step in data.run.sample_steps() if not fault_of(data.run.sample_path(step))]


def trained_steps(data: RunData) -> list[int]:
    """Return those of `picture_steps` that are of a trained generator: after the first step."""
    return [step for step in picture_steps(data) if step > 0]


def picture_faults(runs: Sequence[RunData]) -> list[str]:
    """Return a line for each picture of the runs' samples that cannot be shown."""
    paths = [data.run.sample_path(step) for data in runs for step in data.run.sample_steps()]
    return [
        f"{path}: {reason}; remove it, or ask for the run again."
        for path in paths
        if (reason := fault_of(path))
    ]
