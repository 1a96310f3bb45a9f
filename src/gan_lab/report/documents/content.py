"""What every document of a report says, in the order in which it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from gan_lab.common.console import counted
from gan_lab.report.documents.parts import Bullets, Commands, Folded, Heading, Paragraph, Part
from gan_lab.report.models import Block
from gan_lab.report.page import Figure
from gan_lab.report.result import result_words
from gan_lab.report.scores import protocol_lines
from gan_lab.report.study import Study

NETWORKS = "Networks and training"


@dataclass(frozen=True)
class Report:
    """A study with its title, its figures in the order of the page, what is missing, a line each,
    and what was trained."""

    study: Study
    title: str
    figures: Sequence[Figure]
    missing: Sequence[str]
    blocks: Sequence[Block]

    def parts(self) -> list[Part]:
        """All of it."""
        return [*self.opening(), *self.figures, *self.closing()]

    def opening(self) -> list[Part]:
        """The result, what the runs share, and the tables that most look for."""
        words = [result_words(self.study), self.counts, self.study.constants()]
        return [*(Paragraph(text) for text in words if text), *self.study.main_tables()]

    def closing(self) -> list[Part]:
        """What was trained, all numbers, how they were measured, and the commands."""
        networks: list[Part] = [
            part for block in self.blocks for part in (block.drawing, *block.tables) if part
        ]
        found: list[Part] = [Heading(NETWORKS), *networks]
        found.append(Folded("All numbers", self.study.all_tables()))
        if self.study.measures:
            found.append(Folded("Protocols", [Bullets(protocol_lines(self.study.measures))]))
        if self.missing:
            found += [Heading("What is missing"), Bullets(self.missing)]
        commands = Commands(self.study.commands())
        return [*found, Folded("Commands that make each run again", [commands])]

    @property
    def counts(self) -> str:
        """How many runs, settings and finished runs there are, in one line."""
        runs, settings = len(self.study.runs), len(self.study.look.order)
        finished = sum(data.finished for data in self.study.runs)
        return f"{counted(runs, 'run')}, {counted(settings, 'setting')}; {finished} finished."
