"""From a sweep (grid or cases) and a number of seeds to the settings of each run.

A sweep's settings are a layer of their own: above the experiment, below the command line. What is
typed beats them, so that `sweep=capacity ngf=64` runs the part of capacity that is left.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.config.overrides import canonical, split

Settings = dict[str, str]  # key -> value, as on the command line
Sweep = Mapping[str, Any]  # of conf/sweep, or what an experiment writes out in its place
ELSEWHERE = ("experiment", "sweep", "search", "pruner", "launcher", "seeds", "study", "runs_dir")


def sweep_points(sweep: Sweep | None) -> list[Settings]:
    """Return the settings of each point of a sweep; of none, one point without settings.

    `grid` is a product, `cases` a list of sets of settings; with both, each case is run at each
    point of the grid. `labels` call them by other words. Raises UsageError for anything else.
    """
    if sweep is None:
        return [{}]
    if not isinstance(sweep, Mapping) or not sweep or sweep.keys() - {"grid", "cases", "labels"}:
        raise UsageError(
            "a sweep is `grid:` (KEY: [VALUES]) or `cases:` (a list of KEY: VALUE), and may have "
            "`labels:` (KEY=VALUE: WORDS)."
        )
    return [{**case, **point} for case in _cases(sweep) for point in _grid(sweep)]


def _grid(sweep: Sweep) -> Iterator[Settings]:
    axes = sweep.get("grid") or {}
    for key, values in axes.items():
        _check_key(key)
        if not isinstance(values, list | tuple) or not values:
            raise UsageError(f"a sweep's grid lists values, as in {key}: [1, 2]; not {values}.")
    for values in itertools.product(*axes.values()):
        yield {key: as_typed(value) for key, value in zip(axes, values, strict=True)}


def _cases(sweep: Sweep) -> list[Settings]:
    cases = sweep.get("cases") or [{}]
    for case in cases:
        if not isinstance(case, Mapping):
            raise UsageError(f"a sweep's cases are sets of KEY: VALUE (or {{}}); not {case}.")
        for key in case:
            _check_key(key)
    return [{key: as_typed(value) for key, value in case.items()} for case in cases]


def label_of(sweep: Sweep | None, point: Settings) -> str | None:
    """Return the words by which a sweep's `labels` call a point; None if they have none for it.

    Of several settings, `lr_d=0.1 lr_g=0.1: both too high` goes before words of each alone; what
    has no words is said as it is. Raises UsageError for labels that are no words of settings.
    """
    told, left = [], set(point.items())
    for settings, words in sorted(_labels(sweep), key=lambda label: -len(label[0])):
        if settings <= left and (settings or not point):
            told.append(words)
            left -= settings
    unsaid = [f"{key} {value}" for key, value in point.items() if (key, value) in left]
    return ", ".join([*told, *unsaid]) if told else None


def _labels(sweep: Sweep | None) -> list[tuple[set[tuple[str, str]], str]]:
    labels = (sweep or {}).get("labels") or {}
    if not isinstance(labels, Mapping) or not all(isinstance(one, str) for one in labels.values()):
        raise UsageError(f"a sweep's labels are KEY=VALUE: WORDS; not {labels}.")
    found = []
    for settings, words in labels.items():
        texts = canonical(str(settings).split())
        found.append(({(key, value) for _, key, value in map(split, texts) if value}, words))
    return found


def _check_key(key: str) -> None:
    if key in ELSEWHERE:
        raise UsageError(f"a sweep cannot set {key!r}: it belongs on the command line.")


def as_typed(value: Any) -> str:
    """Write a YAML value as the command line takes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(as_typed, value))}]"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}:{as_typed(item)}' for key, item in value.items())}}}"
    text = str(value)
    plain = all(letter.isalnum() or letter in "_.-+/:$%*@?|" for letter in text)
    return text if text and plain else "'" + text.replace("'", r"\'") + "'"
