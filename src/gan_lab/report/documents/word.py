"""A document for Word: results.docx, by python-docx, which is an extra."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from gan_lab.common.files import new_file
from gan_lab.common.text import document_text
from gan_lab.report.documents.parts import (
    Bullets,
    Commands,
    Heading,
    Paragraph,
    Part,
    Words,
    spans,
    unfolded,
)
from gan_lab.report.page import Figure
from gan_lab.report.tables import Table

if TYPE_CHECKING:
    from docx.document import Document

ADVICE = "results.docx is not written without python-docx: pip install 'gan-lab[docx]'"
LONG_SIDE, SHORT_SIDE, MARGIN = 29.7, 21.0, 1.5  # cm: A4 on its side, for wide tables
HIGHEST = 14.0  # cm of a figure, so that its caption is on the same page
TEXT, POINTS, SMALLEST = 10.0, 7.5, 4.5  # points: of text, of tables, of the widest tables
MONOSPACE = "Courier New"
LETTER = 0.0235  # cm that a letter is wide, for each point of its size, with some room
BORDERS = 0.4  # cm of a column that stay empty
LONGEST = 70  # letters of a cell that are kept in one line
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip: the same numbers make the same file


def is_installed() -> bool:
    """Whether python-docx is there: an older package has its name and is another thing."""
    try:
        from docx import Document  # noqa: F401
    except ImportError:
        return False
    return True


def write_word(title: str, parts: Sequence[Part], path: Path) -> None:
    """Write a document for Word, which is the same for the same parts."""
    from docx import Document

    document = Document()
    _set_up(document, title)
    add_heading(document, title, 0)
    for part in unfolded(parts):
        _add(document, part)
    _save(document, path)


def _add(document: "Document", part: Part) -> None:
    if isinstance(part, Heading):
        add_heading(document, part.words, 1)
    elif isinstance(part, Paragraph):
        _add_sentences(document.add_paragraph(), part.words)
    elif isinstance(part, Bullets):
        for line in part.lines:
            _add_sentences(document.add_paragraph(style="List Bullet"), line)
    elif isinstance(part, Commands):
        for line in part.lines:
            add_code(document, line)
    elif isinstance(part, Words):
        for term in part.terms:
            paragraph = document.add_paragraph()
            paragraph.add_run(document_text(term.word)).bold = True
            paragraph.add_run(document_text(f": {term.meaning}"))
    elif isinstance(part, Table):
        _add_table(document, part)
    elif isinstance(part, Figure):
        _add_figure(document, part)


def _add_sentences(paragraph: Any, text: str) -> None:
    """Add a text, in which what stands between backticks has the letters of a terminal."""
    for piece, is_code in spans(text):
        run = paragraph.add_run(document_text(piece))
        if is_code:
            run.font.name = MONOSPACE


@dataclass(frozen=True)
class _Columns:
    """How a table is set: the size of its letters in points, and the width of each column in cm."""

    points: float
    widths: tuple[float, ...]


def _columns_of(headings: Sequence[str], rows: Sequence[Sequence[str]], page: float) -> _Columns:
    """Give each column room for its longest word and, up to a length, its longest cell; headings
    may take several lines. `page` is the width in cm that there is."""
    letters = []
    for column in zip(headings, *rows, strict=True):
        words = max((len(word) for cell in column for word in cell.split()), default=1)
        letters.append(max(words, min(LONGEST, max(map(len, column[1:]), default=1)), 3))
    room = page - BORDERS * len(letters)
    points = min(POINTS, max(SMALLEST, room / (LETTER * sum(letters))))
    widths = [BORDERS + LETTER * points * count for count in letters]
    scale = min(1, page / sum(widths))
    return _Columns(points, tuple(scale * width for width in widths))


def _set_up(document: "Document", title: str) -> None:
    """Turn the page on its side, and give the document its letters and its title."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm, Pt

    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(LONG_SIDE), Cm(SHORT_SIDE)
    section.left_margin = section.right_margin = Cm(MARGIN)
    section.top_margin = section.bottom_margin = Cm(MARGIN)
    for style in ("Normal", "Caption"):
        font = document.styles[style].font
        font.name, font.size, font.bold = "Arial", Pt(TEXT), False
    say_of_document(document, title)


def say_of_document(document: "Document", title: str) -> None:
    """Say of a document what is true of it, and nothing else."""
    said = document.core_properties
    said.title, said.author = document_text(title)[:255], "gan_lab"
    said.comments = said.last_modified_by = said.keywords = ""
    for child in list(said._element):  # the dates are those of the template
        if child.tag.endswith(("}created", "}modified")):
            said._element.remove(child)


def add_heading(document: "Document", words: str, level: int) -> None:
    """Add a heading; level 0 is the title."""
    document.add_heading(document_text(words), level)


def _add_table(document: "Document", table: Table) -> None:
    add_heading(document, table.title, 2)
    add_rows(document, table, LONG_SIDE - 2 * MARGIN)


def add_rows(document: "Document", table: Table, page: float) -> None:
    """Add a table without its title, at most `page` cm wide, its headings on each page, and its
    remarks beneath it."""
    from docx.shared import Cm, Pt

    made = document.add_table(0, len(table.headings), style="Table Grid")
    columns = _columns_of(table.headings, table.rows, page)
    made.autofit = False  # not every program that opens it would fit the columns
    for column, width in zip(made.columns, columns.widths, strict=True):
        column.width = Cm(width)
    _add_row(made, table.headings, columns, bold=True)
    _repeat_on_each_page(made.rows[0])
    for cells in table.rows:
        _add_row(made, cells, columns)
    remarks = document.add_paragraph()
    _add_sentences(remarks, " ".join(table.remarks))
    remarks.paragraph_format.space_before = Pt(4)


def _add_row(table: Any, cells: Sequence[str], columns: _Columns, bold: bool = False) -> None:
    from docx.shared import Cm, Pt

    places = zip(table.add_row().cells, cells, columns.widths, strict=True)
    for place, words, width in places:
        place.width = Cm(width)
        paragraph = place.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        run = paragraph.add_run(document_text(words))
        run.bold, run.font.size = bold, Pt(columns.points)


def _repeat_on_each_page(row: Any) -> None:
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def add_code(document: "Document", line: str) -> None:
    """Add a line in the letters of a terminal."""
    from docx.shared import Pt

    run = document.add_paragraph().add_run(document_text(line))
    run.font.name, run.font.size = MONOSPACE, Pt(POINTS)


def _add_figure(document: "Document", figure: Figure) -> None:
    """Add a figure under its title, with a number, its caption, and words for who cannot see it."""
    from docx.shared import Cm

    add_heading(document, figure.title, 2)
    with Image.open(figure.path) as image:
        width = min(LONG_SIDE - 2 * MARGIN, HIGHEST * image.width / image.height)
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    picture = paragraph.add_run().add_picture(str(figure.path), width=Cm(width))
    picture._inline.docPr.set("descr", document_text(figure.alternative))
    number = len(document.inline_shapes)
    caption = document_text(f"Figure {number}. {figure.words}")
    document.add_paragraph(caption, style="Caption")


def _save(document: "Document", path: Path) -> None:
    """Write a document whose parts have no times."""
    with new_file(path) as file:
        file.write(as_bytes(document))


def as_bytes(document: "Document") -> bytes:
    """Return a document whose parts have no times, so that the same numbers make the same file."""
    made, packed = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as parts, \
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:  # fmt: skip
        for name in parts.namelist():
            archive.writestr(zipfile.ZipInfo(name, FIRST_DAY), parts.read(name),
                             zipfile.ZIP_DEFLATED)  # fmt: skip
    return packed.getvalue()
