"""What a sheet's document is made of, whatever its form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from gan_lab.report.tables import Table


@dataclass(frozen=True)
class Heading:
    """A heading; level 0 is the title of the document."""

    text: str
    level: int


@dataclass(frozen=True)
class Paragraph:
    """Words, and the file that their numbers are from."""

    text: str
    source: Path


@dataclass(frozen=True)
class Code:
    """Commands, a line each."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Cell:
    """A cell of a table, and the file that its numbers are from."""

    text: str
    source: Path


@dataclass(frozen=True)
class Grid:
    """A table with its caption, and remarks that belong beneath it. `source` is of its words."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    source: Path
    remarks: Sequence[str] = field(default_factory=list)

    def table(self) -> Table:
        """The same as any report has it."""
        rows = [[cell.text for cell in row] for row in self.rows]
        return Table(self.caption, list(self.headings), rows, list(self.remarks))


@dataclass(frozen=True)
class Drawing:
    """A figure that is yet to be drawn.

    `draw` writes a PNG to a path, perhaps a PDF beside it, and returns the path; None if there is
    nothing to draw. `source` is the file that the numbers of the caption are from. `drawn`: lines
    on white, no pictures of samples.
    """

    name: str
    caption: str
    source: Path
    draw: Callable[[Path], Path | None]
    drawn: bool = True


@dataclass(frozen=True)
class Picture:
    """A figure that was drawn, in a folder beside the document."""

    path: Path
    caption: str
    drawn: bool


@dataclass(frozen=True)
class Slot:
    """An empty place for the reader's own words, and what is asked for there."""

    label: str
    prompt: str


Block: TypeAlias = Heading | Paragraph | Code | Grid | Drawing | Slot
Written: TypeAlias = Heading | Paragraph | Code | Grid | Picture | Slot
