"""Files: made whole or not at all, and read only if they are what they should be.

Some lie in a directory that somebody sent. A link there could lead out of it, a pipe never ends,
and a small file can stand for a huge one: no link is followed, and kind and size come before
content.
"""

import errno
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

try:
    import fcntl
except ImportError:  # not on every system; what a kill leaves of a file then stays
    fcntl = None  # type: ignore[assignment]

from gan_lab.common.errors import RunError
from gan_lab.common.typed import Malformed, plain

T = TypeVar("T")

UNFINISHED = ".gan-lab-"  # how names begin of files that are being made
MOST_BYTES = 2**30  # of a file that is read whole; a line of metrics takes 300
# No link is followed, and a pipe that nobody writes to is opened without waiting. Not every system
# has all of these; O_BINARY is only of one that would change the ends of lines.
FLAGS = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
PLAIN_ONLY = reduce(or_, (getattr(os, name, 0) for name in FLAGS))
SYNCS = hasattr(os, "O_DIRECTORY")  # whether what was written can be waited for by its name


@contextmanager
def new_file(path: Path, durable: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes its place at `path` when it is whole.

    It has a fresh name beside `path` until then. What was at `path`, also a link, is replaced and
    not followed. `durable`: it is on the disk, and not only on its way, before it gets its name.
    """
    remove_unfinished(path.parent)
    unfinished, handle = _begin(path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(handle)
            unfinished.replace(path)  # while it is locked
        if durable:
            _sync(path.parent, os.O_RDONLY)  # it may be a link: a study on another disk
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _begin(folder: Path) -> tuple[Path, int]:
    """Make an empty file under a fresh name, locked for as long as it is open."""
    while True:
        path = folder / f"{UNFINISHED}{secrets.token_hex(8)}.tmp"
        handle = _open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with suppress(OSError):  # a disk without locks: nobody else can lock it either
            _lock(handle, wait=True)
        if os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)  # before it was locked another process took it for a leftover


def remove_unfinished(folder: Path) -> None:
    """Remove what a kill has left in a folder of files that were being made.

    A file that a living process makes is locked, and stays.
    """
    for path in folder.glob(f"{UNFINISHED}*.tmp"):
        with suppress(OSError):  # it is locked, or just got its name, or may not be removed
            handle = _open(path, os.O_WRONLY)
            try:
                _lock(handle, wait=False)
                path.unlink()
            finally:
                os.close(handle)


def _lock(handle: int, wait: bool) -> None:
    """Lock an open file until it is closed. Raises OSError if another has it, or none can."""
    if fcntl is None:
        raise OSError(errno.ENOTSUP, "this system has no such locks")
    fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def replace_file(path: Path, text: str, durable: bool = False) -> None:
    """Write a text file whole or not at all; names of files in it need not be valid UTF-8."""
    with new_file(path, durable) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def sync(path: Path) -> None:
    """Wait until what was written to a plain file is on the disk, if it is there."""
    if path.exists():
        _sync(path, os.O_RDONLY | PLAIN_ONLY)


def _sync(path: Path, flags: int) -> None:
    if not SYNCS:
        return
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open(path: Path, flags: int) -> int:
    """Open a plain file, and no link. Raises OSError."""
    if not hasattr(os, "O_NOFOLLOW") and path.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(path))
    return os.open(path, flags | PLAIN_ONLY, 0o666)


def append_to(path: Path) -> TextIO:
    """Open a plain file to add lines to, and make it if it is not there."""
    handle = _open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    return os.fdopen(handle, "a", encoding="utf-8")


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file to read its bytes.

    Raises FileNotFoundError if there is none, and another OSError for a link, a folder or a pipe.
    """
    handle = _open(path, os.O_RDONLY)
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    return file


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a plain file. Raises OSError as `open_plain` does, and for more than
    `most` bytes."""
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            reason = f"it has {size:,} bytes, more than {most:,}"
            raise OSError(errno.EFBIG, reason, str(path))
        return file.read()


def refuse_links(folder: Path, passed_over: Iterable[str] = ()) -> None:
    """Raise RunError if something below a folder is neither a plain file nor a folder.

    The folder itself may be a link. What lies in those of `passed_over` is not looked at.
    """
    left = [folder]
    while left:
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in passed_over:
                        left.append(Path(entry.path))
                elif not entry.is_file(follow_symlinks=False):
                    kind = "a link" if entry.is_symlink() else "neither a file nor a folder"
                    raise RunError(
                        f"{entry.path} is {kind}, which is not followed inside {folder}: put what "
                        "it stands for in its place, or remove it."
                    )


def read_json(path: Path, default: Any) -> Any:
    """Return what a file holds; `default` if it is not there, broken, or of another kind."""
    try:
        content = json.loads(read_bytes(path).decode("utf-8"))
    except (OSError, ValueError, RecursionError):  # not there, no JSON, no UTF-8
        return default
    return content if default is None or isinstance(content, type(default)) else default


def read_lines(
    path: Path, line_of: Callable[[object], T], written_whole: bool = False
) -> tuple[list[T], list[str]]:
    """Return the lines of a file of JSON lines, and what is wrong with those that are damaged.

    `line_of` makes a line of its content, or raises Malformed. A last line without an end was cut
    off by a kill, and is passed over in silence: but not in a file that is `written_whole`.
    """
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [f"{path}: {error.strerror}"]
    *whole, cut_off = content.split(b"\n")
    lines, faults = [], []
    is_line = cut_off and (written_whole or _is_json(cut_off))
    for number, text in enumerate([*whole, cut_off] if is_line else whole, start=1):
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
    replace_file(path, "".join(json.dumps(plain(line)) + "\n" for line in lines), durable=True)
