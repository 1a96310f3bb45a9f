"""The parts of a document in HTML."""

from collections.abc import Iterator, Sequence

from gan_lab.common.text import html_heading, html_text
from gan_lab.report.documents.parts import (
    Bullets,
    Commands,
    Folded,
    Heading,
    Paragraph,
    Part,
)
from gan_lab.report.page import Figure, figure_html
from gan_lab.report.tables import Table

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
        return f"<p>{html_text(part.words)}</p>"
    if isinstance(part, Bullets):
        return "<ul>" + "".join(f"<li>{html_text(line)}</li>" for line in part.lines) + "</ul>"
    if isinstance(part, Commands):
        return "".join(f"<pre>{html_text(line)}</pre>" for line in part.lines)
    if isinstance(part, Folded):
        inner = as_html(part.parts, level + 1)
        return f"{html_heading(part.words, level)}<details><summary>Show</summary>{inner}</details>"
    assert isinstance(part, Table)
    return _table(part, level)


def _table(table: Table, level: int) -> str:
    head = "".join(f"<th>{html_text(heading)}</th>" for heading in table.headings)
    rows = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in table.rows)
    remarks = "".join(f"<p class=remark>{html_text(remark)}</p>" for remark in table.remarks)
    return (
        f"{html_heading(table.title, level)}<div class=wide tabindex=0 role=region "
        f'aria-label="{html_text(table.title)}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{remarks}"
    )


def _cell(cell: str) -> str:
    long = " class=long" if len(cell) > LONG_CELL else ""
    return f"<td{long}>{html_text(cell)}</td>"
