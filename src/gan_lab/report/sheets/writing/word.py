"""A sheet as a Word document, on pages that stand upright."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gan_lab.common.text import document_text
from gan_lab.report.documents.word import (
    LONG_SIDE,
    MARGIN,
    SHORT_SIDE,
    TEXT,
    add_code,
    add_heading,
    add_rows,
    as_bytes,
    say_of_document,
)
from gan_lab.report.sheets.blocks import (
    Code,
    Grid,
    Heading,
    Paragraph,
    Picture,
    Slot,
    Written,
)
from gan_lab.report.sheets.sheet import Sheet
from gan_lab.report.sheets.writing.numbering import Numbers
from gan_lab.report.sheets.writing.sizes import width_of

if TYPE_CHECKING:
    from docx.document import Document

PAGE = SHORT_SIDE - 2 * MARGIN  # cm between the margins
HIGHEST = 18.0  # cm of a figure, so that its caption is on the same page
LINES = 6  # of a slot that is empty


def as_word(sheet: Sheet, blocks: Sequence[Written]) -> bytes:
    """Return the document, which is the same for the same numbers. A slot is a table of one cell,
    which a program that saves the document keeps."""
    from docx import Document

    document = Document()
    _set_up(document, sheet)
    numbers = Numbers(sheet.words)
    for block in blocks:
        _add(document, block, numbers)
    return as_bytes(document)


def _set_up(document: "Document", sheet: Sheet) -> None:
    from docx.shared import Cm, Pt

    section = document.sections[0]
    section.page_width, section.page_height = Cm(SHORT_SIDE), Cm(LONG_SIDE)
    section.left_margin = section.right_margin = Cm(MARGIN)
    section.top_margin = section.bottom_margin = Cm(MARGIN)
    for style in ("Normal", "Caption"):
        font = document.styles[style].font
        font.name, font.size, font.bold = "Arial", Pt(TEXT), False
    say_of_document(document, sheet.title)


def _add(document: "Document", block: Written, numbers: Numbers) -> None:
    match block:
        case Heading(text, level):
            add_heading(document, text, level)
        case Paragraph(text):
            document.add_paragraph(document_text(text))
        case Code(lines):
            for line in lines:
                add_code(document, line)
        case Grid():
            _add_grid(document, block, numbers.table(block.caption))
        case Picture():
            _add_picture(document, block, numbers.figure(block.caption))
        case Slot(_, prompt):
            _add_slot(document, prompt)


def _add_grid(document: "Document", grid: Grid, caption: str) -> None:
    above = document.add_paragraph(document_text(caption), style="Caption")
    above.paragraph_format.keep_with_next = True
    add_rows(document, grid.table(), PAGE)


def _add_picture(document: "Document", picture: Picture, caption: str) -> None:
    from docx.shared import Cm

    width = width_of(picture.path, PAGE, HIGHEST)
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    shape = paragraph.add_run().add_picture(str(picture.path), width=Cm(width))
    shape._inline.docPr.set("descr", document_text(picture.caption))
    document.add_paragraph(document_text(caption), style="Caption")


def _add_slot(document: "Document", prompt: str) -> None:
    asked = document.add_paragraph()
    asked.add_run(document_text(prompt)).italic = True
    asked.paragraph_format.keep_with_next = True
    cell = document.add_table(1, 1, style="Table Grid").cell(0, 0)
    for _ in range(LINES - 1):
        cell.add_paragraph()
    document.add_paragraph()
