"""Numbers of tables and figures, in the order of the document."""

from itertools import count

from gan_lab.report.sheets.sheet import Words


class Numbers:
    """Counts the tables and the figures of one document."""

    def __init__(self, words: Words):
        self._words = words
        self._tables, self._figures = count(1), count(1)

    def table(self, caption: str) -> str:
        """Return the caption of the next table, with its number."""
        return f"{self._words.table} {next(self._tables)}: {caption}"

    def figure(self, caption: str) -> str:
        """Return the caption of the next figure, with its number."""
        return f"{self._words.figure} {next(self._figures)}: {caption}"
