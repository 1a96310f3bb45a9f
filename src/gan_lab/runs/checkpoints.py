"""Checkpoints: written whole or not at all, and read only if they are whole."""

import io
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    from torch import Tensor

Weights: TypeAlias = "dict[str, Tensor]"  # of a network, by their names in its state_dict


class ProgressNumbers(TypedDict):
    """Where a run was: its step, seconds of training, its best step and that step's score."""

    step: int
    seconds: float
    best_step: int
    best_score: float


class Checkpoint(TypedDict):
    """All that a run goes on from."""

    progress: ProgressNumbers
    generator: Weights
    discriminator: Weights
    average: Weights
    optimizer_g: dict[str, Any]
    optimizer_d: dict[str, Any]


def write_checkpoint(path: Path, state: Mapping[str, object]) -> None:
    """Write all that a training goes on from. Raises OSError if the disk is full."""
    import torch

    temporary = path.with_suffix(".tmp")
    content = io.BytesIO()  # torch.save hides why a disk does not take its bytes
    torch.save(dict(state), content)
    try:
        with temporary.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Load a run's checkpoint onto the CPU; None if it is damaged, or no run's."""
    content = read_written(path)
    return content if _is_whole(content) else None


def read_written(path: Path) -> Any:
    """Load what `write_checkpoint` wrote onto the CPU; None if its checksums are wrong or it cannot
    be read."""
    import torch

    try:
        with zipfile.ZipFile(path) as archive:  # torch does not check the archive's CRCs itself
            if archive.testzip() is not None:
                return None
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        return None


def _is_whole(content: Any) -> bool:
    """Whether a file holds what a checkpoint does; what fits the networks is asked later."""
    if not isinstance(content, dict) or not Checkpoint.__annotations__.keys() <= content.keys():
        return False
    progress = content["progress"]
    return (
        isinstance(progress, dict)
        and progress.keys() == ProgressNumbers.__annotations__.keys()
        and all(isinstance(number, int | float) for number in progress.values())
    )


def read_newest(paths: Sequence[Path], say: Callable[[str], None]) -> Checkpoint | None:
    """Load the last of the checkpoints that is whole; None if none is.

    A corrupt one is reported through `say` and the one before it is tried.
    """
    for place in reversed(range(len(paths))):
        state = read_checkpoint(paths[place])
        if state is not None:
            return state
        then = f"falling back to {paths[place - 1].name}" if place else "none is left"
        say(f"{paths[place]} is corrupt; {then}.")
    return None
