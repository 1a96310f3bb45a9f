"""The layers of both networks as they are built, with the arithmetic of their sides."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gan_lab.config.run_config import RunConfig
from gan_lab.models import call, parameter_count
from gan_lab.models.layers import LogitFromImage, ProjectLatents
from gan_lab.training import build

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, ProjectLatents, LogitFromImage)


def explain_model(config: RunConfig) -> Iterator[str]:
    """Yield the layers of both networks as built, with the arithmetic of their sides."""
    yield f"model={config.choices.model}"
    generator, discriminator = build.networks(config)
    labels = torch.zeros(2, dtype=torch.int64) if config.is_conditional else None
    channels, *sides = config.shape
    images = torch.zeros(2, channels * config.pack, *sides)
    for title, network, inputs in (
        ("generator", generator, torch.zeros(2, config.latent_dim)),
        ("discriminator", discriminator, images),
    ):
        yield ""
        yield f"{title}: {_shape(inputs)} in, {parameter_count(network):,} parameters"
        yield from layer_table(network, inputs, labels)


def layer_table(network: nn.Module, inputs: Tensor, labels: Tensor | None) -> Iterator[str]:
    """Yield a line a layer: what it is, its output, its parameters, and its side's arithmetic."""
    rows: list[tuple[nn.Module, Tensor, Tensor]] = []

    def remember(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        rows.append((layer, given[0], made))

    hooks = [
        layer.register_forward_hook(remember)
        for name, layer in network.named_modules()
        if isinstance(layer, LAYERS) or not ([*layer.children()] or "parametrizations" in name)
    ]
    with torch.no_grad():
        call(network, inputs, labels)
    for hook in hooks:
        hook.remove()
    rest = parameter_count(network) - sum(parameter_count(layer) for layer, _, _ in rows)
    if rest:
        yield f"  {'parameters outside of layers':<38}{'-':>14}{rest:>12,}"
    for layer, given, made in rows:
        yield (
            f"  {_describe(layer):<38}{_shape(made):>14}{parameter_count(layer):>12,}   "
            f"{arithmetic(layer, given)}"
        ).rstrip()


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
    kind = type(inner).__name__.removeprefix("Parametrized")
    spectral = ", spectral norm" if is_parametrized(inner) else ""
    if isinstance(inner, nn.Conv2d | nn.ConvTranspose2d):
        kernel, stride, padding = inner.kernel_size[0], inner.stride[0], inner.padding[0]
        bias = "" if inner.bias is None else ", bias"
        return f"{kind} k{kernel} s{stride} p{padding}{bias}{spectral}"
    return f"{kind}{spectral}"


def _shape(tensor: Tensor) -> str:
    return "x".join(str(side) for side in tensor.shape[1:]) or "1"
