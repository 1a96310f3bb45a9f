"""From a `_target_` in a config to the object that it names."""

import importlib
import inspect
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args

from gan_lab.common.errors import Interrupted, RunError, UsageError, is_out_of_memory
from gan_lab.config.spec import Spec

# First name -> where it lives now. Config files of old runs have the first name; hashes always do.
MOVED = {
    "gan_lab.augment.Augmentation": "gan_lab.data.Augmentation",
    "gan_lab.extractors.shipped_classifier": "gan_lab.evaluation.shipped_classifier",
    "gan_lab.extractors.trained_classifier": "gan_lab.evaluation.trained_classifier",
    "gan_lab.extractors.stacked_classifier": "gan_lab.evaluation.stacked_classifier",
}
FIRST_NAMES = {now: first for first, now in MOVED.items()}
PLAIN = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a name",
    NoneType: "null",
}


def locate(target: str) -> Any:
    """Import what a dotted path names. Raises UsageError if there is no such thing."""
    module_name, _, name = MOVED.get(target, target).rpartition(".")
    # A model of your own lies in the working directory. For others that stays out of the path: an
    # optional package that is not installed would be taken from a stranger's folder.
    if not target.startswith(("gan_lab.", "torch.")) and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module_name), name)
    except (Exception, SystemExit) as error:  # importing one's own file runs it
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UsageError(f"_target_={target}: cannot be imported ({reason}).") from error


def with_targets_of_today(config: Any) -> Any:
    """Return the content of a config in which each `_target_` has the name that it has now."""
    if isinstance(config, Mapping):
        return {
            key: MOVED.get(value, value)
            if key == "_target_" and isinstance(value, str)
            else with_targets_of_today(value)
            for key, value in config.items()
        }
    return [with_targets_of_today(item) for item in config] if isinstance(config, list) else config


def instantiate(spec: Spec, **supplied: Any) -> Any:
    """Call the `_target_` of a spec with the spec's arguments and what it takes of `supplied`.

    Raises UsageError for a key that the target does not take (one's own target may ignore keys).
    What comes from a run directory was checked when it was read, as a whole (`config.trust`).
    """
    target, given = str(spec.target), spec.arguments
    function = locate(target)
    parameters = inspect.signature(function).parameters
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    unknown = [key for key in given if key not in parameters and not takes_any]
    if unknown and target.startswith(("gan_lab.", "torch.optim.")):
        accepted = ", ".join(key for key in parameters if key not in supplied)
        raise UsageError(f"{target} has no setting {unknown[0]!r}; it has {accepted}.")
    if target.startswith(("gan_lab.", "torch.optim.")):
        _check_types(target, given, parameters)
    nested = {key: _instantiate_nested(value) for key, value in given.items()}
    # What the program supplies (the image's shape, say) gives way to what the config sets.
    arguments = {key: value for key, value in {**supplied, **nested}.items() if key not in unknown}
    try:
        return function(**{k: v for k, v in arguments.items() if k in parameters or takes_any})
    except (OSError, UsageError, RunError, Interrupted):
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(_reason(target, error)) from error


def _check_types(
    target: str, given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> None:
    """Raise UsageError for a value of another type than the target's plain annotations say."""
    for key, value in given.items():
        kinds = _plain_kinds(parameters[key].annotation) if key in parameters else ()
        fits = (
            (isinstance(value, bool) and bool in kinds)
            or (isinstance(value, int | float) and not isinstance(value, bool) and float in kinds)
            or type(value) in kinds
        )  # fmt: skip
        if kinds and not fits:
            expected = " or ".join(PLAIN[kind] for kind in kinds)
            raise UsageError(f"{key}={value} of {target}: expected {expected}.")


def _plain_kinds(annotation: Any) -> tuple[type, ...]:
    """Return the types of an annotation such as float | None; none if it says more than that."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return kinds if set(kinds) <= set(PLAIN) else ()


def _reason(target: str, error: BaseException) -> str:
    """Say in one line what a constructor raised; of one's own code, also where."""
    if is_out_of_memory(error):
        return f"{target} does not fit into memory: make it narrower or its images smaller."
    text = str(error).splitlines()[0] if str(error) else ""
    if isinstance(error, ValueError | TypeError | RuntimeError):
        if target.startswith("gan_lab."):
            return text
        if target.startswith("torch.optim."):
            return f"{target}: {text}."
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{target} fails at {frame.filename}:{frame.lineno} ({type(error).__name__}: {text})."


def _instantiate_nested(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "_target_" in value:
        return instantiate(Spec.from_plain(value))
    return {key: _instantiate_nested(item) for key, item in value.items()}
