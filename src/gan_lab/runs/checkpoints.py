"""Checkpoints: written whole or not at all, and read only if they are whole."""

import io
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

State = dict[str, Any]


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write all tensors and numbers that a run goes on from. Raises OSError if the disk is full."""
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


def read_checkpoint(path: Path) -> State | None:
    """Load a checkpoint onto the CPU; None if its checksums are wrong or it cannot be read."""
    import torch

    try:
        with zipfile.ZipFile(path) as archive:  # torch does not check the archive's CRCs itself
            if archive.testzip() is not None:
                return None
        state: State = torch.load(path, map_location="cpu", weights_only=True)
        return state
    except Exception:
        return None


def read_newest(paths: Sequence[Path], say: Callable[[str], None]) -> State | None:
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
