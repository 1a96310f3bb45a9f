"""Files that a kill leaves whole: replaced by rename, or read without a line that was cut off."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from gan_lab.common.typed import Malformed, plain

T = TypeVar("T")


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path, default: Any) -> Any:
    """Return what a file holds; `default` if it is not there, broken, or of another kind."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # not there, no JSON, no UTF-8
        return default
    return content if default is None or isinstance(content, type(default)) else default


def read_lines(path: Path, line_of: Callable[[object], T]) -> tuple[list[T], list[str]]:
    """Return the lines of a file of JSON lines, and what is wrong with those that are damaged.

    `line_of` makes a line of its content, or raises Malformed. A last line without an end was cut
    off by a kill, and is passed over in silence.
    """
    if not path.exists():
        return [], []
    content = path.read_bytes()
    *whole, cut_off = content.split(b"\n")
    lines, faults = [], []
    for number, text in enumerate([*whole, cut_off] if _is_json(cut_off) else whole, start=1):
        try:
            lines.append(line_of(json.loads(text)))
        except Malformed as error:
            faults.append(f"{path}, line {number}: {error}")
        except (ValueError, RecursionError):
            faults.append(f"{path}, line {number}: it is not JSON")
    return lines, faults


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
        return True
    except (ValueError, RecursionError):
        return False


def write_lines(path: Path, lines: Iterable[object]) -> None:
    """Write a file of JSON lines whole or not at all."""
    replace_file(path, "".join(json.dumps(plain(line)) + "\n" for line in lines))
