"""What is kept to be found again: where nobody else can write, and used only if it is whole.

Each file carries the hash of its content. One that does not fit is made again, for nothing is lost
but time. A hash tells damage and not forgery: who can write to the folder can write a hash too,
which is why such a folder is not used.
"""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import filelock

from gan_lab.common.console import say
from gan_lab.common.errors import RunError
from gan_lab.common.files import new_file, read_bytes
from gan_lab.common.typed import Malformed, plain, read

T = TypeVar("T")

MOST_JSON = 2**28  # bytes of sealed JSON; a million images that cannot be read take 100 MB
TELLS_OWNERS = hasattr(os, "geteuid")  # not every system says whose a folder is


class Unfit(Exception):
    """A file is not what was kept there."""

    def __init__(self, path: Path, reason: str = "is damaged"):
        super().__init__(f"{path} {reason}")
        self.path = path


class WithoutHash(Unfit):
    """A file was kept by a version that wrote no hash."""

    def __init__(self, path: Path):
        super().__init__(path, "is of a version that kept no hash")


def refuse_shared(folder: Path) -> None:
    """Raise RunError if somebody else may write to a folder of the cache; it need not be there."""
    try:
        status = folder.stat()
    except OSError:  # not there yet, or it cannot be: making it says so
        return
    if not (TELLS_OWNERS and stat.S_ISDIR(status.st_mode)):
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise RunError(
            f"{folder} belongs to another user, who may change what is kept there: set cache_dir= "
            "or GAN_LAB_CACHE= to a folder of your own."
        )
    if _others_write(status):
        raise RunError(
            f"{folder} can be written by others, and what is kept there decides scores: delete "
            f"what is in it and `chmod go-w {folder}`, or set cache_dir= or GAN_LAB_CACHE= to a "
            "folder of your own."
        )


def is_private(folder: Path) -> bool:
    """Whether it is a folder, not a link to one, that nobody but the user and root may write to."""
    status = folder.lstat()
    if not TELLS_OWNERS:
        return stat.S_ISDIR(status.st_mode)
    mine = status.st_uid in (os.geteuid(), 0)
    return stat.S_ISDIR(status.st_mode) and mine and not _others_write(status)


def _others_write(status: os.stat_result) -> bool:
    # A sticky bit keeps others from removing files, but not from laying new ones where a file will
    # be looked for.
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_own_group(status.st_gid)


def _is_own_group(number: int) -> bool:
    """Whether a group is root's or the user's alone.

    Many systems give each user a primary group of the same name and let new folders be written by
    it (umask 002). It is told by that name, and by having no other member on the list.
    """
    import grp  # only now: not every system has them
    import pwd

    if number == 0:
        return True
    try:
        group, name = grp.getgrgid(number), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # without a name nobody knows who is in it
        return False
    return group.gr_name == name and set(group.gr_mem) <= {name}


def make_private(folder: Path) -> None:
    """Make a folder of the cache for the user alone, unless it is there.

    Raises OSError if it cannot be made, RunError if others may write to it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refuse_shared(folder)


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock of a kept file or folder, which dies with its process.

    Says that it is `waiting` if another process holds it.
    """
    place = path.with_suffix(".lock")
    with suppress(FileNotFoundError):
        found = place.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            remove(place)  # taking the lock would empty the file that a link leads to
    lock = filelock.FileLock(place)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def find_kept(look: Callable[[], T]) -> T | None:
    """Return what a look into the cache finds; None if it is not there or does not fit.

    What does not fit is said in a line and removed, to be made again.
    """
    try:
        return look()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Unfit as error:
        say(f"cache     {error}: made again")
        with suppress(OSError):  # a cache that may only be read: writing says so
            remove(error.path)
        return None


def remove(path: Path) -> None:
    """Remove whatever lies at a place in the cache; a link, and not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def read_kept(path: Path, most: int) -> bytes:
    """Return the bytes of a kept file.

    Raises FileNotFoundError if there is none, Unfit if it is no plain file, cannot be read, or has
    more than `most` bytes.
    """
    try:
        return read_bytes(path, most)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise Unfit(path, f"is damaged ({error.strerror})") from error


def write_sealed(path: Path, content: object) -> None:
    """Write plain content as JSON with its hash, which is also of the file's name."""
    content = plain(content)
    sealed = {"sha256": _hash(path, content), "content": content}
    with new_file(path) as file:
        file.write(json.dumps(sealed, indent=1).encode())


def read_sealed(path: Path, kind: type[T]) -> T:
    """Return what `write_sealed` wrote, as a `kind`.

    Raises FileNotFoundError if there is nothing, Unfit if it is something else.
    """
    try:
        sealed: Any = json.loads(read_kept(path, MOST_JSON).decode())
    except (ValueError, RecursionError):
        raise Unfit(path) from None
    if not isinstance(sealed, dict) or "sha256" not in sealed:
        raise WithoutHash(path) if isinstance(sealed, dict) and sealed else Unfit(path)
    content = sealed.get("content")
    if sealed["sha256"] != _hash(path, content):
        raise Unfit(path)
    try:
        return read(kind, content)
    except Malformed:
        raise Unfit(path) from None


def _hash(path: Path, content: Any) -> str:
    text = json.dumps([path.name, content], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
