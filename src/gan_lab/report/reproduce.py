"""The command that makes a run again."""

import re
import shlex
from typing import Any

from gan_lab.report.collect import RunData
from gan_lab.synonyms import SYNONYMS

SWEPT = ("sweep", "seeds", "launcher", "n_jobs", "restart")  # what is about many runs, or one start


def command_of(data: RunData, columns: list[str]) -> str | None:
    """Return a command that trains this run alone; None if no start of it is recorded.

    The command of a sweep is taken, with the run's own values in place of lists and of what the
    sweep sets (`columns`: what varies in it).
    """
    if not data.commands:
        return None
    program, *words = shlex.split(data.commands[-1])
    own = [column for column in columns if column != "num_train_steps"]  # the command says how long
    values = {column: _value(data, column) for column in [*own, "seed"]}
    kept = []
    for word in words:
        key, equals, value = word.partition("=")
        canonical = SYNONYMS.get(key, key)
        if word in ("-m", "--multirun") or (equals and key.split(".")[0] in SWEPT):
            continue
        if equals and canonical in values:
            continue
        if equals and _is_list(value):
            word = f"{key}={_value(data, canonical)}"
        kept.append(word)
    if any(word.startswith("experiment=") for word in kept):
        kept += ["sweep=null", "seeds=1"]  # the experiment may name a sweep of its own
    return shlex.join([program, *kept, *(f"{key}={value}" for key, value in values.items())])


def _is_list(value: str) -> bool:
    """Whether a value is a sweep: commas outside brackets and quotes, a range, or a choice."""
    bare = re.sub(r"\[[^\]]*\]|\{[^}]*\}|'[^']*'|\"[^\"]*\"", "", value)
    return "," in bare or value.startswith(("range(", "choice(", "interval("))


def _value(data: RunData, key: str) -> str:
    """Return a run's own value of a setting, as the command line takes it."""
    value: Any = data.record["choices"].get(key, data.record)
    if value is data.record:
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, list):
        return f"[{','.join(str(item) for item in value)}]"
    return "null" if value is None else str(value)
