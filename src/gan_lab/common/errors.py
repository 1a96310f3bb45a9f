"""Errors that a user can mend: one line that says what is wrong, where, and what to do."""

import difflib
import errno
import sys
from collections.abc import Iterable, Sequence

from gan_lab.common.text import letters, printable

ADVICE = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there, your quota is used up",
    errno.EFBIG: "use a disk that takes larger files",
    errno.EACCES: "give access there",
    errno.EPERM: "give access there",
    errno.EROFS: "use a place that can be written",
    errno.ENOENT: "make it, or name another place",
    errno.ENOTDIR: "name a folder: a part of the path is a file",
    errno.EISDIR: "a folder is where a file belongs: move it away, or name another file",
    errno.EEXIST: "remove it: something else has its name",
    errno.ELOOP: "remove the link: none is followed here, or they lead in a circle",
    errno.EINVAL: "replace it by a plain file",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.EMFILE: "close programs, or raise `ulimit -n`",
    errno.ENFILE: "close programs: too many files are open",
    errno.EIO: "check the disk",
    errno.ENXIO: "replace it by a plain file",
}  # errors of the system -> what a user can do


class UsageError(Exception):
    """What was typed cannot be done (exit code 2)."""


class RunError(Exception):
    """A run could not go on (exit code 1)."""


class Taken(RunError):
    """Another process is at work in the run's directory."""


class Answered(SystemExit):
    """The question was answered, as by --help. Any other SystemExit is somebody's mistake."""


class Interrupted(BaseException):
    """A signal asked the program to stop. No `except Exception` of a library may swallow it."""

    def __init__(self, number: int):
        super().__init__(f"signal {number}")
        self.number = number
        self.exit_code = 128 + number


def complain(text: object) -> None:
    """Print on stderr, in one line, what is wrong."""
    print(f"gan-lab: {printable(str(text))}", file=sys.stderr)


def advice(error: OSError) -> str:
    """Return what to do about what the system has refused, by its number."""
    return ADVICE.get(error.errno or 0, "give access there")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or torch, on any device, could not have the memory it asked for."""
    # By name: torch is not imported for this. Its CPU allocator raises a plain RuntimeError.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in str(error)
    )


def unknown(kind: str, name: str, options: Sequence[str]) -> str:
    """Return the one line that answers a name that is not among the options."""
    return f"unknown {kind} {name!r}.{closest(name, options)} Choose from {', '.join(options)}."


def closest(word: str, options: Iterable[str]) -> str:
    """Return ` Did you mean ...?` with the one or two options that a word is like, else nothing."""
    distinct = list(dict.fromkeys(options))
    same = [one for one in distinct if letters(one) == letters(word)]
    found = same[:1] or difflib.get_close_matches(str(word), distinct, n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(one) for one in found)}?" if found else ""
