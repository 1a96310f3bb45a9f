"""Checks of a config before anything starts: ranges, and what does not fit together in a GAN.

Each finding is one line: the reason, and the override that mends it.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.config.advice.meanings import meant_value
from gan_lab.config.overrides import OPTIMIZERS
from gan_lab.config.run_config import OWN_CLASSIFIER, ModelConfig, RunConfig
from gan_lab.config.schema import CHOICES, RANGES
from gan_lab.config.spec import Spec

# Losses whose D may put real images on either side of 0.
SIGNLESS = ("gan_lab.losses.wasserstein", "gan_lab.losses.lsgan", "gan_lab.losses.rpgan")


def check_ranges(config: RunConfig) -> None:
    """Raise UsageError for a knob outside its range or choices."""
    for key, (lowest, highest) in RANGES.items():
        value = _get(config, key)
        if value is None:
            continue
        if value in (math.inf, -math.inf):
            raise UsageError(f"{key}={value}: must be a finite number.")
        # Written so that nan, which compares with nothing, is out of every range.
        if lowest is not None and not value >= lowest:
            raise UsageError(f"{key}={value}: must be at least {lowest}.")
        if highest is not None and not value <= highest:
            below = "below" if highest % 1 > 0.9 else "at most"
            end = f"{highest:,}" if isinstance(highest, int) else f"{round(highest, 3):g}"
            raise UsageError(f"{key}={value}: must be {below} {end}.")
    for key, options in CHOICES.items():
        if _get(config, key) not in options:
            names = ", ".join("null" if one is None else str(one) for one in options)
            value = _get(config, key)
            raise UsageError(f"{key}={value}: choose from {names}.{meant_value(key, str(value))}")
    if not re.fullmatch(r"[\w][\w.-]*", config.runtime.study):
        raise UsageError(f"study={config.runtime.study}: must be one plain folder name.")


def check_facts(config: RunConfig) -> None:
    """Raise UsageError for facts of the training data that no data have."""
    shape, counts = config.shape, config.class_counts
    if shape and not (len(shape) in (1, 3) and all(side >= 1 for side in shape)):
        raise UsageError(f"shape={list(shape)}: images have channels, height and width.")
    if any(count < 0 for count in counts) or config.image_count < 0:
        raise UsageError("class_counts and image_count: must be at least 0.")
    if config.initial and not re.fullmatch("[0-9a-f]{64}", config.initial.content):
        raise UsageError("initial.content: must be a hash, 64 hexadecimal digits.")
    if len(config.classes) not in (0, len(counts)):
        raise UsageError(f"classes: {len(config.classes)} names of {len(counts)} classes.")
    if shape and config.is_conditional and not any(counts):
        raise UsageError("class_counts: a conditional run has classes with images.")


def check_fit(config: RunConfig) -> list[str]:
    """Return warnings for a config. Raises UsageError for what cannot work."""
    for error in _errors(config):
        raise UsageError(error)
    return list(_remarks(config))


def check_data(config: RunConfig) -> None:
    """Raise UsageError for a config that does not fit the data it was filled in with."""
    if config.is_conditional and not config.class_counts:
        raise UsageError(
            f"a conditional model needs labels, and {config.choices.dataset} has none: "
            "add model.condition_g=false model.condition_d=false."
        )
    if config.dataset.classifier == OWN_CLASSIFIER and not config.class_counts:
        raise UsageError(
            f"a classifier needs classes, and {config.choices.dataset} has none: add "
            "dataset.classifier=null."
        )
    if config.batch_size > config.image_count:
        raise UsageError(
            f"batch_size={config.batch_size} is more than the {config.image_count} images "
            f"there are: use batch_size={config.image_count} or less."
        )


def _errors(config: RunConfig) -> Iterator[str]:
    loss, model, choices = config.loss, config.model, config.choices
    if config.dataset.points != model.points:
        makes, has = ("points", "images") if model.points else ("images", "points")
        fitting = "mlp" if model.points else "point_mlp"
        yield (
            f"model={choices.model} makes {makes} and dataset={choices.dataset} has {has}: "
            f"use model={fitting}, or a dataset of {makes}."
        )
    if model.points and _augments(config):
        yield f"augment={choices.augment} is for images, and these are points: use augment=none."
    if config.augment and config.augment.get("target") is not None and loss.target in SIGNLESS:
        yield (
            f"augment={choices.augment} reads from the sign of D's output whether D takes an image "
            f"for real, and {choices.loss} gives it no such sign: use loss=nonsaturating, "
            "loss=minimax or loss=hinge, or augment=diffaugment."
        )
    penalties = list(config.penalties)
    if penalties and model.discriminator.get("norm") == "batch":
        yield (
            f"{penalties[0]} takes the gradient of each sample's logit, but under batch norm a "
            f"logit depends on the whole batch: use {_norm_key(model)}=none."
        )
    if config.runtime.from_optimizers and config.runtime.from_run is None:
        yield "from_optimizers=true takes what from= names: add from=RUN, or leave it out."
    yield from _penalty_errors(config)
    yield from _optimizer_errors(config)
    if _is_wasserstein(loss) and loss.get("clip") is None and not _bounds(config):
        yield (
            "a Wasserstein critic without clipping or penalty has no bound, and neither has its "
            "loss: use loss.clip=0.01 or penalty=[gradient_penalty]."
        )
    pack, batch_size = config.pack, config.batch_size
    if batch_size % pack:
        divisible = max(1, batch_size // pack) * pack
        yield f"pack={pack} does not divide batch_size={batch_size}: use batch_size={divisible}."
    if pack > 1 and model.condition_d:
        yield (
            "a pack holds images of several classes, and the discriminator takes one label: use "
            "pack=1 or model.condition_d=false."
        )
    if config.label_smoothing and "label_smoothing" not in loss.arguments:
        yield (
            "label_smoothing moves the target of cross entropy, and "
            f"{choices.loss} has no such target: use label_smoothing=0."
        )
    for steps in ("discriminator_steps", "generator_steps"):
        count = loss.get(steps, 1)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            yield f"loss.{steps}={count}: must be a whole number of at least 0."
    if not loss.get("discriminator_steps", 1) and not loss.get("generator_steps", 1):
        yield "neither player is trained: set loss.generator_steps=1 or loss.discriminator_steps=1."


def _penalty_errors(config: RunConfig) -> Iterator[str]:
    for name, spec in {**config.penalties, **config.penalty}.items():
        weight = spec.get("weight", 1.0)
        if isinstance(weight, int | float) and not weight >= 0:
            yield f"penalty.{name}.weight={weight}: must be at least 0."
    clip = config.loss.get("clip")
    if isinstance(clip, int | float) and not clip > 0:
        yield f"loss.clip={clip}: must be more than 0 (null: no clipping)."


def _optimizer_errors(config: RunConfig) -> Iterator[str]:
    for player in OPTIMIZERS:
        if "lr" in getattr(config, player).arguments:
            rate = player.replace("optimizer", "lr")
            yield f"{player}.lr: the learning rate is {rate}; leave it out of the optimizer."


def _bounds(config: RunConfig) -> bool:
    """Whether a penalty keeps the critic's slope in bounds."""
    return any(spec.get("weight", 1.0) != 0 for spec in config.penalties.values())


def _norm_key(model: ModelConfig) -> str:
    """Return the key that sets the discriminator's norm: d_norm, unless it was set past that."""
    return "model.d_norm" if model.d_norm == "batch" else "model.discriminator.norm"


def _remarks(config: RunConfig) -> Iterator[str]:
    model = config.model
    if model.d_norm == "auto" and model.discriminator.get("norm") == "none":
        yield (
            "the discriminator has no norm, for the loss has a gradient penalty: this is what "
            "d_norm=auto does (model.d_norm=none says the same without this note)"
        )
    if config.penalties and model.discriminator.get("minibatch_std"):
        yield (
            "under minibatch_std a logit depends on the whole batch, so that a penalty is on the "
            "gradient of all logits in an image, as in ProGAN and StyleGAN2"
        )
    if "gradient_penalty" in config.penalties and _first_beta(config) >= 0.5:
        yield (
            f"beta1={_first_beta(config):g} with a gradient penalty often oscillates; its authors "
            "use beta1=0 beta2=0.9"
        )
    if config.loss.get("clip") is not None and _first_beta(config) > 0:
        yield (
            "momentum is known to upset a clipped Wasserstein critic: its authors use "
            "optimizer=rmsprop lr=5e-5, and beta1=0 is the same without the momentum of Adam"
        )


def _first_beta(config: RunConfig) -> float:
    """Return the momentum of the discriminator's optimizer, if that is one of Adam's kind."""
    betas = config.optimizer_d.get("betas")
    first = betas[0] if isinstance(betas, list | tuple) and betas else 0.0
    return first if isinstance(first, int | float) else 0.0


def _augments(config: RunConfig) -> bool:
    augment = config.augment
    return augment is not None and (
        augment.get("load_scale", 1) > 1
        or any(augment.get(key) for key in ("flip", "differentiable"))
    )


def is_minimax(loss: Spec) -> bool:
    """Whether a loss is the original game, in which a G that loses learns nothing more."""
    return loss.target == "gan_lab.losses.minimax"


def _is_wasserstein(loss: Spec) -> bool:
    return loss.target == "gan_lab.losses.wasserstein"


def _get(config: RunConfig, key: str) -> Any:
    """Return a knob by its name on the command line: those of `runtime` stand at the top there."""
    value: Any = config if hasattr(config, key) else config.runtime
    for part in key.split("."):
        value = getattr(value, part)
    return value
