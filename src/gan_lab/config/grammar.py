"""Hydra's grammar of settings: the values that choice(...), range(...), glob(...) list."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from antlr4.error.Errors import RecognitionException
from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.types import (
    Glob,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
    Sweep,
    Transformer,
)
from hydra.errors import HydraException

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import config_names
from gan_lab.config.overrides import CHOSEN_BY_NAME, group_of, split
from gan_lab.config.schema import RANGES

MOST_RUNS = 10_000  # of one command, each of which is composed before the first is started
DIGITS = 12  # of a range's numbers: 0.1 + 0.1 + 0.1 is then the 0.3 that a person types
FUNCTION = re.compile(r"\s*\w+\s*\(")


def is_sweep(text: str) -> bool:
    """Whether a setting lists values to run each of. Raises UsageError if it cannot be read."""
    return _parsed(text).is_sweep_override()


def values_of_each(settings: Sequence[str], multirun: bool) -> list[list[str]]:
    """Return KEY=VALUE for each value of each setting.

    Raises UsageError as `values_of` does, for a list without -m, and for too many runs.
    """
    found = [values_of(text) for text in settings]
    if swept := next(filter(is_sweep, settings), None) if not multirun else None:
        raise UsageError(f"{swept} lists several values; add -m to run each.")
    if (count := math.prod(map(len, found))) > MOST_RUNS:
        raise UsageError(f"these are {count:,} runs; a command has at most {MOST_RUNS:,}.")
    return found


def values_of(text: str) -> list[str]:
    """Return KEY=VALUE for each value that a setting lists; of one value, a list of one.

    Functions are called and names are without quotes, as all that reads settings expects.
    Raises UsageError for what cannot be read, has no values or too many, or is an interval.
    """
    override = _parsed(text)
    if not override.is_sweep_override():
        return [_single(override, text)]
    key = override.get_key_element()
    try:
        found = list(islice(_written(override, text), MOST_RUNS + 1))
    except (ValueError, HydraException):  # a step of 0
        raise UsageError(f"{text}: the step of a range is not 0.") from None
    if not found:
        raise UsageError(f"{text} has no values.")
    if len(found) > MOST_RUNS:
        raise UsageError(f"{text} has more than {MOST_RUNS:,} values.")
    return [f"{key}={value}" for value in found]


def _written(override: Override, text: str) -> Iterator[str]:
    """Yield the values of a sweep, as they are written on the command line."""
    key, sweep = override.key_or_group, override.value()
    if isinstance(sweep, IntervalSweep):
        raise UsageError(
            f"{text} is an interval, and a sweep runs a list: -m {key}={sweep.start:g},"
            f"{sweep.end:g} (a search draws from an interval: `gan-lab search --help`)."
        )
    if isinstance(sweep, Glob):
        return iter(_matching(sweep, key, text))
    if any(isinstance(item, Sweep) for item in getattr(sweep, "list", [])):
        raise UsageError(f"{text}: a list holds values, and no further list, range or interval.")
    values: Iterable[Any] = override.sweep_iterator()
    if isinstance(sweep, RangeSweep):
        values = map(_rounded, values)
    return (_name(value, key) or Transformer.str(value) for value in values)


def _matching(glob: Glob, key: str, text: str) -> list[str]:
    names = config_names(group_of(key)) if key in CHOSEN_BY_NAME else []
    if not names:
        raise UsageError(f"{text}: a glob chooses files of {', '.join(CHOSEN_BY_NAME)}.")
    found: list[str] = glob.filter(names)
    if not found:
        raise UsageError(f"{text} is none of {', '.join(names)}.")
    return found


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def _single(override: Override, text: str) -> str:
    """Return a setting of one value, as typed unless it is quoted or calls a function."""
    prefix, key, value = split(text)
    chosen: Any = override.value()
    is_list = key in CHOSEN_BY_NAME and isinstance(chosen, list)
    if is_list and not all(isinstance(item, str | QuotedString) for item in chosen):
        raise UsageError(f"{text}: {key} is chosen by names: {key}=NAME or {key}=[NAME,NAME].")
    if name := _name(chosen, key):
        return f"{prefix}{key}={name}"
    if value is not None and FUNCTION.match(value):
        return f"{prefix}{key}={override.get_value_element_as_str()}"
    return text


def _name(value: Any, key: str) -> str | None:
    """Return a name of a group without its quotes; None if it is none."""
    text = value.text if isinstance(value, QuotedString) else value
    is_name = key in CHOSEN_BY_NAME and isinstance(text, str) and re.fullmatch(r"[\w.-]+", text)
    return text if is_name else None


def _parsed(text: str) -> Override:
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise UsageError(_unreadable(text, error.__cause__)) from None
    except RecursionError:
        raise UsageError(f"{text[:30]}...: it is nested too deeply.") from None


def _unreadable(text: str, cause: BaseException | None) -> str:
    """Say why a setting cannot be read, and how it is written."""
    key = split(text)[1]
    if cause is None or isinstance(cause, RecognitionException):
        reason = ""
    elif isinstance(cause, AssertionError):
        reason = ": what the function is given does not fit"
    elif isinstance(cause, HydraException):
        reason = f": functions are {', '.join(sorted(create_functions().definitions))}"
    else:
        reason = f": {str(cause).splitlines()[0]}"
    quoted = _quoted(text)
    if key in RANGES:
        return f"{text[:60]!r} cannot be read{reason or f': {key} takes a number'}."
    if quoted and (not reason or isinstance(cause, HydraException)):
        return f"{text!r} cannot be read{reason}; write {quoted}."
    return f"{text!r} cannot be read{reason or '; quote what holds spaces, commas or brackets'}."


def _quoted(text: str) -> str | None:
    """Return a setting as a shell takes it whose value is quoted, if that can be read."""
    prefix, key, value = split(text)
    quoted = f"{prefix}{key}='{value}'"
    if "'" in text or '"' in text:
        return None
    try:
        OverridesParser.create().parse_override(quoted)
    except HydraException:
        return None
    return f'"{quoted}"'
