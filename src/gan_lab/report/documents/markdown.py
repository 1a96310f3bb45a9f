"""A document in Markdown: results.md."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from gan_lab.common.text import markdown, markdown_block, markdown_code
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


def as_markdown(title: str, parts: Sequence[Part]) -> str:
    """Return a document as Markdown; figures are named as they lie in figures/ beside it."""
    lines = [line for part in unfolded(parts) for line in _lines(part)]
    return "\n".join([f"# {markdown(title)}", "", *lines])


def _lines(part: Part) -> Iterator[str]:
    if isinstance(part, Heading):
        yield from (f"## {markdown(part.words)}", "")
    elif isinstance(part, Paragraph):
        yield from (_sentences(part.words), "")
    elif isinstance(part, Bullets):
        yield from (*(f"- {_sentences(line)}" for line in part.lines), "")
    elif isinstance(part, Commands):
        yield from (*markdown_block(list(part.lines)), "")
    elif isinstance(part, Words):
        yield from (f"- **{markdown(term.word)}**: {markdown(term.meaning)}" for term in part.terms)
        yield ""
    elif isinstance(part, Table):
        yield from _table(part)
    elif isinstance(part, Figure):
        words, place = markdown(part.words), quote(f"figures/{part.path.name}")
        yield from (f"## {markdown(part.title)}", "", f"![{words}]({place})", "", words, "")


def _sentences(text: str) -> str:
    """Return a text in Markdown, in which what stands between backticks is code."""
    return "".join(
        markdown_code(piece) if is_code else markdown(piece) for piece, is_code in spans(text)
    )


def _table(table: Table) -> Iterator[str]:
    cells = [[markdown(cell) for cell in row] for row in (table.headings, *table.rows)]
    rows = [cells[0], ["---"] * len(table.headings), *cells[1:]]
    yield from (f"## {markdown(table.title)}", "")
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield from ("", *map(_sentences, table.remarks), "")
