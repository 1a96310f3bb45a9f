"""What Hydra and omegaconf refuse, in one line: what is wrong, and what to write instead."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from gan_lab.common.errors import closest
from gan_lab.common.paths import config_file, config_names
from gan_lab.config.advice.meanings import meant_setting, meant_value, unknown_choice
from gan_lab.config.overrides import (
    CHOSEN_BY_NAME,
    GROUPS,
    RUNNING_GROUPS,
    RUNNING_SYNONYMS,
    SYNONYMS,
    split,
)
from gan_lab.config.own.yaml_files import line_of_key
from gan_lab.config.precedence import RESETS


def no_such_config(error: MissingConfigException) -> str:
    group, _, name = str(error.missing_cfg_file or "").rpartition("/")
    group = group.strip("/")
    if not error.options and (match := re.search(r"Could not load '(\w+)/(\w+)'", str(error))):
        group, name = match.groups()
        error.options = config_names(group)
    if error.options:
        return unknown_choice(group, name, sorted(error.options))
    return str(error).splitlines()[0]


def no_such_setting(key: str, settings: Sequence[str]) -> str:
    """Say that a key is no setting, and which is meant; `settings` are those that were typed."""
    typed = (value for _, name, value in map(split, settings) if name == key)
    known = known_keys(settings)
    return f"there is no setting {key!r}.{meant_setting(key, next(typed, None), known)}"


def reason(error: Exception, settings: Sequence[str], files: Sequence[Path]) -> str:
    """Say what is wrong with settings that cannot be composed, by the knob that was typed, or by
    the line of one's own files where it stands."""
    text = str(error)
    if isinstance(error, InterpolationResolutionError):
        # The place that fails may be another, such as the logger that takes wandb.tags.
        typed = [text for text in settings if "${" in text and text not in RESETS.values()]
        return f"{' '.join(typed) or error.full_key}: {text.splitlines()[0]}."
    if match := re.match(r"Could not override '(launcher|search)\.(\w+)'", text):
        group, key = match.groups()
        return f"{key} belongs to a {group} that is not chosen: {_names_with(group, key)}."
    if match := re.match(r"Could not override '([^']+)'", text):
        return _at(files, match[1]) + no_such_setting(match[1], settings)
    if match := re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", text):
        return _at(files, match[1]) + no_such_setting(match[1], settings)
    if match := re.match(r"Error merging override (([^=]+)=?(.*))", text):
        cause = str(error.__cause__ or "").splitlines()
        at = _at(files, match[2])
        if cause and "ListConfig, list or tuple" in cause[0]:
            return f"{at}{match[1]}: expected a list: {match[2]}=[{match[3]}]."
        expected = _expected(cause[0] if cause else text).rstrip(".")
        if own := [key for key in known_keys(settings) if key.startswith(f"{match[2]}.")]:
            expected = f"set one of {', '.join(own)}"
        return f"{at}{match[1]}: {expected}.{meant_value(match[2], match[3])}"
    if match := re.search(r"Key '([^']+)' (?:not in|is not in struct)", text):
        key, known = SYNONYMS.get(match[1]), known_keys(settings)
        advice = f" It is called {key!r} in files." if key else closest(match[1], known)
        place = line_of_key(files, match[1]) or "a config file"
        return f"{place} sets {match[1]!r}, which is no setting.{advice}"
    if text.startswith("Config group override must be") and (found := _no_name(settings)):
        return found
    origin = str(error.__cause__ or error.__context__ or "")
    if match := re.search(r"full_key: (\S+)", origin):
        place = line_of_key(files, match[1]) or "a config file"
        return f"{place} sets {match[1]}: {_expected(origin.splitlines()[0])}"
    return text.splitlines()[0]


def _no_name(settings: Sequence[str]) -> str | None:
    """Say which group was given something else than a name: logger=false."""
    for _, key, value in map(split, settings):
        if key in CHOSEN_BY_NAME and re.fullmatch(r"(?i)true|false|[+-]?[\d.]+", value or ""):
            return unknown_choice(key, value, config_names(key))
    return None


def _at(files: Sequence[Path], key: str) -> str:
    """Return `FILE, line N: ` of the file of one's own that sets a key; nothing if it was typed."""
    place = line_of_key(files, key)
    return f"{place}: " if place else ""


def _expected(cause: str) -> str:
    kinds = {
        **{"Integer": "a whole number", "int": "a whole number", "Float": "a number"},
        **{"float": "a number", "Boolean": "true or false", "bool": "true or false"},
    }
    if match := re.search(r"could not be converted to (\w+)", cause):
        return f"expected {kinds.get(match[1], match[1])}."
    if match := re.search(r"is not a valid (\w+)", cause):
        return f"expected {kinds.get(match[1], match[1])}."
    if "Optional" in cause:
        return "cannot be null."
    return cause


def _names_with(group: str, key: str) -> str:
    """Say which configs of a group have a key."""
    names = [one for one in config_names(group) if key in OmegaConf.load(config_file(group, one))]
    return "add " + " or ".join(f"{group}={name}" for name in names or config_names(group))


def known_keys(settings: Sequence[str]) -> list[str]:
    """Return every key that can be set beside the choices among some settings."""
    chosen = [text for text in settings if split(text)[1] in (*GROUPS, *RUNNING_GROUPS)]
    try:
        config = compose("config", chosen)
    except (HydraException, OmegaConfBaseException):  # one of the choices is what is wrong
        config = compose("config")
    return [*_leaves(config), *SYNONYMS, *RUNNING_SYNONYMS, *GROUPS, *RUNNING_GROUPS]


def _leaves(config: Mapping[Any, Any], prefix: str = "") -> Iterable[str]:
    for key, value in config.items():
        yield f"{prefix}{key}"
        if isinstance(value, DictConfig):
            yield from _leaves(value, f"{prefix}{key}.")
