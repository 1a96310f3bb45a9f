"""Files that a kill leaves whole: replaced by rename, or read without a line that was cut off."""

import json
from pathlib import Path
from typing import Any


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path, default: Any) -> Any:
    """Return what a file holds; `default` if it is not there, broken, or of another kind."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return default
    return content if default is None or isinstance(content, type(default)) else default


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines; none if it is not there."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return lines


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write a file of JSON lines whole or not at all."""
    replace_file(path, "".join(json.dumps(line) + "\n" for line in lines))
