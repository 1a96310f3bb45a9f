"""A document by the ending of its name: size and kind come before content."""

from collections.abc import Callable
from pathlib import Path

from gan_lab.common.errors import RunError, UsageError, unknown
from gan_lab.common.files import read_bytes
from gan_lab.report.sheets.reading.html import read_html
from gan_lab.report.sheets.reading.latex import read_latex
from gan_lab.report.sheets.reading.units import Text, Unit
from gan_lab.report.sheets.reading.word import read_word

MOST_BYTES = 2**26  # of a page with its pictures
MOST_OF_TEXT = 2**22  # of LaTeX
MOST_UNITS = 10_000  # paragraphs and tables: a long thesis has a third of that
MOST_LETTERS = 2**21
LONGEST = 20_000  # letters of one: what is longer is no text of a sheet, and is left out


def read_document(path: Path) -> list[Unit]:
    """Return the paragraphs and tables of a document, without slots.

    Raises UsageError for a name with another ending, RunError if it cannot be read.
    """
    readers: dict[str, Callable[[bytes], list[Unit]]] = {
        ".docx": read_word,
        ".html": lambda content: read_html(_decoded(content)),
        ".htm": lambda content: read_html(_decoded(content)),
        ".tex": lambda content: read_latex(_decoded(content)),
    }
    if path.suffix.lower() not in readers:
        raise UsageError(f"{path}: {unknown('kind of document', path.suffix, list(readers))}")
    try:
        most = MOST_OF_TEXT if path.suffix.lower() == ".tex" else MOST_BYTES
        units = readers[path.suffix.lower()](read_bytes(path, most))
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read: {error}.") from None
    if len(units) > MOST_UNITS or sum(map(_length, units)) > MOST_LETTERS:
        raise RunError(
            f"{path} has more than {MOST_UNITS:,} paragraphs or {MOST_LETTERS:,} letters: it is no "
            "sheet."
        )
    return [unit for unit in units if _length(unit) <= LONGEST]


def _length(unit: Unit) -> int:
    if isinstance(unit, Text):
        return len(unit.text)
    return sum(len(cell) for row in unit.rows for cell in row)


def _decoded(content: bytes) -> str:
    """Return the text of a file, in what programs for documents write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
