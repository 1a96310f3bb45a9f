"""From a `_target_` in a config to the object that it names."""

import importlib
import inspect
import traceback
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, get_args

from gan_lab.common.errors import Interrupted, RunError, UsageError, closest, is_out_of_memory
from gan_lab.config.own.code import home_of, import_own, is_own, place_in_own_code, within
from gan_lab.config.own.folders import own_files
from gan_lab.config.own.yaml_files import line_of_target
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
    now = MOVED.get(target, target)
    module_name, _, name = now.rpartition(".")
    if not all(part.isidentifier() for part in now.split(".")) or not module_name:
        raise UsageError(
            f"{_named_at(target)}: names nothing: write MODULE.NAME, as my_gan.Generator."
        )
    try:
        module = import_own(now) if is_own(now) else importlib.import_module(module_name)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # importing one's own file runs it
        raise UsageError(_cannot_be_imported(target, error)) from error
    if not hasattr(module, name):
        names = [key for key, value in vars(module).items() if callable(value)]
        raise UsageError(
            f"{_named_at(target)}: cannot be imported: {module_name} has no {name!r}."
            f"{closest(name, names)}"
        )
    return getattr(module, name)


def _cannot_be_imported(target: str, error: BaseException) -> str:
    place = place_in_own_code(error)
    reason = (f"{type(error).__name__}: {error}".splitlines() or [""])[0]
    if isinstance(error, SyntaxError):
        reason = f"SyntaxError: {error.msg}"
    return f"{_named_at(target)}: cannot be imported ({f'{place}: ' if place else ''}{reason})."


def _named_at(target: str) -> str:
    """Return a target and, if one of one's own configs names it, the line there."""
    place = line_of_target(own_files(), target)
    return f"{place}, _target_={target}" if place else f"_target_={target}"


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
    takes_any = _takes_any(parameters)
    unknown = unknown_keys(spec)
    if unknown and target.startswith(("gan_lab.", "torch.optim.")):
        accepted = ", ".join(key for key in parameters if key not in supplied)
        raise UsageError(f"{target} has no setting {unknown[0]!r}; it has {accepted}.")
    if target.startswith(("gan_lab.", "torch.optim.")):
        _check_types(target, given, parameters)
    nested = {key: _instantiate_nested(value) for key, value in given.items()}
    # What the program supplies (the image's shape, say) gives way to what the config sets.
    arguments = {key: value for key, value in {**supplied, **nested}.items() if key not in unknown}
    taken = {key: value for key, value in arguments.items() if key in parameters or takes_any}
    try:
        with within(home_of(target) if is_own(target) else None):
            return function(**taken)
    except (OSError, UsageError, RunError, Interrupted):
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(_reason(target, error)) from error


def unknown_keys(spec: Spec) -> list[str]:
    """Return the arguments of a spec that its target does not take."""
    parameters = inspect.signature(locate(str(spec.target))).parameters
    return [key for key in spec.arguments if key not in parameters and not _takes_any(parameters)]


def _takes_any(parameters: Mapping[str, inspect.Parameter]) -> bool:
    return any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())


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
    place = place_in_own_code(error) or f"{frame.filename}, line {frame.lineno}"
    return f"{target} fails at {place} ({type(error).__name__}: {text})."


def _instantiate_nested(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "_target_" in value:
        return instantiate(Spec.from_plain(value))
    return {key: _instantiate_nested(item) for key, item in value.items()}
