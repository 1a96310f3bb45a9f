"""Which settings are the same run: the hash of what changes a result, and the run's directory."""

import hashlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_lab.common.downloads import downloads
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import expanded
from gan_lab.config.instantiate import FIRST_NAMES, instantiate, locate
from gan_lab.config.overrides import NEEDED, OPTIMIZERS
from gan_lab.config.own.code import source_hashes
from gan_lab.config.run_config import DatasetConfig, RunConfig, adam, as_content
from gan_lab.config.schema import RESULT_KNOBS, Config
from gan_lab.config.spec import Spec
from gan_lab.config.trust import targets


def run_directory(config: RunConfig) -> Path:
    """Return where the run lives: a function of what changes its result, and of its study."""
    names = [getattr(config.choices, group) for group in NEEDED]
    name = "-".join([*names, f"s{config.seed}", result_hash(config)])
    return expanded(config.runtime.runs_dir) / config.runtime.study / name


def result_hash(config: RunConfig) -> str:
    """Return 8 hex digits of what changes the result; arguments at their defaults don't count."""
    hashed: dict[str, Any] = {
        "model": [_hashed(spec) for spec in (config.model.generator, config.model.discriminator)],
        "loss": _hashed(config.loss),
        "penalty": {name: _hashed(spec) for name, spec in config.penalty.items()},
        "dataset": _dataset(config.dataset),
    }
    for key in RESULT_KNOBS:
        value = getattr(config, key)
        if not _is_neutral(key, value):
            hashed[key] = value
    hashed |= _optimizers(config)
    if not config.has_betas:
        del hashed["beta1"], hashed["beta2"]  # of no optimizer
    if config.dataset.listing:
        hashed["listing"] = listing_of(config)
    augment = _hashed(config.augment) if config.augment else {}
    if augment.keys() - {"_target_"}:
        hashed["augment"] = augment
    if not config.instance_noise:
        hashed.pop("instance_noise_steps", None)  # the length of what is not there
    if config.noise_apart:
        hashed["noise_apart"] = True
    if config.initial:
        hashed["initial"] = config.initial.content
    if config.is_conditional:
        hashed["condition"] = [config.model.condition_g, config.model.condition_d]
    if config.lr_decay != "none":  # then the length changes every step
        runtime = config.runtime
        hashed["length"] = {
            "steps": runtime.steps, "epochs": runtime.epochs, "images": runtime.images,
        }  # fmt: skip
    text = json.dumps(_canonical(hashed), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _optimizers(config: RunConfig) -> dict[str, Any]:
    """Return the optimizers that are not Adam as it was before there was a choice."""
    default = _hashed(adam(config.beta1, config.beta2))
    found = {player: _hashed(getattr(config, player)) for player in OPTIMIZERS}
    return {player: spec for player, spec in found.items() if spec != default}


def code_hashes(config: RunConfig) -> dict[str, str]:
    """Return the hash of each file of one's own code that a run needs, which its name does not
    tell. Without own code there is none."""
    return source_hashes(str(target) for _, target in targets(as_content(config)) if target)


def _dataset(dataset: DatasetConfig) -> dict[str, Any]:
    """Return the loader's arguments but those, `unhashed`, for which the listing stands."""
    arguments = _hashed(dataset.images)
    return {key: value for key, value in arguments.items() if key not in dataset.unhashed}


def listing_of(config: RunConfig) -> str:
    """Return the hash of the files of a dataset that is a folder or a file of one's own.

    Empty of another dataset. Raises UsageError if folder or file is not named, RunError if it
    cannot be read.
    """
    listing = config.dataset.listing
    if listing is None:
        return ""
    if "file" in listing.arguments:
        if listing.get("file") is None:
            raise UsageError("dataset=points_csv needs a file: add dataset.images.file=PATH.")
    elif listing.get("folder") is None:
        raise UsageError("dataset=image_folder needs a folder: add folder=PATH.")
    try:
        with downloads(allowed=not config.runtime.data_read_only):
            listing_hash: str = instantiate(listing, root=config.runtime.data_root)
        return listing_hash
    except OSError as error:
        raise cannot_be_read(config, error) from error


def cannot_be_read(config: RunConfig, error: OSError) -> RunError:
    """Return the one line that says which files of a dataset are not there, and what to do."""
    if error.filename:
        return RunError(f"{error.filename} cannot be read ({error.strerror}).")
    # Options of the verbs where a trained run asks, which knows the shape of its images.
    place = "--data-root or --folder" if config.shape else "data_root="
    return RunError(f"{error}, or say where they are with {place}.")


def _hashed(spec: Spec) -> dict[str, Any]:
    return _beyond_defaults(spec.as_plain())


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
