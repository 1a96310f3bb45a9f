"""A sheet as one HTML file with its pictures inside, in the style of a report's page."""

import re
from collections.abc import Iterator, Sequence

from gan_lab.common.text import html_text
from gan_lab.report.documents.html import table_html
from gan_lab.report.page import TEMPLATE, picture_html
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

OWN_STYLE = """
p.caption, figcaption { color: var(--ink); font-size: .9rem; max-width: none; }
p.caption { margin-top: 1.4rem; }
p.prompt { font-style: italic; }
table.slot { width: 100%; max-width: 52rem; margin: .6rem 0 1.4rem; }
table.slot td { height: 7rem; border: 1px solid var(--line); white-space: normal; }
"""


def as_html(sheet: Sheet, blocks: Sequence[Written]) -> bytes:
    """Return the document. A slot is a table of one cell, which can be typed into."""
    numbers = Numbers(sheet.words)
    body = "\n".join(part for block in blocks for part in _parts(block, numbers))
    style = re.search("<style>(.*?)</style>", TEMPLATE.read_text(encoding="utf-8"), re.DOTALL)
    assert style
    return (
        f'<!doctype html>\n<html lang="{html_text(sheet.words.language)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(sheet.title)}</title>\n<style>{style[1]}{OWN_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    ).encode()


def _parts(block: Written, numbers: Numbers) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"<h{level + 1}>{html_text(text)}</h{level + 1}>"
        case Paragraph(text):
            yield f"<p>{html_text(text)}</p>"
        case Code(lines):
            yield from (f"<pre>{html_text(line)}</pre>" for line in lines)
        case Grid():
            yield f"<p class=caption>{html_text(numbers.table(block.caption))}</p>"
            yield table_html(block.table())
            yield f"<p class=remark>{html_text(' '.join(block.remarks))}</p>"
        case Picture(path, caption, drawn):
            yield picture_html(path, caption, numbers.figure(caption), drawn)
        case Slot(label, prompt):
            yield f"<p class=prompt>{html_text(prompt)}</p>"
            yield (
                f"<table class=slot><tr><td contenteditable=true "
                f'aria-label="{html_text(label)}"></td></tr></table>'
            )
