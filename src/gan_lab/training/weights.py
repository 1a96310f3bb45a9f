"""What a checkpoint holds, taken only if it belongs to the networks: names, shapes, numbers."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from gan_lab.runs.checkpoints import OptimizerState, Weights


class Misfit(Exception):
    """What a checkpoint holds does not belong to the networks, or is no number; says what."""


def check_weights(network: nn.Module, weights: Weights) -> None:
    """Raise Misfit unless the weights have the names and shapes of a network's, and are finite.

    The network may be on torch's device "meta", where it takes no memory.
    """
    ours = network.state_dict()
    if not isinstance(weights, Mapping):
        raise Misfit("it has no weights where some should be")
    for name in (*ours, *weights):
        if name not in weights:
            raise Misfit(f"{name} is missing")
        if name not in ours:
            raise Misfit(f"{name!a} is unknown")
        _check_tensor(name, weights[name], ours[name])


def set_weights(network: nn.Module, weights: Weights) -> None:
    """Set a network's weights. Raises Misfit as `check_weights` does."""
    check_weights(network, weights)
    network.load_state_dict(weights)


def check_optimizer(optimizer: Optimizer, saved: OptimizerState, has_stepped: bool) -> None:
    """Raise Misfit unless a saved state has for each parameter what the optimizer keeps of it, in
    the right shape: none before the first step, else all."""
    state: Any = saved.get("state") if isinstance(saved, Mapping) else None
    parameters = [weight for group in optimizer.param_groups for weight in group["params"]]
    if not isinstance(state, Mapping) or list(state) not in ([], [*range(len(parameters))]):
        raise Misfit("the state of an optimizer is of other networks")
    if not state and not has_stepped:
        return
    kept = after_a_step(optimizer)
    if list(kept) != list(state):
        raise Misfit("the state is of another optimizer")
    for place, held in state.items():
        if not isinstance(held, Mapping):
            raise Misfit("the state of an optimizer is none")
        if held.keys() != kept[place].keys():
            raise Misfit("the state is of another optimizer")
        for name, value in held.items():
            _check_tensor(f"{name} of an optimizer", value, kept[place][name])


def after_a_step(optimizer: Optimizer) -> Mapping[int, Mapping[str, torch.Tensor]]:
    """Return what an optimizer keeps after an update, by the place of the parameter: tried on a
    copy, with gradients of 0. Raises what the optimizer does."""
    trial = copy.deepcopy(optimizer)
    for group in trial.param_groups:
        for weight in group["params"]:
            weight.grad = torch.zeros_like(weight)
    trial.step()
    state: Mapping[int, Mapping[str, torch.Tensor]] = trial.state_dict()["state"]
    return state


def set_optimizer(optimizer: Optimizer, saved: OptimizerState) -> None:
    """Set an optimizer's state, which was checked; its settings stay those of the config."""
    optimizer.load_state_dict(
        {"state": saved["state"], "param_groups": optimizer.state_dict()["param_groups"]}
    )


def _check_tensor(name: str, found: Any, ours: torch.Tensor) -> None:
    if not isinstance(found, torch.Tensor):
        raise Misfit(f"{name} is no tensor")
    if found.shape != ours.shape:
        raise Misfit(f"{name} has shape {list(found.shape)}, not {list(ours.shape)}")
    if found.is_complex() or not torch.isfinite(found).all():
        raise Misfit(f"{name} has a value that is not a finite number")
