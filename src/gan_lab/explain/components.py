"""What a loss, penalty, optimizer or score is: formula, source, knobs, curves."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from gan_lab.common.paths import loss_figures
from gan_lab.common.typed import Json
from gan_lab.config.compose import load_group, opening_comment
from gan_lab.config.instantiate import locate
from gan_lab.config.overrides import OPTIMIZERS
from gan_lab.config.run_config import RunConfig, with_data, with_presumed_data
from gan_lab.config.spec import Spec
from gan_lab.evaluation.scores import NEEDS, Score, load_score
from gan_lab.explain.datasets import explain_dataset, name_dataset
from gan_lab.explain.layers import explain_model
from gan_lab.losses import GanLoss
from gan_lab.training import build

CURVES = """\
loss/d, loss/g         the losses above, without penalties
d/real                 mean {output} of D on real images, in D's update
d/fake_1               the same on generated images, before D's update
d/fake_2               the same in G's update: after D's, before G's own
grad_norm/d, /g        norm of all gradients of a player
penalty/<name>         each penalty, weighted"""
KNOBS = {
    "GradientPenalty.weight": "lambda_gp",
    "minimax.label_smoothing": "label_smoothing",
    "nonsaturating.label_smoothing": "label_smoothing",
}
OUTPUTS = {"probability": "sigmoid(output)", "score": "output"}
# The penalties whose run has another loss's name: WGAN-GP is its penalty, R3GAN is RpGAN with both.
RUN_OF_PENALTY = {"gradient_penalty": "wgan_gp", "r1": "rpgan", "r2": "rpgan"}


def explain_parts(config: RunConfig, parts: Collection[str]) -> Iterator[Iterator[str]]:
    """Yield the lines of each part of a run that is asked for: model, loss, penalty, optimizer,
    augment, dataset; of "data" only where they are from."""
    loaded = _takes_data(config, parts)
    config = with_data(config, build.dataset(config)) if loaded else with_presumed_data(config)
    if "model" in parts:
        yield explain_model(config, presumed=not loaded)
    if "loss" in parts:
        yield explain_loss(config)
    if "penalty" in parts:
        for name, spec in config.penalty.items():
            yield explain_penalty(name, spec)
    if "optimizer" in parts:
        yield from explain_optimizers(config)
    if "augment" in parts and config.augment and config.choices.augment:
        yield _explain_augment(config.choices.augment, config.augment)
    if "dataset" in parts:
        yield explain_dataset(config)
    elif "data" in parts:
        yield name_dataset(config)


def _explain_augment(name: str, spec: Spec) -> Iterator[str]:
    yield f"augment={name}"
    yield from opening_comment("augment", name)
    yield ""
    yield from _documentation(spec)


def _takes_data(config: RunConfig, parts: Collection[str]) -> bool:
    """Whether networks are built for the shape and classes of the data, which are loaded for it.

    Data that nobody asks about are neither downloaded nor decoded for the sake of the layers.
    """
    return {"model", "dataset"} <= {*parts} and config.model.points == config.dataset.points


def explain_loss(config: RunConfig) -> Iterator[str]:
    """Yield the lines that explain the loss of a run."""
    name = config.choices.loss
    yield f"loss={name}"
    yield from _documentation(config.loss)
    alone = replace(config, penalty={})
    loss = build.loss(alone)
    yield from _rhythm(loss)
    for penalty, spec in alone.penalties.items():
        yield ""
        yield f"penalty={penalty}"
        yield from _documentation(spec)
    yield ""
    yield "The curves of metrics.jsonl:"
    yield from CURVES.format(output=OUTPUTS[loss.output]).splitlines()
    yield from _real_run(name)


def explain_penalty(name: str, spec: Spec) -> Iterator[str]:
    """Yield the lines that explain a penalty."""
    yield f"penalty={name}"
    yield from _documentation(spec)
    yield from _real_run(RUN_OF_PENALTY.get(name, name))


def explain_optimizers(config: RunConfig) -> Iterator[Iterator[str]]:
    """Yield the lines that explain the optimizer of both players, or those of each."""
    choices = config.choices
    found = [(choices.optimizer_g, config.optimizer_g), (choices.optimizer_d, config.optimizer_d)]
    if found[0] == found[1]:
        yield _explain_optimizer("optimizer", *found[0])
        return
    for player, (name, spec) in zip(OPTIMIZERS, found, strict=True):
        yield _explain_optimizer(player, name, spec)


def _explain_optimizer(player: str, name: str, spec: Spec) -> Iterator[str]:
    yield f"{player}={name}"
    if spec.target == load_group("optimizer", name)["_target_"]:
        yield from opening_comment("optimizer", name)
    yield ""
    yield f"Settings of {spec.target}:"
    parameters = inspect.signature(locate(str(spec.target))).parameters
    yield from _settings(spec.arguments, parameters, {"betas": "beta1= and beta2="})
    others = [
        f"{key}={parameter.default}"
        for key, parameter in parameters.items()
        if key not in (*spec.arguments, "params", "lr")
        and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    yield f"It also takes, as {player}.KEY=VALUE: {', '.join(others)}"
    yield "Learning rates: lr_g= of G, lr_d= of D, lr= of both; lr_decay= lets them fall."


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
    if "real" in inspect.signature(locate(str(score.measure.target))).parameters:
        yield f"Against: {_real_side(score)}"
    if score.covers:
        yield f"Its interval is of: {score.covers}"


def _real_side(score: Score) -> str:
    if score.needs == "labelled":
        return "all held-out images"
    return f"{'all' if score.all_real else 'up to 10,000'} training samples"


def _documentation(spec: Spec) -> Iterator[str]:
    target = locate(str(spec.target))
    text = (inspect.getdoc(target) or "").removeprefix("Return ")
    yield from (text[:1].upper() + text[1:]).splitlines()
    settings = {key: value for key, value in spec.arguments.items() if key != "penalties"}
    if settings:
        yield ""
        yield "Settings:"
        fed = {key: KNOBS.get(f"{target.__name__}.{key}") for key in settings}
        knobs = {key: f"{knob}=" for key, knob in fed.items() if knob}
        yield from _settings(settings, inspect.signature(target).parameters, knobs)


def _settings(
    settings: Mapping[str, Json],
    parameters: Mapping[str, inspect.Parameter],
    knobs: Mapping[str, str],
) -> Iterator[str]:
    """Yield a line for each argument: its value, the default, and what on the command line sets
    it."""
    for key, value in settings.items():
        default = parameters[key].default if key in parameters else inspect.Parameter.empty
        same = (value, tuple(value) if isinstance(value, list) else value)
        notes = [f"default {default}"] if default not in (*same, inspect.Parameter.empty) else []
        notes += [f"set by {knobs[key]}"] if key in knobs else []
        yield f"  {key} = {value}" + (f"   ({', '.join(notes)})" if notes else "")


def _real_run(name: str) -> Iterator[str]:
    figure = loss_figures() / f"{name}.png"
    if figure.is_file():  # not for a loss of one's own
        yield ""
        yield f"A real run: {figure}; scores beside it in README.md"


def _rhythm(loss: GanLoss) -> Iterator[str]:
    yield ""
    clip = f", whose weights are then clipped to {loss.clip}" if loss.clip is not None else ""
    yield (
        f"A step is {loss.discriminator_steps} update(s) of D{clip}, then "
        f"{loss.generator_steps} of G."
    )
