"""A report in Markdown: results.md."""

from collections.abc import Iterator
from urllib.parse import quote

from gan_lab.common.text import markdown, markdown_block
from gan_lab.report.documents.content import Report
from gan_lab.report.models import HEADING
from gan_lab.report.page import Figure
from gan_lab.report.tables import as_markdown


def as_text(report: Report) -> str:
    """Return a report as Markdown; figures are named as they lie in figures/ beside it."""
    study = report.study
    parts = [f"# {markdown(report.title)}", "", markdown(study.constants()), ""]
    parts += map(as_markdown, study.tables())
    parts += [f"## {HEADING}", ""]
    for block in report.blocks:
        if block.drawing:
            parts += _figure(block.drawing)
        parts += map(as_markdown, block.tables)
    for heading, lines in report.lists.items():
        parts += [f"## {heading}", "", *(f"- {markdown(line)}" for line in lines), ""]
    parts += ["## Commands", "", *markdown_block(study.commands()), ""]
    for figure in report.figures:
        parts += _figure(figure)
    return "\n".join(parts)


def _figure(figure: Figure) -> Iterator[str]:
    words, place = markdown(figure.words), quote(f"figures/{figure.path.name}")
    yield from (f"## {markdown(figure.title)}", "", f"![{words}]({place})", "", words, "")
