"""A sheet as LaTeX, for pdflatex: booktabs, graphicx, and figures by their relative paths."""

import re
from collections.abc import Iterator, Sequence
from itertools import count

from gan_lab.common.text import latex
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
# A table that is too wide is made as wide as the text.
FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}"
PAGE, HIGHEST = 16.6, 17.0  # cm of a figure
PREAMBLE = r"""\documentclass[a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage[margin=2.2cm]{geometry}
\usepackage{float}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em}
\setlength{\emergencystretch}{3em}
\newenvironment{slot}{\par\medskip\hrule\medskip}{\par\vspace{8em}\hrule\par\bigskip}
"""


def as_latex(sheet: Sheet, blocks: Sequence[Written]) -> bytes:
    """Return the document. Each block is lines of its own, between empty ones."""
    numbers = count(1)
    lines = [part for block in blocks for part in (*_lines(block, numbers), "")]
    named = [
        rf"\renewcommand{{\tablename}}{{{latex(sheet.words.table)}}}",
        rf"\renewcommand{{\figurename}}{{{latex(sheet.words.figure)}}}",
    ]
    return "\n".join(
        [PREAMBLE, *named, r"\begin{document}", "", *lines, r"\end{document}", ""]
    ).encode("utf-8", "backslashreplace")


def _lines(block: Written, numbers: Iterator[int]) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{LEVELS[min(level, 1)]}{{{latex(text)}}}"
        case Paragraph(text):
            yield latex(text)
        case Code(lines):
            yield from (rf"{{\raggedright\small\ttfamily {_broken(line)}\par}}" for line in lines)
        case Grid():
            yield from _table(block, next(numbers))
        case Picture():
            yield from _figure(block, next(numbers))
        case Slot(_, prompt):
            yield rf"\emph{{{latex(prompt)}}}"
            yield ""
            yield r"\begin{slot}"
            yield ""
            yield r"\end{slot}"


def _broken(line: str) -> str:
    """Return a command that may be broken after the signs that join its words."""
    return re.sub(r"(\\_|[/=.,-])", r"\1\\allowbreak{}", latex(line))


def _table(grid: Grid, number: int) -> Iterator[str]:
    yield r"\begin{table}[H]"
    yield r"\centering"
    yield rf"\caption{{{latex(grid.caption)}}}"
    yield rf"\label{{tab:{number}}}"
    yield rf"{FITTED}{{\begin{{tabular}}{{{'l' * len(grid.headings)}}}"
    yield r"\toprule"
    yield " & ".join(map(latex, grid.headings)) + r" \\"
    yield r"\midrule"
    yield from (" & ".join(latex(cell.text) for cell in row) + r" \\" for row in grid.rows)
    yield r"\bottomrule"
    yield r"\end{tabular}}"
    yield r"\end{table}"
    for remark in grid.remarks:
        yield ""
        yield rf"{{\small {latex(remark)}\par}}"


def _figure(picture: Picture, number: int) -> Iterator[str]:
    # Lines as they were drawn; pictures of samples have their pixels in the PNG.
    drawn = picture.path.with_suffix(".pdf")
    path = drawn if picture.drawn and drawn.is_file() else picture.path
    yield r"\begin{figure}[H]"
    yield r"\centering"
    width = width_of(picture.path, PAGE, HIGHEST)
    yield rf"\includegraphics[width={width:.2f}cm]{{figures/{path.name}}}"
    yield rf"\caption{{{latex(picture.caption)}}}"
    yield rf"\label{{fig:{number}}}"
    yield r"\end{figure}"
