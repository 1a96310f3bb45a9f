"""What every document of a report says, in the order in which it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gan_lab.common.console import counted
from gan_lab.report.documents.parts import (
    Bullets,
    Commands,
    Heading,
    Paragraph,
    Part,
    Section,
    Words,
    texts_of,
)
from gan_lab.report.glossary import used
from gan_lab.report.models import Block
from gan_lab.report.page import Figure
from gan_lab.report.result import result_words
from gan_lab.report.scores import protocol_lines
from gan_lab.report.study import Study

NETWORKS = "Networks and training"
WORDS = "Words"


@dataclass(frozen=True)
class Report:
    """A study with its title, its figures in the order of the page, each run in words, what is
    missing, a line each, and what was trained."""

    study: Study
    title: str
    figures: Sequence[Figure]
    told: Sequence[str]
    missing: Sequence[str]
    blocks: Sequence[Block]

    def parts(self) -> list[Part]:
        """All of it."""
        return [*self.opening, *self.figures, *self.closing, Heading(WORDS), self.words]

    @cached_property
    def opening(self) -> list[Part]:
        """The result, what the runs share, the main tables, and what became of each run."""
        return [*self.summary, *self.results]

    @cached_property
    def results(self) -> list[Part]:
        """The tables that most look for, and what became of each run."""
        told = Section("Runs in words", [Bullets(self.told)], folded=len(self.told) > 1)
        return [*self.study.main_tables(), told]

    @cached_property
    def summary(self) -> list[Part]:
        """The result, and what the runs share."""
        words = [result_words(self.study), self.counts, self.study.constants()]
        return [Paragraph(text) for text in words if text]

    @cached_property
    def closing(self) -> list[Part]:
        """What was trained, all numbers, how they were measured, and the commands."""
        networks: list[Part] = [
            part for block in self.blocks for part in (block.drawing, *block.tables) if part
        ]
        found: list[Part] = [Section(NETWORKS, networks, folded=False)]
        found.append(Section("All numbers", self.study.all_tables()))
        if self.study.measures:
            found.append(Section("Protocols", [Bullets(protocol_lines(self.study.measures))]))
        if self.missing:
            found += [Heading("What is missing"), Bullets(self.missing)]
        commands = Commands(self.study.commands())
        return [*found, Section("Commands that make each run again", [commands])]

    @cached_property
    def words(self) -> Words:
        """The words of the glossary that the report uses."""
        return Words(used(texts_of([*self.opening, *self.figures, *self.closing])))

    @property
    def counts(self) -> str:
        """How many runs, settings and finished runs there are, in one line."""
        runs, settings = len(self.study.runs), len(self.study.look.order)
        finished = sum(data.finished for data in self.study.runs)
        return f"{counted(runs, 'run')}, {counted(settings, 'setting')}; {finished} finished."
