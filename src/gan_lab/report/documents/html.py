"""The parts of a document in HTML."""

import re
from collections.abc import Iterator, Sequence

from gan_lab.common.text import html_heading, html_text
from gan_lab.report.documents.parts import (
    Bullets,
    Commands,
    Heading,
    Paragraph,
    Part,
    Section,
    Words,
    spans,
)
from gan_lab.report.glossary import Term
from gan_lab.report.page import Figure, figure_html
from gan_lab.report.tables import Table

TAG = re.compile(r"(<[^>]*>)")
TAG_NAME = re.compile(r"<(\w+)")
UNLINKED = ("h1", "h2", "h3", "a", "pre", "code", "script", "summary", "dl", "button",
            "label", "nav")  # fmt: skip
LONG_CELL = 60  # letters: a reason that is longer is broken into lines


def as_html(parts: Sequence[Part], level: int = 2) -> str:
    """Return parts in HTML, with headings of a level; figures in a row that have one title share
    one heading."""
    return "\n".join(_pieces(parts, level))


def _pieces(parts: Sequence[Part], level: int) -> Iterator[str]:
    title = None
    for part in parts:
        if isinstance(part, Figure):
            if part.title != title:
                yield html_heading(part.title, level)
            title = part.title
            yield figure_html(part)
        else:
            title = None
            yield _html(part, level)


def _html(part: Part, level: int) -> str:
    if isinstance(part, Heading):
        return html_heading(part.words, level)
    if isinstance(part, Paragraph):
        return f"<p>{_sentences(part.words)}</p>"
    if isinstance(part, Bullets):
        return "<ul>" + "".join(f"<li>{_sentences(line)}</li>" for line in part.lines) + "</ul>"
    if isinstance(part, Commands):
        return "".join(f"<pre>{html_text(line)}</pre>" for line in part.lines)
    if isinstance(part, Section):
        inner = as_html(part.parts, level + 1)
        if not part.folded:
            return html_heading(part.words, level) + inner
        return f"{html_heading(part.words, level)}<details><summary>Show</summary>{inner}</details>"
    if isinstance(part, Words):
        return "<dl>" + "".join(map(_term, part.terms)) + "</dl>"
    assert isinstance(part, Table)
    return _table(part, level)


def _sentences(text: str) -> str:
    """Return a text in HTML, in which what stands between backticks is code."""
    return "".join(
        f"<code>{html_text(piece)}</code>" if is_code else html_text(piece)
        for piece, is_code in spans(text)
    )


def _term(term: Term) -> str:
    words, meaning = html_text(term.word), html_text(term.meaning)
    return f'<dt id="{term.place}">{words}</dt><dd>{meaning}</dd>'


def linked(parts: Sequence[str], terms: Sequence[Term]) -> list[str]:
    """Link the first use of each term in the parts of a page to what it means; not in headings,
    code, other links and what explains the terms."""
    left = list(terms)
    return ["".join(_linked(part, left)) for part in parts]


def _linked(part: str, left: list[Term]) -> Iterator[str]:
    """Yield the tags and texts of a part; a term that is linked leaves the list."""
    closing = ""  # of what holds no links
    for piece in TAG.split(part):
        if closing:
            closing = "" if piece == closing else closing
        elif piece.startswith("<"):
            name = TAG_NAME.match(piece)
            closing = f"</{name[1]}>" if name and name[1] in UNLINKED else ""
        else:
            yield from _with_links(piece, left)
            continue
        yield piece


def _with_links(text: str, left: list[Term]) -> Iterator[str]:
    """Yield the pieces of a text in which the first use of each term is a link."""
    found = [(match.start(), index, match) for index, term in enumerate(left)
             if (match := re.search(term.pattern, text))]  # fmt: skip
    if not found:
        yield text
        return
    _, index, match = min(found, key=lambda one: one[:2])
    term = left.pop(index)
    yield text[: match.start()]
    yield f'<a class=term href="#{term.place}">{match[0]}</a>'
    yield from _with_links(text[match.end() :], left)


def _table(table: Table, level: int) -> str:
    remarks = "".join(f"<p class=remark>{_sentences(remark)}</p>" for remark in table.remarks)
    return f"{html_heading(table.title, level)}{table_html(table)}{remarks}"


def table_html(table: Table) -> str:
    """Return a table without its heading and remarks, in a box of its own that scrolls."""
    head = "".join(f"<th scope=col>{html_text(heading)}</th>" for heading in table.headings)
    rows = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in table.rows)
    name = f'aria-label="{html_text(table.title)}"'
    return (
        f"<div class=wide tabindex=0 role=region {name}><table {name}>"
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>"
    )


def _cell(cell: str) -> str:
    long = " class=long" if len(cell) > LONG_CELL else ""
    return f"<td{long}>{html_text(cell)}</td>"
