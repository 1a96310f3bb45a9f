"""The command that makes a run again."""

import inspect
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import config_names
from gan_lab.config import compose
from gan_lab.config.identity import result_hash
from gan_lab.config.instantiate import locate
from gan_lab.config.overrides import GROUPS, LENGTHS, PARTS, SYNONYMS, VALUE_SYNONYMS, split
from gan_lab.config.precedence import FEEDS
from gan_lab.config.run_config import make_record
from gan_lab.config.schema import GENERAL_KNOBS, RESULT_KNOBS, RUNTIME_KNOBS
from gan_lab.config.sweep import as_typed
from gan_lab.config.trust import refuse_untrusted
from gan_lab.report.collect import RunData

# What is about many runs, or about one start.
ELSEWHERE = ("sweep", "search", "trials", "seeds", "launcher", "n_jobs", "restart")
CHOSEN = ("experiment", *PARTS)
SINGLE = {"sweep": "sweep=null", "seeds": "seeds=1"}  # an experiment may ask for several runs

Record = Mapping[str, Any]
Values = dict[str, Any]


def command_of(data: RunData) -> str | None:
    """Return a command that trains this run alone; None if no start is recorded or none is found.

    It is made of config.yaml. The command that was recorded tells which settings to begin with and
    how they were written; it may be anybody's, so that it is compared as text and never composed.
    Where the words make another run, the settings in which it differs from config.yaml are added,
    until both have one hash.
    """
    if not data.commands or not _is_built_in(data.record["choices"]):
        return None
    try:
        words = _own(shlex.split(data.commands[-1])[1:], data.record)
        words = _with_differences(words, data.record, _choices)
        record = _spelled_out(data.record, _compose(tuple(words.values())))
        for values_of in (_general_knobs, _knobs, _arguments, _deep_arguments):
            words = _with_differences(words, record, values_of)
        found = _compose(tuple(words.values()))
        same = _hashed(found) == _hashed(record) or _hash(found) == _hash(record)
    except (UsageError, RunError, ValueError):  # a group or a knob is not there any more
        return None
    return shlex.join(["gan-lab", *words.values()]) if same else None


def _is_built_in(choices: Mapping[str, Any]) -> bool:
    """Whether every chosen config is one of conf/: other names are never looked for in files."""
    chosen = {group: choices[group] for group in (*CHOSEN, "logger") if group in choices}
    return all(
        isinstance(name, str) and name in config_names(group)
        for group, names in chosen.items()
        for name in (names if isinstance(names, list) else [names])
    )


def _spelled_out(record: Record, today: Record) -> Record:
    """Return a record with the arguments of its dataset that conf/dataset sets since, as they were.

    That is what the signatures of today's loaders say; no target of the record itself is imported.
    """
    dataset = dict(record["dataset"])
    if "unhashed" in today["dataset"]:
        dataset.setdefault("unhashed", [])
    for part in ("images", "listing"):
        then, now = dataset.get(part) or {}, today["dataset"].get(part) or {}
        if now and then.get("_target_") == now["_target_"]:
            parameters = inspect.signature(locate(now["_target_"])).parameters
            since = [key for key in now if key in parameters and key not in then]
            dataset[part] = {**then, **{key: parameters[key].default for key in since}}
    return {**record, "dataset": dataset}


def _hash(record: Record) -> str:
    """Return what two records of one run share, without a look at the files of a folder.

    Raises UsageError if a target of the record may be anybody's code.
    """
    refuse_untrusted(record)
    dataset = dict(record["dataset"])
    listing = dataset.pop("listing", None)
    return json.dumps([result_hash({**record, "dataset": dataset}), listing], sort_keys=True)


def _own(typed: list[str], record: Record) -> dict[str, str]:
    """Return the settings of a record whose keys were typed, without what is about many runs.

    They are written as they were typed, if that says what the record holds.
    """
    held = {**_leaves_of_runtime(record), **_knobs(record), **_deep_arguments(record)}
    held |= {group: name for group, name in record["choices"].items() if group in GROUPS}
    words: dict[str, str] = {}
    for word in typed:
        if word.startswith("-"):
            continue
        prefix, name, text = split(word)
        key = SYNONYMS.get(name, name)
        if key.split(".")[0] in ELSEWHERE or key in words or _is_list(text or ""):
            continue
        if not re.fullmatch(r"[\w.]+", key) or "${" in f"{text}{held.get(key)}":
            continue
        if key in held and text is not None:
            words[key] = word if _says(key, text, held[key]) else f"{key}={as_typed(held[key])}"
        elif prefix == "~" and re.fullmatch(r"[\w.]+", key):  # nor does the record have it
            words[key] = word
    return words


def _is_list(value: str) -> bool:
    """Whether a value is a sweep: commas outside brackets and quotes, a range, or a choice."""
    bare = re.sub(r"\[[^\]]*\]|\{[^}]*\}|'[^']*'|\"[^\"]*\"", "", value)
    return "," in bare or value.startswith(("range(", "choice(", "interval("))


def _says(key: str, text: str, value: Any) -> bool:
    """Whether a text, as typed, is a value: in other digits too (2e-4, 0.0002)."""
    known = {as_typed(value), f"'{value}'", f'"{value}"'}
    if text in known or VALUE_SYNONYMS.get(key, {}).get(text, "") == value:
        return True
    try:
        return not isinstance(value, bool) and float(text) == value
    except ValueError:
        return False


def _leaves_of_runtime(record: Record) -> Values:
    """The knobs that change no result; other keys there, hydra.searchpath say, are no knobs."""
    runtime = record["runtime"]
    return dict(_leaves({key: runtime[key] for key in RUNTIME_KNOBS if key in runtime}, ""))


def _with_differences(
    words: dict[str, str], record: Record, values_of: Callable[[Record], Values]
) -> dict[str, str]:
    """Set what differs among some values of a run and of the one that the words make."""
    if values_of is _choices and "experiment" in record["choices"]:
        experiment = record["choices"]["experiment"]
        words = words | {"experiment": f"experiment={experiment}"}
        words = words | SINGLE if _asks_for_several(experiment) else words
    found, wanted = values_of(_compose(tuple(words.values()))), values_of(record)
    words = dict(words)
    for key, value in wanted.items():
        if key in found and found[key] == value:
            continue
        if not re.fullmatch(r"[\w.]+", key) or "${" in str(value):
            raise UsageError(f"{key!r} is not a setting that can be typed")
        if key in LENGTHS:
            if value is None:  # another of the three is the length
                continue
            words = {other: word for other, word in words.items() if other not in LENGTHS}
        new = "" if key in found else "+"
        words[key] = f"{new}{key}={as_typed(value)}"
    return words


@lru_cache(maxsize=64)
def _asks_for_several(experiment: str) -> bool:
    return compose.asks_for_several(experiment)


@lru_cache(maxsize=64)  # composing takes 70 ms, and runs of one command ask for the same
def _compose(words: tuple[str, ...]) -> Record:
    """Return the record of the one run that the words make. Raises UsageError for any other."""
    jobs = compose.jobs(list(words), multirun=False)
    if len(jobs) != 1 or jobs[0].config.search is not None:
        raise UsageError("these settings are not of one run.")
    return make_record(jobs[0].config, jobs[0].choices)


# --- what a record holds, from the general to the specific ----------------------------------------


def _choices(record: Record) -> Values:
    return {group: record["choices"][group] for group in CHOSEN if group in record["choices"]}


def _general_knobs(record: Record) -> Values:
    # First: the knobs that they feed then need no words of their own.
    return {key: record[key] for key in FEEDS if key in record}


def _knobs(record: Record) -> Values:
    own = {key: record[key] for key in (*GENERAL_KNOBS, *RESULT_KNOBS) if key in record}
    runtime = record["runtime"]
    return own | {key: runtime[key] for key in (*LENGTHS, "study", "folder") if key in runtime}


def _arguments(record: Record) -> Values:
    """The arguments of groups, such as loss.discriminator_steps."""
    return {key: value for key, value in _deep_arguments(record).items() if key.count(".") == 1}


def _deep_arguments(record: Record) -> Values:
    """The arguments of groups and of what they hold, such as model.discriminator.norm."""
    model = dict(record["model"])
    if model.get("d_norm") == "auto":  # config.yaml of a run tells what that came to
        model["d_norm"] = model["discriminator"].get("norm", "none")
    groups = {**record, "model": model}
    held = {key: groups.get(key) or {} for key in PARTS}
    return dict(_leaves(held, ""))


def _leaves(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item


def _hashed(record: Record) -> str:
    """Return all that a hash may depend on, so that no code of one's own is run to compare it."""
    values = _knobs(record) | _deep_arguments(record)
    return json.dumps(values, sort_keys=True)
