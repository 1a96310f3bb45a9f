"""What a document is made of, whatever its form: a list of parts in the order of reading."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gan_lab.report.glossary import Term
from gan_lab.report.page import Figure
from gan_lab.report.tables import Table

CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True)
class Heading:
    """A heading of a section."""

    words: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    words: str


@dataclass(frozen=True)
class Bullets:
    """Lines, each for itself."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Commands:
    """Lines to type."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Section:
    """Parts under a heading. What few will read is `folded`: a page shows it when asked."""

    words: str
    parts: "Sequence[Part]"
    folded: bool = True


@dataclass(frozen=True)
class Words:
    """Terms that the other parts use, with what they mean."""

    terms: Sequence[Term]


Part: TypeAlias = Heading | Paragraph | Bullets | Commands | Table | Figure | Words | Section


def spans(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text, each with whether it stood between backticks: words to type."""
    for number, piece in enumerate(CODE.split(text)):
        if piece:
            yield piece, number % 2 == 1


def unfolded(parts: Sequence[Part]) -> Iterator[Part]:
    """Yield parts, those of sections after their headings: for paper, which cannot fold."""
    for part in parts:
        if isinstance(part, Section):
            yield Heading(part.words)
            yield from unfolded(part.parts)
        else:
            yield part


def texts_of(parts: Sequence[Part]) -> Iterator[str]:
    """Yield the sentences and headings of parts, without the cells of tables."""
    for part in unfolded(parts):
        if isinstance(part, Heading | Paragraph):
            yield part.words
        elif isinstance(part, Bullets):
            yield from part.lines
        elif isinstance(part, Table):
            yield from (part.title, *part.headings, *part.remarks)
        elif isinstance(part, Figure):
            yield from (part.title, part.words)
