"""The command that makes a run again."""

import inspect
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import config_names
from gan_lab.common.typed import Json, plain
from gan_lab.config import compose, leaves
from gan_lab.config.identity import result_hash
from gan_lab.config.instantiate import locate
from gan_lab.config.leaves import Leaves
from gan_lab.config.overrides import LENGTHS, SYNONYMS, VALUE_SYNONYMS, group_of, split
from gan_lab.config.run_config import Choices, RunConfig, as_content
from gan_lab.config.spec import Spec
from gan_lab.config.sweep import as_typed
from gan_lab.config.trust import refuse_untrusted
from gan_lab.report.collect import RunData

# What is about many runs, or about one start.
ELSEWHERE = ("sweep", "search", "pruner", "trials", "seeds", "launcher", "n_jobs",
             "runs_per_gpu", "restart")  # fmt: skip
SINGLE = {"sweep": "sweep=null", "seeds": "seeds=1"}  # an experiment may ask for several runs
# Knobs that feed others come first: what they feed then needs no words of its own.
GENERAL_TO_SPECIFIC = (
    *(leaves.choices, leaves.general_knobs, leaves.knobs, leaves.arguments),
    leaves.deep_arguments,
)


def command_of(data: RunData) -> str | None:
    """Return a command that trains this run alone; None if no start is recorded or none is found.

    It is made of config.yaml. The command that was recorded tells which settings to begin with and
    how they were written; it may be anybody's, so that it is compared as text and never composed.
    Where the words make another run, the settings in which it differs from config.yaml are added,
    until both have one hash.
    """
    config = data.config
    if not data.commands or not _is_built_in(config.choices):
        return None
    try:
        words = _own(shlex.split(data.commands[-1])[1:], config)
        words = _with_differences(words, config, leaves.choices)
        config = _spelled_out(config, _compose(tuple(words.values())))
        for values_of in GENERAL_TO_SPECIFIC:
            words = _with_differences(words, config, values_of)
        found = _compose(tuple(words.values()))
        same = _hashed(found) == _hashed(config) or _hash(found) == _hash(config)
    except (UsageError, RunError, ValueError):  # a group or a knob is not there any more
        return None
    command = shlex.join(["gan-lab", *words.values()])
    return command if same and command.isprintable() else None


def _is_built_in(choices: Choices) -> bool:
    """Whether every chosen config is one of conf/: other names are never looked for in files."""
    return all(
        name in config_names(group_of(group))
        for group, names in choices.as_plain().items()
        for name in (names if isinstance(names, list) else [names])
    )


def _spelled_out(config: RunConfig, today: RunConfig) -> RunConfig:
    """Return a config with the arguments of its dataset that conf/dataset sets since, as they were.

    That is what the signatures of today's loaders say; no target of the config itself is imported.
    """
    dataset, now = config.dataset, today.dataset
    images = _with_defaults(dataset.images, now.images)
    listing = dataset.listing
    if listing and now.listing:
        listing = _with_defaults(listing, now.listing)
    return replace(config, dataset=replace(dataset, images=images, listing=listing))


def _with_defaults(then: Spec, now: Spec) -> Spec:
    """Return a spec with the defaults of the arguments that only today's spec sets."""
    if then.target != now.target:
        return then
    parameters = inspect.signature(locate(str(now.target))).parameters
    since = [key for key in now.arguments if key in parameters and key not in then.arguments]
    return then.with_arguments(**{key: parameters[key].default for key in since})


def _hash(config: RunConfig) -> str:
    """Return what two configs of one run share, without a look at the files of a folder.

    Raises UsageError if a target of the config may be anybody's code.
    """
    refuse_untrusted(as_content(config))
    unlisted = replace(
        config, initial=None, noise_apart=False, dataset=replace(config.dataset, listing=None)
    )
    listing = plain(config.dataset.listing)
    return json.dumps([result_hash(unlisted), listing], sort_keys=True)


def _own(typed: list[str], config: RunConfig) -> dict[str, str]:
    """Return the settings of a config whose keys were typed, without what is about many runs.

    They are written as they were typed, if that says what the config holds.
    """
    held = leaves.runtime_knobs(config) | leaves.knobs(config) | leaves.deep_arguments(config)
    held |= config.choices.as_plain() | leaves.choices(config)
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
        if key == "from_run" and config.initial:  # `latest` was another run then
            words[key] = f"from={config.initial.run}@{config.initial.step}"
        elif key in held and text is not None:
            words[key] = word if _says(key, text, held[key]) else f"{key}={as_typed(held[key])}"
        elif prefix == "~" and re.fullmatch(r"[\w.]+", key):  # nor does the config have it
            words[key] = word
    return words


def _is_list(value: str) -> bool:
    """Whether a value is a sweep: commas outside brackets and quotes, a range, or a choice."""
    bare = re.sub(r"\[[^\]]*\]|\{[^}]*\}|'[^']*'|\"[^\"]*\"", "", value)
    return "," in bare or value.startswith(("range(", "choice(", "interval("))


def _says(key: str, text: str, value: Json) -> bool:
    """Whether a text, as typed, is a value: in other digits too (2e-4, 0.0002)."""
    known = {as_typed(value), f"'{value}'", f'"{value}"'}
    if text in known or VALUE_SYNONYMS.get(key, {}).get(text, "") == value:
        return True
    try:
        return not isinstance(value, bool) and float(text) == value
    except ValueError:
        return False


def _with_differences(
    words: dict[str, str], config: RunConfig, values_of: Callable[[RunConfig], Leaves]
) -> dict[str, str]:
    """Set what differs among some values of a run and of the one that the words make."""
    experiment = config.choices.experiment
    if values_of is leaves.choices and experiment is not None:
        words = words | {"experiment": f"experiment={experiment}"}
        words = words | SINGLE if _asks_for_several(experiment) else words
    found, wanted = values_of(_compose(tuple(words.values()))), values_of(config)
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
def _compose(words: tuple[str, ...]) -> RunConfig:
    """Return the config of the one run that the words make. Raises UsageError for any other."""
    jobs = compose.jobs(list(words), multirun=False)
    if len(jobs) != 1 or jobs[0].search is not None:
        raise UsageError("these settings are not of one run.")
    return jobs[0].config


def _hashed(config: RunConfig) -> str:
    """Return all that a hash may depend on, so that no code of one's own is run to compare it."""
    values = leaves.knobs(config) | leaves.deep_arguments(config)
    return json.dumps(values, sort_keys=True)
