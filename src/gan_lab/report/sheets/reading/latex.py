"""The paragraphs and tables of a sheet's LaTeX, which is read and never run."""

import re
from collections.abc import Iterator

from gan_lab.common.text import LATEX
from gan_lab.report.sheets.reading.units import Rows, Text, Unit, kept, plain_text

COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
SLOT = re.compile(r"\\begin\{slot\}.*?\\end\{slot\}", re.DOTALL)
TABLE = re.compile(r"\\begin\{tabular[x*]?\}(?:\[\w*\])?\{[^{}]*\}(.*?)\\end\{tabular[x*]?\}", re.DOTALL)
RULES = re.compile(r"\\(?:top|mid|bottom)rule|\\[hc]line(?:\{[^{}]*\})?")
TITLED = re.compile(r"\\(?:(?:sub)*section\*?|caption)\{")
# Commands that leave no text, with the arguments that they have.
SILENT = re.compile(
    r"\\(?:label|includegraphics|begin|end|resizebox|renewcommand|vspace)\*?"
    r"(?:\[[^\]]*\])?(?:\{[^{}]*\})*(?:\[[^\]]*\])?"
)
LETTERS = {written: letter for letter, written in (
    (chr(code), str(text)) for code, text in LATEX.items())}  # fmt: skip
WRITTEN = re.compile("|".join(map(re.escape, sorted(LETTERS, key=len, reverse=True))))
ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?")
COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\{\})?\s?")
MARKS = {0xE000: None, 0xE001: None}  # around the numbers of letters that were set aside
NAMED = re.compile(r"\ue000(\d+)\ue001")


def read_latex(text: str) -> list[Unit]:
    """Return what a document says. Raises ValueError, in a few words, if it is none."""
    _, begin, body = text.partition(r"\begin{document}")
    if not begin:
        raise ValueError(r"it has no \begin{document}")
    body = COMMENT.sub(r"\1", body.partition(r"\end{document}")[0])
    return kept(list(_units(SLOT.sub("\n\n", body))))


def _units(body: str) -> Iterator[Unit]:
    place = 0
    for table in TABLE.finditer(body):
        yield from _texts(body[place : table.start()])
        rows = [
            tuple(_words(cell) for cell in re.split(r"(?<!\\)&", row))
            for row in ROW_END.split(RULES.sub("", table[1]))
            if row.strip()
        ]
        yield Rows(tuple(rows))
        place = table.end()
    yield from _texts(body[place:])


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
    text = SILENT.sub(" ", text.translate(MARKS))
    found: list[str] = []

    def kept_apart(match: re.Match[str]) -> str:
        found.append(LETTERS[match[0]])
        return f"\ue000{len(found) - 1}\ue001"

    text = WRITTEN.sub(kept_apart, text)
    text = COMMAND.sub(" ", text.replace(r"\allowbreak{}", ""))
    text = re.sub(r"(?<!\\)[{}~]", "", text)
    return plain_text(NAMED.sub(lambda match: found[int(match[1])], text))
