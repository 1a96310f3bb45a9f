"""The journal of a search: a JSON object a line, written by optuna, through kills and damage."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from gan_lab.common.errors import RunError
from gan_lab.common.files import read_bytes


class NoLock:
    """What optuna would lock its journal with; `held` has a lock that dies with its process."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        """There is nothing to release."""


@contextmanager
def held(journal: Path) -> Iterator[None]:
    """Keep other processes from a journal that can be added to.

    What a kill or a full disk has left of an entry at its end is cut off: the next would go on in
    the same line. Raises RunError if another process has it, for a link, and for damage.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    lock = journal.with_suffix(".lock")
    if journal.is_symlink() or lock.is_symlink():
        raise RunError(f"{journal} or its .lock is a link, which is not followed: remove it.")
    try:
        with filelock.FileLock(lock).acquire(timeout=0):
            _cut_off_half_an_entry(journal)
            yield
    except filelock.Timeout:
        raise RunError(f"{journal} is being searched by another process.") from None


def open_study(optuna: Any, journal: Path, **settings: Any) -> Any:
    """Return optuna's study in a journal, which is begun if there is none; `settings` are
    optuna's. Raises RunError for a journal that optuna does not understand."""
    backend = optuna.storages.journal.JournalFileBackend(str(journal), NoLock())
    try:
        return optuna.create_study(
            storage=optuna.storages.JournalStorage(backend),
            study_name=journal.stem,
            load_if_exists=True,
            **settings,
        )
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
        # Entries of the right form and wrong content fail in as many ways as optuna has.
        raise RunError(_damaged(journal, "holds what is no search")) from None


def _cut_off_half_an_entry(journal: Path) -> None:
    try:
        content = read_bytes(journal)
    except FileNotFoundError:
        return
    whole = content[: content.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), 1):
        if not _is_entry(line):
            raise RunError(_damaged(journal, f"is broken in line {number}"))
    if whole != content:
        with journal.open("r+b") as file:
            file.truncate(len(whole))


def _is_entry(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _damaged(journal: Path, how: str) -> str:
    return (
        f"{journal} {how}: move it away, and the same command begins the search anew, with the "
        "runs that have finished."
    )
