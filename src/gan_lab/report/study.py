"""What the parts of a report are made from: runs, their settings and their scores."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property

from gan_lab.common.console import counted
from gan_lab.common.errors import UsageError
from gan_lab.config.run_config import RunConfig
from gan_lab.evaluation.scores import score_of
from gan_lab.report import tables
from gan_lab.report.collect import Collection, RunData
from gan_lab.report.commands import command_of
from gan_lab.report.figures.look import Look
from gan_lab.report.health import health_table
from gan_lab.report.ranking import Ranking, rank
from gan_lab.report.scores import Measure, final_lines, measures, ranked_by
from gan_lab.report.settings import Settings, compare
from gan_lab.runs.lines import ScoreLine

MOST_NAMED = 4  # runs that a line names


class Study:
    """Runs with what follows from comparing them."""

    def __init__(self, collection: Collection):
        self.collection, self.runs = collection, collection.runs
        self.settings: Settings = compare(self.runs)
        self.lines: dict[str, dict[str, ScoreLine]] = {d.name: final_lines(d) for d in self.runs}
        together = [line for found in self.lines.values() for line in found.values()]
        self.chosen_by = {d.name: d.config.dataset.selection for d in self.runs}
        # The selection scores, then what was found worth looking at in training.
        looked_at = [
            value
            for data in self.runs
            for name in data.config.dataset.scores_during_training
            for value in _values(data.config, name)
        ]
        self.preferred = list(dict.fromkeys([*self.chosen_by.values(), *looked_at]))
        self.measures = measures(together, self.preferred)
        finished = {d.name: self.lines[d.name] for d in self.runs if d.finished}
        self.first: Measure | None = ranked_by(self.measures, finished, self.chosen_by)
        self.ranking: Ranking | None = None
        if self.first and self.first.better:
            self.ranking = rank(self.values(self.first), self.first.better)
        order = self.settings.ordered()
        self.look = Look(tables.ordered(self.runs, self.settings), self.settings, order)

    def values(self, measure: Measure) -> dict[tuple[str, ...], list[float]]:
        """The finished seeds' values of a measure, by setting; what is no number is left out."""
        found: dict[tuple[str, ...], list[float]] = {}
        for data in self.runs:
            line = self.lines[data.name].get(measure.key)
            if data.finished and line and math.isfinite(line.value):
                found.setdefault(self.settings.of_run[data.name], []).append(line.value)
        return found

    def averaged(self) -> list[Measure]:
        """The measures of averaged generators, or all where there are none."""
        found = [measure for measure in self.measures if measure.line.weights != "raw"]
        return found or self.measures

    def best_run(self, suits: Callable[[RunData], bool] = lambda data: True) -> RunData | None:
        """The run that is shown where one is: the first of `best_runs` that suits."""
        return next((data for data in self.best_runs() if suits(data)), None)

    def best_runs(self) -> list[RunData]:
        """The runs with weights from the best to the worst by the ranking's score, those without
        one last; in their own order where there is no ranking. Their networks are none of one's
        own."""
        able = [data for data in self.runs if data.draws and data.run.checkpoint_steps()]
        if not self.first or not self.ranking:
            return able
        sign = 1 if self.first.better == "lower" else -1
        scores = {
            data.name: sign * self.lines[data.name][self.first.key].value
            for data in able
            if data.finished and self.first.key in self.lines[data.name]
        }
        # One without a score, or with one that is no number, comes last.
        return sorted(able, key=lambda data: _or_last(scores.get(data.name)))

    def main_tables(self) -> list[tables.Table]:
        """What most readers look for: the scores of settings, their ranking, each run, and what
        failed."""
        settings, runs, found = self.settings, self.runs, []
        if self.measures:
            found.append(tables.main_table(settings, runs, self.averaged(), self.lines))
        several = len(self.look.order) > 1
        if several and self.ranking and self.first and self.ranking.places:
            found.append(tables.ranking_table(self.ranking, settings, self.first))
        if len(runs) > 1:
            found.append(tables.runs_table(settings, runs, self.averaged(), self.lines))
        found.append(tables.unfinished_table(settings, runs))
        return [table for table in found if table.rows]

    def all_tables(self) -> list[tables.Table]:
        """Every number there is, of settings and of runs."""
        settings, runs = self.settings, self.runs
        found = tables.what_varies_tables(settings)
        if self.measures:
            found += tables.all_scores_tables(settings, runs, self.averaged(), self.lines)
            found += tables.run_scores_tables(settings, runs, self.measures, self.lines)
        found.append(health_table(settings, runs))
        found += tables.training_tables(settings, runs, self.collection.copies())
        return [table for table in found if table.rows]

    def constants(self) -> str:
        """What all runs share, and what figures leave unsaid of a setting, in one line."""
        parts = {
            "All runs": self.settings.constants,
            "Figures name what departs from the baseline": self.settings.usual,
        }
        return " ".join(
            f"{words}: {', '.join(f'{name} = {value}' for name, value in pairs.items())}."
            for words, pairs in parts.items()
            if pairs
        )

    @cached_property
    def command_of(self) -> dict[str, str | None]:
        """The command that makes each run again, None where none is found, by the run's name."""
        return {data.name: command_of(data) for data in self.look.runs}

    def commands(self) -> list[str]:
        """The command that makes each run again, or a line that says that none is found."""
        return [
            command or f"# {name}: no command found that makes it; config.yaml has its settings"
            for name, command in self.command_of.items()
        ]

    def missing(self) -> list[str]:
        """What is not there or damaged, a line each."""
        without: dict[str, list[str]] = {}
        for data in self.runs:
            if data.missing:
                without.setdefault(", ".join(data.missing), []).append(data.name)
        lines = [
            f"{names[0]} has no {files}"
            if len(names) == 1
            else f"{len(names)} runs have no {files}: {_listed(names)}"
            for files, names in without.items()
        ]
        own = [data.name for data in self.runs if not data.draws]
        if own:
            lines.append(
                f"No interpolations of {counted(len(own), 'run')} with code of one's own, which a "
                f"report does not run: `gan-lab interpolate RUN --trust` draws them ({own[0]}"
                f"{', ...' if len(own) > 1 else ''})"
            )
        return [*self.collection.damage(), *lines]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"


def _values(config: RunConfig, score: str) -> list[str]:
    """Return the names of the values of a run's score; none of one that nobody knows."""
    try:
        return list(score_of(config, score).values())
    except UsageError:
        return []


def _or_last(value: float | None) -> float:
    return math.inf if value is None or not math.isfinite(value) else value
