"""Checkpoints: written whole or not at all, and read only if they are whole."""

import io
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypeAlias, TypedDict

from gan_lab.common.files import new_file, open_plain

if TYPE_CHECKING:
    from torch import Tensor

Weights: TypeAlias = "dict[str, Tensor]"  # of a network, by their names in its state_dict


class ProgressNumbers(TypedDict):
    """Where a run was: its step, seconds of training, its best step and that step's score."""

    step: int
    seconds: float
    best_step: int
    best_score: float


class OptimizerState(TypedDict):
    """What an optimizer's state_dict holds; torch reads the settings of a group from it too."""

    state: "dict[int, dict[str, Tensor]]"
    param_groups: list[dict[str, Any]]


class Checkpoint(TypedDict):
    """All that a run goes on from. `carried` is of runs whose regularisers remember something."""

    progress: ProgressNumbers
    generator: Weights
    discriminator: Weights
    average: Weights
    optimizer_g: OptimizerState
    optimizer_d: OptimizerState
    carried: NotRequired[Weights]


def write_checkpoint(path: Path, state: Mapping[str, object]) -> None:
    """Write all that a training goes on from. Raises OSError if the disk is full."""
    import torch

    content = io.BytesIO()  # torch.save hides why a disk does not take its bytes
    torch.save(dict(state), content)
    with new_file(path, durable=True) as file:
        file.write(content.getbuffer())


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Load a run's checkpoint onto the CPU; None if it is damaged, or not that of its name."""
    content = read_written(path)
    return content if _is_whole(content, path.stem) else None


def read_written(path: Path) -> Any:
    """Load what `write_checkpoint` wrote onto the CPU; None if its checksums are wrong or it cannot
    be read."""
    import torch

    try:
        with open_plain(path) as file:
            with zipfile.ZipFile(file) as archive:
                _refuse_packed(archive, os.fstat(file.fileno()).st_size)
                if archive.testzip() is not None:  # torch does not check the CRCs itself
                    return None
            file.seek(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what torch says of tensors that are refused here
                content = torch.load(file, map_location="cpu", weights_only=True)
            return content if _has_plain_tensors(content) else None
    except Exception:
        return None


def _has_plain_tensors(content: Any) -> bool:
    """Whether all tensors of a content hold each of their numbers: none is sparse, quantized or on
    the device "meta"."""
    import torch

    if isinstance(content, torch.Tensor):
        on_cpu = content.device.type == "cpu"
        return on_cpu and content.layout == torch.strided and not content.is_quantized
    if isinstance(content, Mapping):
        return all(map(_has_plain_tensors, content.values()))
    return not isinstance(content, list | tuple) or all(map(_has_plain_tensors, content))


def _refuse_packed(archive: zipfile.ZipFile, size: int) -> None:
    """Raise ValueError if an archive holds more bytes than it has: torch compresses none."""
    if sum(entry.file_size for entry in archive.infolist()) > size:
        raise ValueError("it is compressed")


def _is_whole(content: Any, step: str) -> bool:
    """Whether a file holds what a checkpoint of a step does; what fits the networks is asked
    later."""
    if not isinstance(content, dict) or not Checkpoint.__required_keys__ <= content.keys():
        return False
    progress = content["progress"]
    return (
        isinstance(progress, dict)
        and progress.keys() == ProgressNumbers.__annotations__.keys()
        and type(progress["step"]) is type(progress["best_step"]) is int
        and step == f"{progress['step']:08d}"
        and -1 <= progress["best_step"] <= progress["step"]
        and type(progress["seconds"]) is float
        and 0 <= progress["seconds"] < math.inf
        and type(progress["best_score"]) is float
        and not math.isnan(progress["best_score"])
    )


def read_newest(paths: Sequence[Path], say: Callable[[str], None]) -> Iterator[Checkpoint]:
    """Yield the checkpoints that are whole, the last of `paths` first.

    A corrupt one is reported through `say`.
    """
    for place in reversed(range(len(paths))):
        state = read_checkpoint(paths[place])
        if state is not None:
            yield state
        else:
            say(f"{paths[place]} is corrupt; {falling_back(paths[:place])}.")


def falling_back(older: Sequence[Path]) -> str:
    """Return what is done without a checkpoint: the one before it is taken, if there is one."""
    return f"falling back to {older[-1].name}" if older else "none is left"
