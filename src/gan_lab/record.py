"""What config.yaml of a run holds, and what follows from it alone: directory, hash, length."""

import copy
import hashlib
import inspect
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gan_lab.common.errors import RunError, UsageError
from gan_lab.data import ImageDataset
from gan_lab.instantiate import FIRST_NAMES, instantiate, locate
from gan_lab.parts import Schedule
from gan_lab.schema import GENERAL_KNOBS, RESULT_KNOBS, RUNTIME_KNOBS, Config
from gan_lab.score_lists import selection


def make_record(config: DictConfig, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the two halves of a composed config: what changes the result, and `runtime`."""
    automatic = config.model.get("d_norm") == "auto"
    if automatic:  # conf/model: none under a gradient penalty
        config = copy.deepcopy(config)
        config.model.d_norm = "none" if gradient_penalties(config) else "batch"
    plain: Any = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    plain["penalty"] = plain["penalty"] or {}
    if automatic:
        plain["model"]["d_norm"] = "auto"
    result = ("model", "loss", "penalty", "dataset", "augment", *RESULT_KNOBS, *GENERAL_KNOBS)
    return {
        "choices": dict(choices),
        **{key: plain[key] for key in result},
        "runtime": {key: plain[key] for key in RUNTIME_KNOBS},
    }


def gradient_penalties(config: Mapping[Any, Any]) -> list[str]:
    """Return the names of the penalties of a config, its loss's own among them.

    Each takes the gradient of a sample's logit by that sample alone. Under batch norm a logit
    depends on the whole batch, so that there is no such gradient.
    """
    return [*(config["loss"].get("penalties") or {}), *(config["penalty"] or {})]


def run_directory(record: Mapping[str, Any]) -> Path:
    """Return where the run lives: a function of what changes its result, and of its study."""
    choices, runtime = record["choices"], record["runtime"]
    names = [choices[group] for group in ("model", "loss", "dataset")]
    name = "-".join([*names, f"s{record['seed']}", result_hash(record)])
    return Path(runtime["runs_dir"]).expanduser() / runtime["study"] / name


def result_hash(record: Mapping[str, Any]) -> str:
    """Return 8 hex digits of what changes the result; arguments at their defaults don't count."""
    networks = (record["model"]["generator"], record["model"]["discriminator"])
    hashed = {
        "model": [_beyond_defaults(spec) for spec in networks],
        "loss": _beyond_defaults(record["loss"]),
        "penalty": {name: _beyond_defaults(spec) for name, spec in record["penalty"].items()},
        "dataset": _beyond_defaults(record["dataset"]["images"]),
        **{key: record[key] for key in RESULT_KNOBS if not _is_neutral(key, record[key])},
    }
    if "listing" in record["dataset"]:
        hashed["listing"] = _listing(record)
    augment = _beyond_defaults(record["augment"]) if record.get("augment") else {}
    if augment.keys() - {"_target_"}:
        hashed["augment"] = augment
    if not record["instance_noise"]:
        hashed.pop("instance_noise_steps", None)  # the length of what is not there
    if is_labelled(record):
        hashed["condition"] = [record["model"][key] for key in ("condition_g", "condition_d")]
    if record["lr_decay"] != "none":  # then the length changes every step
        hashed["length"] = {key: record["runtime"][key] for key in ("steps", "epochs", "images")}
    text = json.dumps(_canonical(hashed), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _listing(record: Mapping[str, Any]) -> str:
    """Return the hash of the files of a folder dataset, which its name alone does not tell."""
    if record["dataset"]["listing"]["folder"] is None:
        raise UsageError("dataset=image_folder needs a folder: add folder=PATH.")
    try:
        return instantiate(record["dataset"]["listing"], root=record["runtime"]["data_root"])
    except OSError as error:
        reason = f"{error.filename} cannot be read ({error.strerror})."
        raise RunError(reason if error.filename else str(error)) from error


def _beyond_defaults(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Drop arguments that the target takes by itself, so that a new option renames no old run."""
    parameters = inspect.signature(locate(spec["_target_"])).parameters
    nested = {key: _nested_beyond_defaults(value) for key, value in spec.items()}
    nested["_target_"] = FIRST_NAMES.get(spec["_target_"], spec["_target_"])
    return {
        key: value
        for key, value in nested.items()
        if key not in parameters or value != _plain(parameters[key].default)
    }


def _plain(default: Any) -> Any:
    """A tuple is a list in YAML."""
    return list(default) if isinstance(default, tuple) else default


def _nested_beyond_defaults(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "_target_" in value:
        return _beyond_defaults(value)
    return {key: _nested_beyond_defaults(item) for key, item in value.items()}


def _is_neutral(key: str, value: Any) -> bool:
    return getattr(Config, key, inspect.Parameter.empty) == value


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def data_facts(data: ImageDataset) -> dict[str, Any]:
    """Return what later readers of a run need of its data, without loading it."""
    counts = (
        [] if data.labels is None else data.labels.bincount(minlength=len(data.classes)).tolist()
    )
    return {"shape": list(data.shape), "image_count": len(data), "class_counts": counts}


def with_data(record: Mapping[str, Any], data: ImageDataset) -> dict[str, Any]:
    """Return a record filled in with what only its data tell, and with what `auto` came to."""
    model = dict(record["model"])
    if model.get("d_norm") == "auto":
        model["d_norm"] = model["discriminator"].get("norm", "none")
    return {**record, "model": model, **data_facts(data)}


def presumed_data_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return data facts to build networks with before the data is there: grey, with 10 classes."""
    if record["model"].get("points"):
        return {"shape": [2], "class_counts": [1] * 10}
    side = record["image_size"]
    return {"shape": [record["channels"] or 1, side, side], "class_counts": [1] * 10}


def is_labelled(record: Mapping[Any, Any]) -> bool:
    """Whether either network is given labels."""
    return bool(record["model"].get("condition_g") or record["model"].get("condition_d"))


def make_schedule(record: Mapping[str, Any], count: int) -> Schedule:
    """Return the run's length and intervals, in steps, for a dataset of `count` images."""
    runtime = record["runtime"]
    steps, images = runtime["steps"], runtime["images"]
    if steps is None:
        if images is None:
            if runtime["epochs"] is None:
                raise UsageError("how long? set one of steps=, epochs= or images=.")
            images = runtime["epochs"] * count
        shown = record["loss"].get("discriminator_steps", 1) * record["batch_size"]
        if shown == 0:
            raise UsageError("the discriminator sees no images; set the length with steps=.")
        steps = max(1, math.ceil(images / shown))
    return Schedule(
        steps,
        runtime["log_every"],
        runtime["sample_every"],
        runtime["score_every"],
        runtime["checkpoint_every"],
        best_by=selection(record),
    )
