"""Named moments at which a process dies: wrappers that a fork puts around what the product calls.

Nothing in the product knows of them. A moment is the nth time that something is about to happen,
has just happened, or is half done; the whole group of the process is killed then.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

Install = Callable[[int], None]
Concerns = Callable[..., bool]  # whether the arguments of a call are those of the moment


def die(*_: object) -> None:
    """Kill this process and those of its group."""
    os.killpg(0, signal.SIGKILL)


def _wrap(owner: Any, name: str, concerns: Concerns, n: int, before: Any, after: Any) -> None:
    original, seen = getattr(owner, name), 0

    def wrapper(*arguments: Any, **named: Any) -> Any:
        nonlocal seen
        mine = concerns(*arguments)
        seen += mine
        if mine and seen == n and before:
            before(*arguments)
        result = original(*arguments, **named)
        if mine and seen == n and after:
            after(*arguments)
        return result

    setattr(owner, name, wrapper)


def _tear(unfinished: Path, *_: object) -> None:
    """Die as if half of the file were written."""
    os.truncate(unfinished, unfinished.stat().st_size // 2)
    die()


def _around(owner: Any, name: str, what: str, concerns: Concerns) -> dict[str, Install]:
    return {
        f"before {what}": lambda n: _wrap(owner, name, concerns, n, die, None),
        f"after {what}": lambda n: _wrap(owner, name, concerns, n, None, die),
    }


def _file(what: str, concerns: Callable[[Path], bool]) -> dict[str, Install]:
    """Half of a new file written; just before it gets its name; just after."""

    def is_it(_: Path, target: Any) -> bool:
        return concerns(Path(target))

    torn: dict[str, Install] = {
        f"half of {what}": lambda n: _wrap(Path, "replace", is_it, n, _tear, None)
    }
    return torn | _around(Path, "replace", what, is_it)


def _half_a_line(n: int) -> None:
    from gan_lab.tracking.base import JsonLines

    def write_half(tracker: Any, line: Any) -> None:
        text = repr(line)
        tracker._file.write(text[: len(text) // 2].replace("'", '"'))
        tracker._file.flush()
        die()

    _wrap(JsonLines, "log", lambda *_: True, n, write_half, None)


def _journal(half: bool) -> Install:
    def install(n: int) -> None:
        from optuna.storages.journal import JournalFileBackend

        def write_half(backend: Any, logs: Any) -> None:
            text = repr(logs[0])
            with open(backend._file_path, "a", encoding="utf-8") as file:  # noqa: PTH123
                file.write(text[: len(text) // 2].replace("'", '"'))
            die()

        before, after = (write_half, None) if half else (None, die)
        _wrap(JournalFileBackend, "append_logs", lambda *_: True, n, before, after)

    return install


def _anything(*_: object) -> bool:
    return True


_FOLDERS = {"a checkpoint": "checkpoints", "a sample": "samples"}
_FILES = ("status.json", "evaluations.jsonl", "config.yaml", "environment.json", "metrics.jsonl")
ANY: dict[str, Install] = _file("a file", _anything) | _around(os, "fsync", "a sync", _anything)
TRAINING: dict[str, Install] = {"half a line of metrics": _half_a_line}
for _what, _folder in _FOLDERS.items():
    TRAINING |= _file(_what, lambda path, folder=_folder: path.parent.name == folder)
for _name in _FILES:
    TRAINING |= _file(_name, lambda path, name=_name: path.name == name)
TRAINING |= _around(Path, "unlink", "a removal", lambda path, *_: path.suffix in (".pt", ".png"))
JOURNAL: dict[str, Install] = {
    "half of an entry of the journal": _journal(half=True),
    "after an entry of the journal": _journal(half=False),
}
CACHE: dict[str, Install] = _around(Path, "rename", "the folder's name", _anything)
MOMENTS: dict[str, Install] = ANY | TRAINING | JOURNAL | CACHE
