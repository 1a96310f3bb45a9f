"""Checks of a record before anything starts: ranges, and what does not fit together in a GAN.

Each finding is one line: the reason, and the override that mends it.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.config.run_config import gradient_penalties, is_labelled
from gan_lab.config.schema import CHOICES, RANGES

MODEL_KEYS = ("generator", "discriminator", "d_norm", "condition_g", "condition_d", "points")


def check_ranges(config: Mapping[str, Any]) -> None:
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
            raise UsageError(f"{key}={value}: must be {below} {round(highest, 3):g}.")
    for key, options in CHOICES.items():
        if _get(config, key) not in options:
            names = ", ".join("null" if one is None else str(one) for one in options)
            raise UsageError(f"{key}={_get(config, key)}: choose from {names}.")
    if not re.fullmatch(r"[\w][\w.-]*", config["study"]):
        raise UsageError(f"study={config['study']}: must be one plain folder name.")


def check_fit(record: Mapping[str, Any]) -> list[str]:
    """Return warnings for a record. Raises UsageError for what cannot work."""
    for error in _errors(record):
        raise UsageError(error)
    return list(_remarks(record))


def check_data(record: Mapping[str, Any]) -> None:
    """Raise UsageError for a record that does not fit the data it was filled in with."""
    if is_labelled(record) and not record["class_counts"]:
        raise UsageError(
            f"a conditional model needs labels, and {record['choices']['dataset']} has none: "
            "add model.condition_g=false model.condition_d=false."
        )
    if record["batch_size"] > record["image_count"]:
        raise UsageError(
            f"batch_size={record['batch_size']} is more than the {record['image_count']} images "
            f"there are: use batch_size={record['image_count']} or less."
        )


def _errors(record: Mapping[str, Any]) -> Iterator[str]:
    loss, model, choices = record["loss"], record["model"], record["choices"]
    yield from _model_errors(model)
    if record["dataset"].get("points", False) != model.get("points", False):
        makes, has = ("points", "images") if model.get("points") else ("images", "points")
        fitting = "mlp" if model.get("points") else "point_mlp"
        yield (
            f"model={choices['model']} makes {makes} and dataset={choices['dataset']} has {has}: "
            f"use model={fitting}, or a dataset of {makes}."
        )
    if model.get("points") and _augments(record):
        yield f"augment={choices['augment']} is for images, and these are points: use augment=none."
    penalties = gradient_penalties(record)
    if penalties and model["discriminator"].get("norm") == "batch":
        yield (
            f"{penalties[0]} takes the gradient of each sample's logit, but under batch norm a "
            f"logit depends on the whole batch: use {_norm_key(model)}=none."
        )
    yield from _penalty_errors(record)
    if _is_wasserstein(loss) and loss.get("clip") is None and not _bounds(record):
        yield (
            "a Wasserstein critic without clipping or penalty has no bound, and neither has its "
            "loss: use loss.clip=0.01 or penalty=[gradient_penalty]."
        )
    pack, batch_size = record["pack"], record["batch_size"]
    if batch_size % pack:
        divisible = max(1, batch_size // pack) * pack
        yield f"pack={pack} does not divide batch_size={batch_size}: use batch_size={divisible}."
    if pack > 1 and model.get("condition_d"):
        yield (
            "a pack holds images of several classes, and the discriminator takes one label: use "
            "pack=1 or model.condition_d=false."
        )
    if record["label_smoothing"] and "label_smoothing" not in loss:
        yield (
            "label_smoothing moves the target of cross entropy, and "
            f"{choices['loss']} has no such target: use label_smoothing=0."
        )
    for steps in ("discriminator_steps", "generator_steps"):
        count = loss.get(steps, 1)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            yield f"loss.{steps}={count}: must be a whole number of at least 0."
    if not loss.get("discriminator_steps", 1) and not loss.get("generator_steps", 1):
        yield "neither player is trained: set loss.generator_steps=1 or loss.discriminator_steps=1."


def _model_errors(model: Mapping[str, Any]) -> Iterator[str]:
    for key, value in model.items():
        if key not in MODEL_KEYS:
            yield f"there is no setting model.{key}; there are {', '.join(MODEL_KEYS)}."
        elif key in ("condition_g", "condition_d") and not isinstance(value, bool):
            yield f"model.{key}={value}: must be true or false."


def _penalty_errors(record: Mapping[str, Any]) -> Iterator[str]:
    for name, spec in _penalties(record).items():
        weight = spec.get("weight", 1.0)
        if isinstance(weight, int | float) and not weight >= 0:
            yield f"penalty.{name}.weight={weight}: must be at least 0."
    clip = record["loss"].get("clip")
    if isinstance(clip, int | float) and not clip > 0:
        yield f"loss.clip={clip}: must be more than 0 (null: no clipping)."


def _penalties(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**(record["loss"].get("penalties") or {}), **record["penalty"]}


def _bounds(record: Mapping[str, Any]) -> bool:
    """Whether a penalty keeps the critic's slope in bounds."""
    return any(spec.get("weight", 1.0) != 0 for spec in _penalties(record).values())


def _norm_key(model: Mapping[str, Any]) -> str:
    """Return the key that sets the discriminator's norm: d_norm, unless it was set past that."""
    return "model.d_norm" if model.get("d_norm") == "batch" else "model.discriminator.norm"


def _remarks(record: Mapping[str, Any]) -> Iterator[str]:
    model = record["model"]
    if model.get("d_norm") == "auto" and model["discriminator"].get("norm") == "none":
        yield (
            "the discriminator has no norm, for the loss has a gradient penalty: this is what "
            "d_norm=auto does (model.d_norm=none says the same without this note)"
        )
    if "gradient_penalty" in gradient_penalties(record) and record["beta1"] >= 0.5:
        yield (
            f"beta1={record['beta1']:g} with a gradient penalty often oscillates; its authors use "
            "beta1=0 beta2=0.9"
        )
    if record["loss"].get("clip") is not None and record["beta1"] > 0:
        yield (
            "momentum is known to upset a clipped Wasserstein critic (its authors use RMSProp); "
            "beta1=0 is the nearest here"
        )


def _augments(record: Mapping[str, Any]) -> bool:
    augment = record.get("augment") or {}
    return augment.get("load_scale", 1) > 1 or any(
        augment.get(key) for key in ("flip", "differentiable")
    )


def _is_wasserstein(loss: Mapping[str, Any]) -> bool:
    return str(loss["_target_"]).endswith(".wasserstein")


def _get(config: Mapping[str, Any], key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return value
