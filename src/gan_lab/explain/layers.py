"""The layers of both networks as they are built, with the arithmetic of their sides."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gan_lab.common.console import counted
from gan_lab.config.run_config import RunConfig
from gan_lab.models import call, parameter_count
from gan_lab.models.initialise import weights_in_words
from gan_lab.models.layers import LogitFromImage, ProjectLatents
from gan_lab.training import build

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, ProjectLatents, LogitFromImage)
WITH_BIAS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


@dataclass(frozen=True)
class Layer:
    """A layer in words, the shape that it makes (without the batch), and its parameters.

    `arithmetic` is how the side of a convolution follows from that of its input. `is_main`: a
    convolution or a linear layer, which norms and activations follow.
    """

    words: str
    shape: str
    parameters: int
    arithmetic: str
    is_main: bool


@dataclass(frozen=True)
class Player:
    """A network: what goes in, its parameters, those of no layer, and its starting weights."""

    name: str
    inputs: str
    parameters: int
    outside: int
    layers: tuple[Layer, ...]
    weights: str


def players_of(config: RunConfig) -> tuple[Player, Player]:
    """Build both networks of a run whose shape is known, and describe them."""
    generator, discriminator = build.networks(config)
    labels = torch.zeros(2, dtype=torch.int64) if config.is_conditional else None
    channels, *sides = config.shape
    return (
        _player(config, "generator", generator, torch.zeros(2, config.latent_dim), labels),
        _player(
            config,
            "discriminator",
            discriminator,
            torch.zeros(2, channels * config.pack, *sides),
            labels,
        ),
    )


def _player(
    config: RunConfig, name: str, network: nn.Module, inputs: Tensor, labels: Tensor | None
) -> Player:
    layers = _layers(network, inputs, labels)
    total = parameter_count(network)
    return Player(
        name,
        _inputs(config, name),
        total,
        total - sum(layer.parameters for layer in layers),
        tuple(layers),
        weights_in_words(network, config.weight_init),
    )


def _inputs(config: RunConfig, name: str) -> str:
    """Write what a network is given: latents or images, and labels."""
    model, classes = config.model, len(config.class_counts)
    if name == "generator":
        if not model.condition_g:
            return counted(config.latent_dim, "latent")
        return (
            f"{counted(config.latent_dim, 'latent')} and the label as {classes} more numbers "
            f"(one-hot): {config.latent_dim + classes}"
        )
    channels, *sides = config.shape
    shape = "x".join(map(str, config.shape))
    kind = "image" if sides else "point"
    words = f"{kind} {shape}"
    if config.pack > 1:
        channels *= config.pack
        words = f"{config.pack} {kind}s {shape} at once"
    if not model.condition_d:
        return words
    if build.takes_labels(config):
        return f"{words} and the label, one of {classes} classes"
    more = "planes" if sides else "numbers"
    total = "x".join(map(str, (channels + classes, *sides)))
    return f"{words} and the label as {classes} more {more} (one-hot): {total}"


def explain_model(config: RunConfig, presumed: bool) -> Iterator[str]:
    """Yield the layers of both networks as built, with the arithmetic of their sides.

    `presumed`: the shape and classes are not those of the data, and that is said.
    """
    yield f"model={config.choices.model}"
    if presumed:
        kind = "points" if config.model.points else f"images {'x'.join(map(str, config.shape))}"
        yield f"for {kind} of {len(config.class_counts)} classes; dataset=NAME takes the data's own"
    for player in players_of(config):
        yield ""
        yield from player_lines(player)


def player_lines(player: Player) -> Iterator[str]:
    """Yield the lines of a network: its parameters, inputs, layers and starting weights."""
    yield f"{player.name}: {player.parameters:,} parameters"
    yield f"  in: {player.inputs}"
    yield from layer_table(player)
    yield f"  starting weights: {player.weights}"


def layer_table(player: Player) -> Iterator[str]:
    """Yield a line a layer: what it is, its output, its parameters, and its side's arithmetic."""
    if player.outside:
        yield f"  {'parameters outside of layers':<42}{'-':>14}{player.outside:>12,}"
    for layer in player.layers:
        yield (
            f"  {layer.words:<42}{layer.shape:>14}{layer.parameters:>12,}   {layer.arithmetic}"
        ).rstrip()


def _layers(network: nn.Module, inputs: Tensor, labels: Tensor | None) -> list[Layer]:
    """Describe the layers of a network in the order in which they are called."""
    found: list[Layer] = []

    def remember(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        count = parameter_count(layer)
        side, is_main = arithmetic(layer, given[0]), isinstance(layer, LAYERS)
        found.append(Layer(_describe(layer), _shape(made), count, side, is_main))

    hooks = [
        layer.register_forward_hook(remember)
        for name, layer in network.named_modules()
        if isinstance(layer, LAYERS) or not ([*layer.children()] or "parametrizations" in name)
    ]
    with torch.no_grad():
        call(network, inputs, labels)
    for hook in hooks:
        hook.remove()
    return found


def arithmetic(layer: nn.Module, images: Tensor) -> str:
    """Write how a convolution's side follows from its input's; empty for other layers."""
    if isinstance(layer, ProjectLatents | LogitFromImage):
        side = images.shape[-1] if isinstance(layer, LogitFromImage) else 1
        layer = layer.convolution
    elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        side = images.shape[-1]
    else:
        return ""
    kernel, stride = layer.kernel_size[0], layer.stride[0]
    padding = int(layer.padding[0])
    if isinstance(layer, nn.Conv2d):
        made = (side + 2 * padding - kernel) // stride + 1
        return f"floor(({side} + 2*{padding} - {kernel})/{stride}) + 1 = {made}"
    extra = layer.output_padding[0]
    made = (side - 1) * stride - 2 * padding + kernel + extra
    return f"({side} - 1)*{stride} - 2*{padding} + {kernel} + {extra} = {made}"


def _describe(layer: nn.Module) -> str:
    inner = layer.convolution if isinstance(layer, ProjectLatents | LogitFromImage) else layer
    words = [type(inner).__name__.removeprefix("Parametrized")]
    if isinstance(inner, nn.Conv2d | nn.ConvTranspose2d):
        words[0] += f" k{inner.kernel_size[0]} s{inner.stride[0]} p{inner.padding[0]}"
    if isinstance(inner, WITH_BIAS):
        words.append("no bias" if inner.bias is None else "bias")
    if isinstance(inner, nn.LeakyReLU):
        words.append(f"slope {inner.negative_slope:g}")
    if isinstance(inner, nn.InstanceNorm2d) and not inner.affine:
        words.append("nothing learned")
    if is_parametrized(inner):
        words.append("spectral norm")
    return ", ".join(words)


def _shape(tensor: Tensor) -> str:
    return "x".join(str(side) for side in tensor.shape[1:]) or "1"
