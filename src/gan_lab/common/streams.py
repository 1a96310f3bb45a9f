"""Output where not every letter can be printed: an ASCII terminal, or a pipe without a locale."""

import codecs
import io
import os
import stat
import sys

PLAIN = str.maketrans({"±": "+-", "–": "-", "—": "-", "·": ".", "×": "x", "…": "...", "’": "'"})
HANDLER = "gan_lab.plain"


def print_plainly() -> None:
    """Let stdout and stderr write what they cannot print in plain letters, or as an escape.

    A score table must not end a run that has trained for hours.
    """
    codecs.register_error(HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def leave_terminal() -> None:
    """Let what is printed to a terminal go nowhere: it was closed, and every line would fail."""
    for number in (1, 2):
        try:
            if stat.S_ISCHR(os.fstat(number).st_mode):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)
        except OSError:  # nothing is open there
            continue


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end].translate(PLAIN)
    return letters.encode("ascii", "backslashreplace").decode("ascii"), error.end
