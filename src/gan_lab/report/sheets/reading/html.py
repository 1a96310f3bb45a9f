"""The paragraphs and tables of an HTML page."""

import re
from html.parser import HTMLParser

from gan_lab.report.sheets.reading.units import Rows, Text, Unit, kept, plain_text

BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre", "figcaption", "caption",
          "figure", "ul", "ol", "body", "section", "article", "blockquote", "center", "dt", "dd",
          "br", "img"}  # fmt: skip
PICTURE = re.compile(r"base64,[A-Za-z0-9+/=\s]*")  # inside of a tag
CHUNK, LONGEST_TAG = 2**16, 2**18  # letters
UNREAD = {"style", "script", "title", "template"}


def read_html(text: str) -> list[Unit]:
    """Return what a page says. Raises ValueError, in a few words, if it is none."""
    text = PICTURE.sub("", text)
    reader = _Reader()
    for start in range(0, len(text), CHUNK):
        reader.feed(text[start : start + CHUNK])
        # It would be looked through again with each piece. For the same reason `close` is not
        # called, which looks through what is left once for each sign in it.
        if len(reader.rawdata) > LONGEST_TAG:
            raise ValueError("a tag or a comment in it has no end")
    reader.end_text()
    found = kept(reader.units)
    if not found:
        raise ValueError("it is no HTML page, or an empty one")
    return found


class _Reader(HTMLParser):
    """Collects text between the tags that break it. A table inside a cell is text of that cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.units: list[Unit] = []
        self._text: list[str] = []
        self._rows: list[list[str]] = []
        self._tables = 0  # how many are open
        self._unread = 0
        self._in_cell = False

    def end_text(self) -> None:
        """Make a unit of what was read since the last."""
        self.units.append(Text(plain_text("".join(self._text))))
        self._text = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNREAD:
            self._unread += 1
        elif tag == "table":
            if not self._tables:
                self.end_text()
                self._rows = []
            self._tables += 1
        elif self._tables > 1:
            self._text.append(" ")
        elif self._tables and tag == "tr":
            self._end_cell()
            self._rows.append([])
        elif self._tables and tag in ("td", "th"):
            self._end_cell()
            self._in_cell = True
        elif tag in BLOCKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag == "table" and self._tables:
            self._tables -= 1
            if not self._tables:
                self._end_cell()
                self.units.append(Rows(tuple(map(tuple, filter(None, self._rows)))))
        elif self._tables == 1 and tag in ("td", "th", "tr"):
            self._end_cell()
        elif tag in BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._unread and (self._in_cell or not self._tables):
            self._text.append(data)

    def _break(self) -> None:
        if self._tables:
            self._text.append(" ")
        else:
            self.end_text()

    def _end_cell(self) -> None:
        if self._in_cell:
            if not self._rows:
                self._rows.append([])
            self._rows[-1].append(plain_text("".join(self._text)))
        self._text = []
        self._in_cell = False
