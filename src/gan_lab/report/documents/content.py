"""What every document of a report says, whatever its form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gan_lab.common.console import counted
from gan_lab.report.models import Block
from gan_lab.report.page import Figure
from gan_lab.report.scores import protocol_lines
from gan_lab.report.study import Study
from gan_lab.report.tables import Table


@dataclass(frozen=True)
class Report:
    """A study with its title, its figures in the order of the page, what is missing, a line each,
    and what was trained."""

    study: Study
    title: str
    figures: Sequence[Figure]
    missing: Sequence[str]
    blocks: Sequence[Block]

    @property
    def counts(self) -> str:
        """How many runs, settings and finished runs there are, in one line."""
        runs, settings = len(self.study.runs), len(self.study.look.order)
        finished = sum(data.finished for data in self.study.runs)
        return f"{counted(runs, 'run')}, {counted(settings, 'setting')}; {finished} finished."

    @property
    def lists(self) -> dict[str, Sequence[str]]:
        """Lists of lines that are not empty, by their headings."""
        found = {
            "Protocols": protocol_lines(self.study.measures) if self.study.measures else [],
            "What is missing": self.missing,
        }
        return {heading: lines for heading, lines in found.items() if lines}

    def tables(self) -> Iterator[Table]:
        """Yield the tables of results, then those of what was trained."""
        yield from self.study.tables()
        for block in self.blocks:
            yield from block.tables
