"""How two sets of facts differ."""

import math
from collections.abc import Iterator
from typing import Any

PARTS = ("runs", "metrics", "files")
# Of two machines: a processor's last bits grow to 1e-3 within twenty steps of a GAN.
TOLERANCE, LINES = 1e-3, 10
JUDGED = ("score", "monitor/")  # by a classifier, of which each machine trains its own


def compare(before: dict[str, Any], now: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the differences, and what is worth a word but none: additions, parts left out."""
    same = before["machine"] == now["machine"]
    differences, remarks = [], []
    for part in PARTS:
        if part in before and part in now:
            for is_difference, text in changes(before[part], now[part], part, same):
                (differences if is_difference else remarks).append(text)
        elif part in before or part in now:
            remarks.append(f"{part}: left out, only one side has them")
    if not same and "metrics" in before and "metrics" in now:
        remarks.append(f"metrics: of two machines: to {TOLERANCE:g}, {LINES} lines, no judgements")
    return differences, remarks


def changes(before: Any, now: Any, path: str, same: bool) -> Iterator[tuple[bool, str]]:
    """Yield all that two values differ in: whether that is a difference, and a line on it."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key, value in before.items():
            if path.startswith("metrics") and key.startswith(JUDGED) and not same:
                continue
            if key in now:
                yield from changes(value, now[key], f"{path}.{key}", same)
            else:
                yield True, f"{path}.{key}: lost"
        yield from ((False, f"{path}.{key}: added") for key in now if key not in before)
    elif isinstance(before, list) and isinstance(now, list) and path.startswith("files"):
        yield from ((True, f"{path}: {one!r} lost") for one in before if one not in now)
        yield from ((False, f"{path}: {one!r} added") for one in now if one not in before)
        if [one for one in before if one in now] != [one for one in now if one in before]:
            yield True, f"{path}: in another order"
    elif isinstance(before, list) and isinstance(now, list):
        compared = len(before) if same or not path.startswith("metrics") else LINES
        for index, (one, other) in enumerate(zip(before[:compared], now, strict=False)):
            yield from changes(one, other, f"{path}[{index}]", same)
        if len(before) != len(now):
            yield True, f"{path}: {len(before)} became {len(now)} long"
    elif not is_alike(before, now, same):
        yield True, f"{path}: {before!r} became {now!r}"


def is_alike(before: Any, now: Any, same: bool) -> bool:
    """Whether two values are equal, of numbers of another machine about equal."""
    if same or not (isinstance(before, float) and isinstance(now, float)):
        return repr(before) == repr(now)  # to the bit, and not a number is like itself
    return math.isclose(before, now, rel_tol=TOLERANCE, abs_tol=TOLERANCE * 1e-2)
