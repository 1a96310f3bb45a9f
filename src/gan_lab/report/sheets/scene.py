"""What the answer to a question is made from: its sheet, its evidence, words of captions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gan_lab.common.errors import UsageError, unknown
from gan_lab.config import leaves
from gan_lab.config.own.yaml_files import shown
from gan_lab.report.collect import RunData
from gan_lab.report.scores import Measure
from gan_lab.report.sheets.blocks import Cell, Grid
from gan_lab.report.sheets.evidence import Evidence
from gan_lab.report.sheets.sheet import Columns, Sheet, Titles
from gan_lab.report.study import Study

MOST_NAMED = 4  # settings that a caption names
NAMED = re.compile(r"\{([\w.]*)\}")


@dataclass(frozen=True)
class Scene:
    """A question that some runs answer. `number` is its place in the sheet."""

    sheet: Sheet
    evidence: Evidence
    study: Study
    number: int

    @property
    def runs(self) -> list[RunData]:
        """The runs in the order of their settings and seeds."""
        return self.study.look.runs

    @property
    def columns(self) -> Columns:
        return self.sheet.words.columns

    @property
    def titles(self) -> Titles:
        return self.sheet.words.titles

    @cached_property
    def measures(self) -> list[Measure]:
        """The scores that the question asks for, of averaged generators where there are any."""
        names = self.evidence.question.scores or self.study.chosen_by.values()
        found = self.study.averaged()
        return [measure for name in dict.fromkeys(names) for measure in found
                if measure.score == name]  # fmt: skip

    def groups(self) -> list[list[RunData]]:
        """The runs of each setting, in the order of settings."""
        return self.study.look.groups()

    def setting_cells(self, data: RunData) -> list[Cell]:
        """What varies between settings, as the run has it."""
        return [Cell(text, data.run.config_path)
                for text in self.study.settings.of_run[data.name]]  # fmt: skip

    def caption(self, title: str, *groups: Sequence[RunData]) -> str:
        """Return what a figure or a table shows and, in the form of the sheet, of which runs.

        Each group has runs of one setting. Many are named in the table of runs alone.
        """
        words = "; ".join(map(self._group_words, groups)) if len(groups) <= MOST_NAMED else ""
        return " ".join(part for part in (title, words and f"{words}.") if part)

    def _group_words(self, group: Sequence[RunData]) -> str:
        """Return runs in the form of the sheet. Raises UsageError for a wrong form."""
        values = caption_values(group[0]) | {"seed": ", ".join(str(data.seed) for data in group)}
        return filled(self.sheet.caption, values, f"{shown(self.sheet.file)}: caption")

    def file_name(self, name: str) -> str:
        """Return the name of a figure of this question."""
        return f"question_{self.number}_{name}"

    def grid(
        self,
        title: str,
        headings: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        remarks: Sequence[str] = (),
    ) -> Grid:
        """Return a table that ends with the files which its numbers are from."""
        files = dict.fromkeys(cell.source.name for row in rows for cell in row)
        source = filled(self.sheet.words.source, {"files": ", ".join(sorted(files))}, "source")
        return Grid(title, headings, rows, self.sheet.file, [*remarks, source])


def caption_values(data: RunData) -> dict[str, str]:
    """Return what captions may name: the settings of a run, its steps and its seed."""
    config = data.config
    values = leaves.choices(config) | leaves.general_knobs(config) | leaves.knobs(config)
    steps = dict.fromkeys(("steps", "num_train_steps"), f"{data.step:,}")
    return {key: _said(value) for key, value in values.items()} | steps


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


def filled(text: str, values: Mapping[str, str], place: str) -> str:
    """Return a text with what stands for `{name}` in it. Raises UsageError for another name."""
    for name in NAMED.findall(text):
        if name not in values:
            raise UsageError(f"{place}: {unknown('name', name, sorted(values))}")
    return NAMED.sub(lambda found: values[found[1]], text)
