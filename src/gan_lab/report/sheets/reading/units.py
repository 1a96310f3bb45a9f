"""What a document says, whatever its form: paragraphs and tables in their order."""

import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

DASHES = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2212": "-", "\xad": None})


@dataclass(frozen=True)
class Text:
    """A paragraph, a heading or a caption."""

    text: str


@dataclass(frozen=True)
class Rows:
    """A table, its headings among the rows."""

    rows: tuple[tuple[str, ...], ...]


Unit: TypeAlias = Text | Rows


def is_slot(rows: Rows) -> bool:
    """Whether a table is of one cell: what stands in it are the reader's own words."""
    return len(rows.rows) == 1 and len(rows.rows[0]) == 1


def plain_text(text: str) -> str:
    """Return a text without what programs change when they save: kinds of spaces and dashes."""
    joined = " ".join(unicodedata.normalize("NFKC", text).translate(DASHES).split())
    return joined.replace("--", "–")  # as programs do while one types, and LaTeX when it prints


def kept(units: list[Unit]) -> list[Unit]:
    """Return units without slots and without what is empty."""
    return [
        unit
        for unit in units
        if (unit.text if isinstance(unit, Text) else unit.rows and not is_slot(unit))
    ]
