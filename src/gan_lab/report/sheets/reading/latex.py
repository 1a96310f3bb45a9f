"""The paragraphs and tables of a sheet's LaTeX, which is read and never run."""

import re
from collections.abc import Iterator

from gan_lab.common.text import LATEX
from gan_lab.report.sheets.reading.units import Rows, Text, Unit, kept, plain_text

COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
SLOT = (r"\begin{slot}", r"\end{slot}")
TABLE = re.compile(r"\\begin\{(longtable|tabularx?)\}")
RULES = re.compile(r"\\(?:top|mid|bottom)rule|\\[hc]line(?:\{[^{}]*\})?")
TITLED = re.compile(r"\\(?:(?:sub)*section\*?|caption|remark)\{")
# Commands that leave no text, with the arguments that they have.
SILENT = re.compile(
    r"\\(?:label|includegraphics|begin|end|renewcommand|vspace)\*?"
    r"(?:\[[^\]]{0,200}\])?(?:\{[^{}]{0,300}\})*(?:\[[^\]]{0,200}\])?"
)
LETTERS = {str(written): chr(letter) for letter, written in LATEX.items()}
LETTERS |= {r"\textquotesingle{}": "'", r"\textasciigrave{}": "`"}
WRITTEN = re.compile("|".join(map(re.escape, sorted(LETTERS, key=len, reverse=True))))
ROW_END = re.compile(r"\\\\(?:\[[^\]]{0,40}\])?")
COMMAND = re.compile(r"\\(?:[a-zA-Z]+\*?(?:\{\})?\s?|[,;:! ])")
MARKS = {0xE000: None, 0xE001: None}  # around the numbers of letters that were set aside
NAMED = re.compile("\ue000(\\d+)\ue001")


def read_latex(text: str) -> list[Unit]:
    """Return what a document says. Raises ValueError, in a few words, if it is none."""
    _, begin, body = text.partition(r"\begin{document}")
    if not begin:
        raise ValueError(r"it has no \begin{document}")
    body = COMMENT.sub(r"\1", body.partition(r"\end{document}")[0])
    return kept(list(_units(_without_slots(body))))


def _without_slots(body: str) -> str:
    """Leave out what stands in slots. One without an end reaches to the end."""
    begin, end = SLOT
    parts, place = [], 0
    while (start := body.find(begin, place)) >= 0:
        parts.append(body[place:start])
        stop = body.find(end, start)
        place = stop + len(end) if stop >= 0 else len(body)
    return "\n\n".join([*parts, body[place:]])


def _units(body: str) -> Iterator[Unit]:
    place = 0
    while table := TABLE.search(body, place):
        yield from _texts(body[place : table.start()])
        end = body.find(rf"\end{{{table[1]}}}", table.end())
        inner = body[table.end() : end if end >= 0 else len(body)]
        columns = re.match(r"(?:\[\w*\])?\{", inner)
        start = _end_of_braces(inner, columns.end()) + 1 if columns else 0
        yield from _table(inner[start:])
        place = table.end() + len(inner)
    yield from _texts(body[place:])


def _table(inner: str) -> Iterator[Unit]:
    """Yield the caption of a table, if it stands inside, and its rows."""
    title = TITLED.search(inner)
    if title:
        end = _end_of_braces(inner, title.end())
        yield Text(_words(inner[title.end() : end]))
        row_end = ROW_END.search(inner, end)
        inner = inner[row_end.end() if row_end else end + 1 :]
    # In a longtable the headings come twice: for its first page, and for the others.
    first, _, others = inner.partition(r"\endfirsthead")
    for mark in (r"\endhead", r"\endfoot"):
        others = others.rpartition(mark)[2]
    inner = RULES.sub("", first + others)
    yield Rows(
        tuple(
            tuple(_words(cell) for cell in re.split(r"(?<!\\)&", row))
            for row in ROW_END.split(inner)
            if row.strip()
        )
    )


def _texts(part: str) -> Iterator[Text]:
    """Yield headings, captions and paragraphs, which empty lines divide."""
    place = 0
    for title in TITLED.finditer(part):
        if title.start() < place:
            continue
        end = _end_of_braces(part, title.end())
        yield from _paragraphs(part[place : title.start()])
        yield Text(_words(part[title.end() : end]))
        place = end + 1
    yield from _paragraphs(part[place:])


def _paragraphs(part: str) -> Iterator[Text]:
    for text in re.split(r"\n\s*\n|\\par\b", part):
        yield Text(_words(text))


def _end_of_braces(text: str, start: int) -> int:
    """Return where the brace that is open at a place is closed."""
    depth, place = 1, start
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 1
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
            if not depth:
                return place
        place += 1
    return place


def _words(text: str) -> str:
    """Return what LaTeX would print of a text."""
    found: list[str] = []

    def set_aside(match: re.Match[str]) -> str:
        found.append(LETTERS[match[0]])
        return f"\ue000{len(found) - 1}\ue001"

    text = WRITTEN.sub(set_aside, SILENT.sub(" ", text.translate(MARKS)))
    text = COMMAND.sub(" ", text.replace(r"\allowbreak{}", ""))
    text = re.sub(r"[{}~]", "", text)
    return plain_text(NAMED.sub(lambda match: found[int(match[1])], text))
