"""Which settings are the same run: the hash of what changes a result, and the run's directory."""

import hashlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_lab.common.errors import RunError, UsageError
from gan_lab.config.instantiate import FIRST_NAMES, instantiate, locate
from gan_lab.config.overrides import NEEDED
from gan_lab.config.run_config import is_labelled
from gan_lab.config.schema import RESULT_KNOBS, Config


def run_directory(record: Mapping[str, Any]) -> Path:
    """Return where the run lives: a function of what changes its result, and of its study."""
    choices, runtime = record["choices"], record["runtime"]
    names = [choices[group] for group in NEEDED]
    name = "-".join([*names, f"s{record['seed']}", result_hash(record)])
    study: str = runtime["study"]
    return Path(runtime["runs_dir"]).expanduser() / study / name


def result_hash(record: Mapping[str, Any]) -> str:
    """Return 8 hex digits of what changes the result; arguments at their defaults don't count."""
    networks = (record["model"]["generator"], record["model"]["discriminator"])
    hashed = {
        "model": [_beyond_defaults(spec) for spec in networks],
        "loss": _beyond_defaults(record["loss"]),
        "penalty": {name: _beyond_defaults(spec) for name, spec in record["penalty"].items()},
        "dataset": _dataset(record["dataset"]),
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


def _dataset(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return the loader's arguments but those, `unhashed`, for which the listing stands."""
    unhashed = dataset.get("unhashed", ())
    arguments = _beyond_defaults(dataset["images"])
    return {key: value for key, value in arguments.items() if key not in unhashed}


def _listing(record: Mapping[str, Any]) -> str:
    """Return the hash of the files of a folder dataset, which its name alone does not tell."""
    if record["dataset"]["listing"]["folder"] is None:
        raise UsageError("dataset=image_folder needs a folder: add folder=PATH.")
    try:
        listing = record["dataset"]["listing"]
        listing_hash: str = instantiate(listing, root=record["runtime"]["data_root"])
        return listing_hash
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
    return bool(getattr(Config, key, inspect.Parameter.empty) == value)


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
