"""The starting weights of a network."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

SCHEMES = {
    "custom": "convolutions and linear layers N(0, 0.02), weights of batch norm N(1, 0.02) and its "
    "biases 0, the rest as PyTorch sets it",
    "default": "as PyTorch sets them",
}


def initialise(network: nn.Module, scheme: str) -> None:
    """Set the starting weights in place; draws from torch's global generator.

    `custom` is DCGAN's (Radford et al. 2016, section 4): weights N(0, 0.02), norm weights
    N(1, 0.02), norm biases 0; other biases stay PyTorch's. `default` keeps what PyTorch's
    constructors set, and so does a network that says `sets_own_weights`. Raises ValueError for
    another scheme.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"weight_init={scheme}: choose from {', '.join(SCHEMES)}.")
    if scheme == "custom" and not _sets_own_weights(network):
        network.apply(_initialise_layer)


def weights_in_words(network: nn.Module, scheme: str) -> str:
    """Write in words which starting weights `initialise` gives a network."""
    if scheme == "custom" and _sets_own_weights(network):
        return "as its class sets them"
    return f"{SCHEMES[scheme]} (weight_init={scheme})"


def _sets_own_weights(network: nn.Module) -> bool:
    return bool(getattr(network, "sets_own_weights", False))


@torch.no_grad()
def _initialise_layer(layer: nn.Module) -> None:
    if any(weight.is_meta for weight in layer.parameters(recurse=False)):
        return  # no values to set; torch would import its compiler for it, which takes a second
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        _weight(layer).normal_(0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        layer.weight.normal_(1.0, 0.02)
        layer.bias.zero_()


def _weight(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> Tensor:
    """The weight that is learned: under spectral norm `layer.weight` is computed from it."""
    if is_parametrized(layer, "weight"):
        return layer.get_parameter("parametrizations.weight.original")
    return layer.weight
