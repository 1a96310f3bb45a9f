"""The paragraphs and tables of a Word document, as Word and LibreOffice save them.

The XML is read here and not by python-docx, which leaves out what was typed while changes were
tracked, and opens parts of any size.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from gan_lab.report.sheets.reading.units import Rows, Text, Unit, kept, plain_text

MAIN = "word/document.xml"
MOST_BYTES = 2**26  # of the XML, which a small archive may blow up to
MOST_PARTS = 10_000
DEEPEST = 200  # elements inside each other
# What is no text: removed or moved away while changes were tracked, and doubles of drawings.
PASSED_OVER = {"del", "moveFrom", "Fallback", "drawing", "pict", "object", "instrText"}
SPACES = {"tab", "br", "cr", "ptab"}


def read_word(content: bytes) -> list[Unit]:
    """Return what a document says. Raises ValueError, in a few words, if it is none."""
    root = _parsed(_main_part(content))
    body = next((child for child in root if _name(child) == "body"), None)
    if body is None:
        raise ValueError("it has no text")
    return kept(list(_units(body)))


def _main_part(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if len(parts.infolist()) > MOST_PARTS:
                raise ValueError(f"it has more than {MOST_PARTS:,} parts")
            with parts.open(MAIN) as part:
                text = part.read(MOST_BYTES + 1)
    except KeyError:
        raise ValueError("it is no Word document") from None
    except ValueError:
        raise
    except Exception:  # zipfile has errors of many kinds for what is damaged
        raise ValueError("it is damaged, or no Word document") from None
    if len(text) > MOST_BYTES:
        raise ValueError(f"its text unpacks to more than {MOST_BYTES:,} bytes")
    # In another encoding than UTF-8, which all programs write, these words would have other bytes.
    if b"\0" in text or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ValueError("its text defines entities, or is no UTF-8")
    return text


def _parsed(text: bytes) -> ElementTree.Element:
    depth = 0
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    root: ElementTree.Element | None = None
    try:
        for start in range(0, len(text), 2**16):
            parser.feed(text[start : start + 2**16])
            for event, element in parser.read_events():
                root = element if root is None else root
                depth += 1 if event == "start" else -1
                if depth > DEEPEST:
                    raise ValueError("its text is nested too deep")
        parser.close()
    except ElementTree.ParseError:
        raise ValueError("its text is damaged") from None
    if root is None:
        raise ValueError("it has no text")
    return root


def _name(element: ElementTree.Element) -> str:
    """Return the name of an element: strict documents have namespaces of their own."""
    return element.tag.rpartition("}")[2]


def _units(parent: ElementTree.Element) -> Iterator[Unit]:
    for child in parent:
        name = _name(child)
        if name == "p":
            yield Text(plain_text(_text(child)))
        elif name == "tbl":
            rows = [
                tuple(_cell(cell) for cell in _inside(row, "tc")) for row in _inside(child, "tr")
            ]
            yield Rows(tuple(rows))
        elif name not in PASSED_OVER:
            yield from _units(child)  # content controls, and what was added or moved to here


def _inside(parent: ElementTree.Element, wanted: str) -> Iterator[ElementTree.Element]:
    """Yield the rows of a table or the cells of a row, none of a table inside them."""
    for child in parent:
        if _name(child) == wanted:
            yield child
        elif _name(child) not in (*PASSED_OVER, "tbl", "tr", "tc"):
            yield from _inside(child, wanted)


def _cell(cell: ElementTree.Element) -> str:
    return plain_text(" ".join(_text(child) for child in cell))


def _text(element: ElementTree.Element) -> str:
    name = _name(element)
    if name in PASSED_OVER:
        return ""
    if name == "t":
        return element.text or ""
    if name == "noBreakHyphen":
        return "-"
    if name in SPACES:
        return " "
    return "".join(map(_text, element))
