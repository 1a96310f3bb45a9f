"""What a loss, penalty, model or score is: formula, source, knobs, curves; layers of a model."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gan_lab.common.paths import loss_figures
from gan_lab.config.instantiate import locate
from gan_lab.config.run_config import is_labelled
from gan_lab.evaluation.scores import NEEDS, load_score
from gan_lab.losses import GanLoss
from gan_lab.models import call
from gan_lab.models.layers import LogitFromImage, ProjectLatents
from gan_lab.training import build

CURVES = """\
loss/d, loss/g         the losses above, without penalties
d/real                 mean {output} of D on real images, in D's update
d/fake_1               the same on generated images, before D's update
d/fake_2               the same in G's update: after D's, before G's own
grad_norm/d, /g        norm of all gradients of a player
penalty/<name>         each penalty, weighted"""
LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, ProjectLatents, LogitFromImage)
KNOBS = {
    "GradientPenalty.weight": "lambda_gp",
    "minimax.label_smoothing": "label_smoothing",
    "nonsaturating.label_smoothing": "label_smoothing",
}
OUTPUTS = {"probability": "sigmoid(output)", "score": "output"}
# The penalties whose run has another loss's name: WGAN-GP is its penalty, R3GAN is RpGAN with both.
RUN_OF_PENALTY = {"gradient_penalty": "wgan_gp", "r1": "rpgan", "r2": "rpgan"}


def explain_loss(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that explain the loss of a record."""
    name = record["choices"]["loss"]
    yield f"loss={name}"
    yield from _documentation(record["loss"])
    loss = build.loss({**record, "penalty": {}})
    yield from _rhythm(loss)
    for penalty in record["loss"].get("penalties") or {}:
        yield ""
        yield f"penalty={penalty}"
        yield from _documentation(record["loss"]["penalties"][penalty])
    yield ""
    yield "The curves of metrics.jsonl:"
    yield from CURVES.format(output=OUTPUTS[loss.output]).splitlines()
    yield ""
    yield from _real_run(name)


def explain_penalty(name: str, spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that explain a penalty."""
    yield f"penalty={name}"
    yield from _documentation(spec)
    if name in RUN_OF_PENALTY:
        yield ""
        yield from _real_run(RUN_OF_PENALTY[name])


def explain_score(name: str) -> Iterator[str]:
    """Yield the lines that explain a score. Raises UsageError for a name that there is not."""
    score = load_score(name)
    yield f"score={name}"
    yield from _documentation(score.measure)
    yield ""
    yield f"It is measured on: {NEEDS[score.needs]}"
    number = f"{score.count:,}" if score.count else "as many as evaluation.samples says"
    most = f", at most {score.at_most:,}" if score.at_most else ""
    sets = f"; at the end the mean of {score.sets} independent sets" if score.sets > 1 else ""
    yield f"Samples: {number}{most}{sets}"
    if "real" in inspect.signature(locate(score.measure["_target_"])).parameters:
        yield f"Against: {'all' if score.all_real else 'up to 10,000'} training samples"


def explain_model(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the layers of both networks as built, with the arithmetic of their sides."""
    yield f"model={record['choices']['model']}"
    generator, discriminator = build.networks(record)
    labels = torch.zeros(2, dtype=torch.int64) if is_labelled(record) else None
    channels, *sides = record["shape"]
    images = torch.zeros(2, channels * record["pack"], *sides)
    for title, network, inputs in (
        ("generator", generator, torch.zeros(2, record["latent_dim"])),
        ("discriminator", discriminator, images),
    ):
        yield ""
        yield f"{title}: {_shape(inputs)} in, {_count(network):,} parameters"
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
    rest = _count(network) - sum(_count(layer) for layer, _, _ in rows)
    if rest:
        yield f"  {'parameters outside of layers':<38}{'-':>14}{rest:>12,}"
    for layer, given, made in rows:
        yield (
            f"  {_describe(layer):<38}{_shape(made):>14}{_count(layer):>12,}   "
            f"{arithmetic(layer, given)}"
        ).rstrip()


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


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


def _documentation(spec: Mapping[str, Any]) -> Iterator[str]:
    target = locate(spec["_target_"])
    text = (inspect.getdoc(target) or "").removeprefix("Return ")
    yield from (text[:1].upper() + text[1:]).splitlines()
    defaults = inspect.signature(target).parameters
    settings = {key: spec[key] for key in spec if key not in ("_target_", "penalties")}
    if settings:
        yield ""
        yield "Settings:"
        for key, value in settings.items():
            default, knob = defaults[key].default, KNOBS.get(f"{target.__name__}.{key}")
            notes = (
                [f"default {default}"] if default not in (value, inspect.Parameter.empty) else []
            )
            notes += [f"set by {knob}="] if knob else []
            yield f"  {key} = {value}" + (f"   ({', '.join(notes)})" if notes else "")


def _real_run(name: str) -> Iterator[str]:
    figure = loss_figures() / f"{name}.png"
    if figure.is_file():  # not for a loss of one's own
        yield f"A real run: {figure}; scores beside it in README.md"


def _rhythm(loss: GanLoss) -> Iterator[str]:
    yield ""
    clip = f", whose weights are then clipped to {loss.clip}" if loss.clip is not None else ""
    yield (
        f"A step is {loss.discriminator_steps} update(s) of D{clip}, then "
        f"{loss.generator_steps} of G."
    )


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
