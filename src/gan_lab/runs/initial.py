"""The weights that a run begins with: taken from another run, and kept in its own directory."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from gan_lab.common.errors import RunError
from gan_lab.runs.checkpoints import Checkpoint, OptimizerState, Weights, read_written

if TYPE_CHECKING:
    from torch import Tensor

NETWORKS = ("generator", "discriminator", "average")
OPTIMIZERS = ("optimizer_g", "optimizer_d")


class InitialWeights(TypedDict):
    """What a run begins with. Without the state of optimizers these begin with none."""

    generator: Weights
    discriminator: Weights
    average: Weights
    optimizer_g: NotRequired[OptimizerState]
    optimizer_d: NotRequired[OptimizerState]


def taken_of(checkpoint: Checkpoint, optimizers: bool) -> InitialWeights:
    """Return what is taken of a checkpoint: its networks and, if asked, the optimizers' state.

    The settings of the optimizers are those of the new run.
    """
    taken: InitialWeights = {
        "generator": checkpoint["generator"],
        "discriminator": checkpoint["discriminator"],
        "average": checkpoint["average"],
    }
    if optimizers:
        for player in OPTIMIZERS:
            state = _state(checkpoint[player])  # type: ignore[literal-required]
            taken[player] = {"state": state, "param_groups": []}  # type: ignore[literal-required]
    return taken


def content_hash(weights: InitialWeights) -> str:
    """Return the SHA-256 of the names, kinds, shapes and bytes of all tensors.

    Raises RunError for what is no tensor with numbers in memory.
    """
    digest = hashlib.sha256()
    for name, tensor in _tensors(weights, ""):
        digest.update(f"{name!a} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(_bytes(name, tensor))
    return digest.hexdigest()


def read_initial(path: Path, content: str) -> InitialWeights | None:
    """Load what `write_checkpoint` wrote of initial weights; None unless they have that hash."""
    found = read_written(path)
    keys = {*found} if isinstance(found, dict) else set()
    if keys not in ({*NETWORKS}, {*NETWORKS, *OPTIMIZERS}):
        return None
    weights: InitialWeights = found
    try:
        return weights if content_hash(weights) == content else None
    except RunError:
        return None


def _state(saved: Any) -> Any:
    return saved.get("state", {}) if isinstance(saved, Mapping) else {}


def _tensors(value: Any, name: str) -> "Iterator[tuple[str, Tensor]]":
    """Yield the tensors of nested mappings by their names, in the order of these."""
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _tensors(value[key], f"{name}.{key}".lstrip("."))
    elif value != []:  # no groups: their settings are those of the config
        yield name, value


def _bytes(name: str, tensor: Any) -> bytes:
    import torch

    try:
        flat = tensor.detach().contiguous().reshape(-1)
        data: bytes = flat.view(torch.uint8).numpy().tobytes()
        return data
    except Exception:  # no tensor, a sparse one, one without memory
        raise RunError(f"{name!a} is no tensor of numbers") from None
