"""A sheet as LaTeX, for pdflatex; its figures lie in figures/ beside it."""

from collections.abc import Iterator, Sequence
from itertools import count

from gan_lab.common.text import latex
from gan_lab.report.documents.latex import PREAMBLE, broken, code, letters, table_lines
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
from gan_lab.report.sheets.writing.sizes import width_of

LEVELS = (r"\section*", r"\subsection*")
PAGE, HIGHEST = 17.0, 17.0  # cm of a figure
# An empty box stays on a page with its question: at a page break its height would be lost.
SLOT = r"""\newenvironment{slot}{\par\nopagebreak\medskip\hrule\nopagebreak\medskip\nopagebreak}
{\par\nopagebreak\vspace{8em}\nopagebreak\hrule\par\bigskip}"""


def as_latex(sheet: Sheet, blocks: Sequence[Written]) -> bytes:
    """Return the document. Each block has lines of its own, and an empty one after it."""
    numbers = count(1)
    body = "\n".join(part for block in blocks for part in (*_lines(block, numbers), ""))
    named = [
        rf"\renewcommand{{\tablename}}{{{latex(sheet.words.table)}}}",
        rf"\renewcommand{{\figurename}}{{{latex(sheet.words.figure)}}}",
    ]
    head = [PREAMBLE, *letters(body), SLOT, r"\begin{document}", *named, ""]
    return "\n".join([*head, body, r"\end{document}", ""]).encode("utf-8", "backslashreplace")


def _lines(block: Written, numbers: Iterator[int]) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{LEVELS[min(level, 1)]}{{{latex(text)}}}"
        case Paragraph(text):
            yield broken(text)
        case Code(lines):
            yield r"{\footnotesize\ttfamily\raggedright"
            yield from (rf"{code(line)}\par" for line in lines)
            yield "}"
        case Grid():
            yield from table_lines(block.table(), f"tab:{next(numbers)}")
        case Picture():
            yield from _figure(block, next(numbers))
        case Slot(_, prompt):
            yield rf"\emph{{{broken(prompt)}}}"
            yield from ("", r"\begin{slot}", "", r"\end{slot}")


def _figure(picture: Picture, number: int) -> Iterator[str]:
    # Lines as they were drawn; pictures of samples have their pixels in the PNG.
    drawn = picture.path.with_suffix(".pdf")
    path = drawn if picture.drawn and drawn.is_file() else picture.path
    width = width_of(picture.path, PAGE, HIGHEST)
    yield from (r"\begin{figure}[H]", r"\centering")
    yield rf"\includegraphics[width={width:.2f}cm]{{figures/{path.name}}}"
    yield rf"\caption{{{broken(picture.caption)}}}\label{{fig:{number}}}"
    yield r"\end{figure}"
