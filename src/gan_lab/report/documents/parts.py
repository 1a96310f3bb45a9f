"""What a document is made of, whatever its form: a list of parts in the order of reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gan_lab.report.page import Figure
from gan_lab.report.tables import Table


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
class Folded:
    """Parts under a heading that few will read: a page shows them when asked."""

    words: str
    parts: "Sequence[Part]"


Part: TypeAlias = Heading | Paragraph | Bullets | Commands | Table | Figure | Folded


def unfolded(parts: Sequence[Part]) -> Iterator[Part]:
    """Yield parts, those of `Folded` after a heading: for paper, which cannot fold."""
    for part in parts:
        if isinstance(part, Folded):
            yield Heading(part.words)
            yield from unfolded(part.parts)
        else:
            yield part
