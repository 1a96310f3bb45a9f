"""A document in LaTeX that compiles as it is: results.tex."""

import re
from collections.abc import Iterator, Sequence

from gan_lab.common.text import latex
from gan_lab.report.documents.parts import (
    Bullets,
    Commands,
    Heading,
    Paragraph,
    Part,
    Words,
    unfolded,
)
from gan_lab.report.page import Figure
from gan_lab.report.tables import Table

# In letters of a table, which are as wide as half of their height.
PAGE, GAP = 104, 2
LONGEST = 40  # letters of a cell that are kept in one line
BREAKS = re.compile(r"(?<=[-_/.=,+:])(?=\w)")
LONG_WORD = 10  # letters: only longer words are broken
PIECE = 12  # letters after which a word is broken that has no place for it
# What fonts of pdflatex have under another name; of other letters their number is printed.
NAMED = {
    "→": r"\ensuremath{\rightarrow}", "≥": r"\ensuremath{\geq}", "≤": r"\ensuremath{\leq}",
    "−": r"\ensuremath{-}", "σ": r"\ensuremath{\sigma}", "λ": r"\ensuremath{\lambda}",
    "β": r"\ensuremath{\beta}", "ε": r"\ensuremath{\varepsilon}", "√": r"\ensuremath{\surd}",
    "·": r"\ensuremath{\cdot}", "×": r"\ensuremath{\times}", "…": r"\ldots{}",
}  # fmt: skip
KNOWN = 0x180  # the letters below this are those of European languages
PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern,textcomp}
\usepackage[margin=2cm]{geometry}
\usepackage{array,booktabs,longtable,graphicx,float}
\setlength{\tabcolsep}{3pt}
\setlength{\emergencystretch}{3em}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\newcommand{\remark}[1]{{\footnotesize\raggedright #1\par}\medskip}"""


def as_latex(title: str, parts: Sequence[Part], figures: str = "figures") -> str:
    """Return a document in LaTeX; its figures are looked for in a folder beside it.

    It needs booktabs, longtable and graphicx. Tables and figures have labels, `tab:` or `fig:` and
    the words of their titles.
    """
    labels = _Labels()
    body = [line for part in unfolded(parts) for line in _lines(part, figures, labels)]
    text = "\n".join(body)
    head = [PREAMBLE, *letters(text + title), rf"\title{{{latex(title)}}}", r"\date{}"]
    return "\n".join([*head, r"\begin{document}", r"\maketitle", text, r"\end{document}", ""])


class _Labels:
    """Labels that have been given: no two are equal."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, kind: str, title: str) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60]
        label = next(name for number in range(1, len(self._given) + 2)
                     if (name := f"{kind}:{words}{f'-{number}' if number > 1 else ''}")
                     not in self._given)  # fmt: skip
        self._given.add(label)
        return label


def letters(text: str) -> list[str]:
    """Declare each letter that pdflatex does not know; other engines need none of it."""
    odd = sorted({letter for letter in text if ord(letter) >= KNOWN or letter in NAMED})
    declared = [
        rf"\DeclareUnicodeCharacter{{{ord(letter):04X}}}"
        rf"{{{NAMED.get(letter, f'[U+{ord(letter):04X}]')}}}"
        for letter in odd
    ]
    return [r"\ifdefined\pdfoutput", *declared, r"\fi"] if declared else []


def _lines(part: Part, figures: str, labels: _Labels) -> Iterator[str]:
    if isinstance(part, Heading):
        yield rf"\section*{{{latex(part.words)}}}"
    elif isinstance(part, Paragraph):
        yield from (broken(part.words), "")
    elif isinstance(part, Bullets):
        items = (rf"\item {{}}{broken(line)}" for line in part.lines)
        yield from (r"\begin{itemize}\raggedright", *items, r"\end{itemize}")
    elif isinstance(part, Commands):
        lines = (rf"{code(line)}\par" for line in part.lines)
        yield from (r"{\footnotesize\ttfamily\raggedright", *lines, "}")
    elif isinstance(part, Words):
        items = (rf"\item[{latex(term.word)}] {broken(term.meaning)}" for term in part.terms)
        yield from (r"\begin{description}\raggedright", *items, r"\end{description}")
    elif isinstance(part, Table):
        yield from table_lines(part, labels.of("tab", part.title))
    elif isinstance(part, Figure):
        yield from _figure(part, figures, labels.of("fig", part.title))


def table_lines(table: Table, label: str) -> Iterator[str]:
    """Return a table that goes on over pages, its remarks beneath it."""
    columns, wraps = _columns(table)
    cell = broken if wraps else latex
    headings = " & ".join(map(broken, table.headings)) + r" \\"
    yield r"{\footnotesize"
    yield rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}"
    yield rf"\caption{{{broken(table.title)}}}\label{{{label}}}\\"
    yield from (r"\toprule", headings, r"\midrule", r"\endfirsthead")
    yield from (r"\toprule", headings, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot")
    yield from (" & ".join(map(cell, row)) + r" \\" for row in table.rows)
    yield from (r"\end{longtable}", "}")
    if table.remarks:
        yield rf"\remark{{{broken(' '.join(table.remarks))}}}"


def _columns(table: Table) -> tuple[str, bool]:
    """Return how the columns are set, and whether their cells are broken into lines.

    A table that is too wide gives each column room for its longest piece, and shares what is left
    by what the cells still want.
    """
    columns = list(zip(table.headings, *table.rows, strict=True))
    least = [max(max(map(_width, _pieces(word)), default=1) for cell in column
                 for word in cell.split() or [""]) for column in columns]  # fmt: skip
    wanted = [max(low, *(min(len(cell), LONGEST) for cell in column[1:]), 0)
              for low, column in zip(least, columns, strict=True)]  # fmt: skip
    room = PAGE - GAP * len(columns)
    whole = all(len(cell) <= LONGEST for column in columns for cell in column[1:])
    if sum(wanted) <= room and whole and all(
        max(map(len, column)) == max(map(len, column[1:]), default=0) or len(column[0]) <= want
        for column, want in zip(columns, wanted, strict=True)
    ):  # fmt: skip
        return "l" * len(columns), False
    left, more = max(0, room - sum(least)), sum(wanted) - sum(least)
    widths = [low + left * (want - low) / more if more else low
              for low, want in zip(least, wanted, strict=True)]  # fmt: skip
    scale = min(1.0, room / sum(widths))
    return "".join(
        rf">{{\raggedright\arraybackslash}}p{{{scale * width / PAGE:.4f}\linewidth}}"
        for width in widths
    ), True


def _width(text: str) -> int:
    """Return how many letters of usual width a text is as wide as."""
    return len(text) + text.count("%")


def _figure(figure: Figure, folder: str, label: str) -> Iterator[str]:
    """Return a figure with its caption where it stands, for longtable and floats disturb each
    other; nothing of an animation, which paper cannot show."""
    if figure.path.suffix == ".gif":
        return
    drawn = figure.path.with_suffix(".pdf")
    path = drawn if drawn.exists() else figure.path
    yield from (r"\begin{figure}[H]", r"\centering")
    yield (r"\includegraphics[width=\linewidth,height=0.72\textheight,keepaspectratio]"
           rf"{{{folder}/{path.name}}}")  # fmt: skip
    yield rf"\caption{{{broken(f'{figure.title}. {figure.words}')}}}\label{{{label}}}"
    yield r"\end{figure}"


def broken(text: str) -> str:
    """Return a text for LaTeX, which may break long words where they have a sign, or anywhere."""
    return " ".join(r"\allowbreak{}".join(map(latex, _pieces(word))) for word in text.split(" "))


def code(line: str) -> str:
    """Return a command that is still one when it is copied; two dashes would become one."""
    words = broken(line).replace("--", "-{}-")
    return words.replace("'", r"\textquotesingle{}").replace("`", r"\textasciigrave{}")


def _pieces(word: str) -> list[str]:
    """Return what a word is broken into; numbers and short words stay whole."""
    if len(word) <= LONG_WORD or not any(letter.isalpha() for letter in word):
        return [word]
    pieces = BREAKS.split(word)
    return [piece[start : start + PIECE] for piece in pieces
            for start in range(0, len(piece), PIECE)]  # fmt: skip
