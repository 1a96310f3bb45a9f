"""Tables of a report, made once and written in every form."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gan_lab.common.console import NOTHING, duration, percent
from gan_lab.evaluation.seeds import LEVEL, SeedSummary, over_seeds
from gan_lab.report import curves
from gan_lab.report.collect import RunData
from gan_lab.report.ranking import Ranking
from gan_lab.report.scores import Measure, floor_remarks
from gan_lab.report.settings import MOST_NAMED, Settings
from gan_lab.runs.lines import ScoreLine

MOST_COLUMNS = 6  # that a page shows beside each other


@dataclass(frozen=True)
class Table:
    """A table with its title, and remarks that belong beneath it."""

    title: str
    headings: list[str]
    rows: list[list[str]]
    remarks: list[str] = field(default_factory=list)


def main_table(
    settings: Settings,
    runs: Sequence[RunData],
    measures: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
) -> Table:
    """Return a row a setting of at most six columns: what varies, its finished seeds, and the first
    of the scores over them."""
    names = setting_headings(settings)
    shown = list(measures)[: MOST_COLUMNS - len(names) - 1]
    rows = [
        [*setting_cells(settings, setting), _seeds_of(group), *_score_cells(group, shown, lines)]
        for setting, group in _groups(settings, runs)
    ]
    remarks = [*_over_seeds_remarks(settings, runs), *floor_remarks(shown)]
    headings = [*names, "seeds", *(measure.heading for measure in shown)]
    return Table("Scores of the settings", headings, rows, remarks)


def all_scores_tables(
    settings: Settings,
    runs: Sequence[RunData],
    measures: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
) -> list[Table]:
    """Return every score over the seeds: a row a score, a column a setting."""
    groups = _groups(settings, runs)
    labels = [settings.label(setting) for setting, _ in groups]
    rows = [["seeds", *(_seeds_of(group) for _, group in groups)]]
    cells = [_score_cells(group, measures, lines) for _, group in groups]
    rows += [[measure.heading, *(found[index] for found in cells)]
             for index, measure in enumerate(measures)]  # fmt: skip
    remarks = [*_over_seeds_remarks(settings, runs), *floor_remarks(measures)]
    table = Table("All scores of the settings", ["score", *labels], rows, remarks)
    return in_parts(table)


def what_varies_tables(settings: Settings) -> list[Table]:
    """Return what each setting has for everything that varies, where their labels do not say it
    all: a row a name, a column a setting."""
    order = settings.ordered()
    if len(settings.columns) <= MOST_NAMED:
        return []
    rows = [[name, *(setting[index] for setting in order)]
            for index, name in enumerate(settings.columns)]  # fmt: skip
    return in_parts(Table("What varies", ["name", *map(settings.label, order)], rows))


def in_parts(table: Table) -> list[Table]:
    """Return a table with many columns as several with at most six; each has the first column, the
    last the remarks."""
    first, *headings = table.headings
    size = MOST_COLUMNS - 1
    starts = range(0, len(headings), size)
    if len(starts) == 1:
        return [table]
    found = []
    for place, start in enumerate(starts, start=1):
        rows = [[row[0], *row[1 + start : 1 + start + size]] for row in table.rows]
        remarks = table.remarks if place == len(starts) else []
        title = f"{table.title} ({place} of {len(starts)})"
        found.append(Table(title, [first, *headings[start : start + size]], rows, remarks))
    return found


def turned(table: Table) -> Table:
    """Return a table whose rows are the columns of another; the first column has the headings."""
    first, *others = zip(table.headings, *table.rows, strict=True)
    return Table(table.title, list(first), [list(row) for row in others], table.remarks)


def setting_headings(settings: Settings) -> list[str]:
    """Return the headings of what tells settings apart: the names of what varies, or `setting`
    where more varies than fits."""
    named = settings.columns and len(settings.columns) <= MOST_NAMED
    return list(settings.columns) if named else ["setting"]


def setting_cells(settings: Settings, setting: tuple[str, ...]) -> list[str]:
    """Return a setting's cells under `setting_headings`."""
    named = setting and len(setting) <= MOST_NAMED
    return list(setting) if named else [settings.label(setting)]


def _groups(
    settings: Settings, runs: Sequence[RunData]
) -> list[tuple[tuple[str, ...], list[RunData]]]:
    return [
        (setting, [data for data in runs if settings.of_run[data.name] == setting])
        for setting in settings.ordered()
    ]


def _seeds_of(group: Sequence[RunData]) -> str:
    return f"{sum(data.finished for data in group)} of {len(group)}"


def _score_cells(
    group: Sequence[RunData],
    measures: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
) -> list[str]:
    finished = [lines[data.name] for data in group if data.finished]
    return [_over_seeds([found[m.key] for found in finished if m.key in found]) for m in measures]


def _over_seeds_remarks(settings: Settings, runs: Sequence[RunData]) -> list[str]:
    alike = ["Runs with the same settings and seed are counted as if they were independent."]
    return [
        *(alike if run_names(settings, runs) else []),
        "Over the finished seeds of a setting: mean ± half of Student's "
        f"{percent(LEVEL, 0)} interval of the mean (three seeds or more), else every value; with "
        "one seed the interval is that of the measurement alone, where there is one.",
    ]


def _over_seeds(lines: Sequence[ScoreLine]) -> str:
    lines = [line for line in lines if math.isfinite(line.value)]
    if not lines:
        return NOTHING
    if len(lines) == 1:
        return _value(lines[0])
    return spread_words(over_seeds([line.value for line in lines]))


def spread_words(found: SeedSummary) -> str:
    """Return a spread in a cell: mean ± half width, or the values."""
    if found.half_width is None:
        values = ", ".join(number(value) for value in found.values)
        return values if len(found.values) == 1 else f"{number(found.mean)} ({values})"
    return f"{number(found.mean)} ± {number(found.half_width)} (sd {number(found.sd)})"


def _value(line: ScoreLine) -> str:
    """Return a score and its interval; a dash for what is no number."""
    if not math.isfinite(line.value) or not line.interval:
        return number(line.value)
    low, high = line.interval
    return f"{number(line.value)} [{number(low)}, {number(high)}]"


def ranking_table(ranking: Ranking, settings: Settings, measure: Measure) -> Table:
    """Return settings from best to worst by one score, with what is significant."""
    rows = []
    for index, place in enumerate(ranking.places):
        beats = ", ".join(str(other + 1) for other in place.beats) or "none shown"
        seeds = str(len(place.spread.values))
        own = setting_cells(settings, place.setting)
        rows.append([str(index + 1), *own, spread_words(place.spread), seeds, beats])
    names = setting_headings(settings)
    headings = ["place", *names, measure.heading, "seeds", "significantly better than"]
    title = f"Ranking by {measure.heading}, {measure.better_words}"
    remarks, lost = list(ranking.remarks), len(settings.ordered()) - len(ranking.places)
    if lost:
        have = "setting has" if lost == 1 else "settings have"
        remarks.append(f"{lost} {have} no place: no finished run with this very score.")
    return Table(title, headings, rows, remarks)


def runs_table(
    settings: Settings,
    runs: Sequence[RunData],
    measures: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
) -> Table:
    """Return a row a run: its name, setting, seed and state, and the first two scores."""
    shown = list(measures)[: MOST_COLUMNS - 4]
    rows = [
        [
            data.name,
            settings.label(settings.of_run[data.name]),
            str(data.seed),
            data.state,
            *_run_cells(lines[data.name], shown),
        ]
        for data in ordered(runs, settings)
    ]
    headings = ["run", "setting", "seed", "state", *(measure.heading for measure in shown)]
    return Table("Runs", headings, rows, floor_remarks(shown))


def _run_cells(found: Mapping[str, ScoreLine], measures: Sequence[Measure]) -> list[str]:
    return [_value(found[one.key]) if one.key in found else NOTHING for one in measures]


def run_scores_tables(
    settings: Settings,
    runs: Sequence[RunData],
    measures: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
) -> list[Table]:
    """Return each score of each run with its interval: a row a score, a column a run."""
    rows, labels = [], run_labels(settings, runs)
    for data in ordered(runs, settings):
        rows.append([labels[data.name], data.state, *_run_cells(lines[data.name], measures)])
    headings = ["score", "state", *(measure.heading for measure in measures)]
    return in_parts(turned(Table("Scores of each run", headings, rows, floor_remarks(measures))))


def training_tables(
    settings: Settings, runs: Sequence[RunData], copies: Sequence[Sequence[str]]
) -> list[Table]:
    """Return the curves of each run in numbers, a column a run; `copies` are those of one log, by
    name."""
    labels = run_labels(settings, runs)
    names = [name for name in curves.names(runs) if name not in ("images", "seconds")]
    rows = []
    for data in ordered(runs, settings):
        found = curves.numbers(data)
        rows.append(
            [
                labels[data.name],
                f"{data.step:,}",
                f"{found['images']:,.0f}" if "images" in found else NOTHING,
                duration(found["seconds"]) if found.get("seconds", -1) >= 0 else NOTHING,
                *(number(found.get(name, math.nan)) for name in names),
                data.log or NOTHING,
            ]
        )
    remarks = [
        "Losses, outputs of D and gradient norms: means over the last tenth of the logged lines. "
        "Oscillation: standard deviation of a loss inside tenths of the training. Log: how the "
        "sha256 of the run's metrics.jsonl begins; another one, and the numbers are of other lines."
    ]
    remarks += [f"The same metrics.jsonl, one run that was copied: {', '.join(c)}." for c in copies]
    headings = ["number", "steps", "images", "training time", *names, "log"]
    return in_parts(turned(Table("Training in numbers", headings, rows, remarks)))


def unfinished_table(settings: Settings, runs: Sequence[RunData]) -> Table:
    """Return a row for each run that is not finished, with its reason."""
    labels = run_labels(settings, runs)
    rows = [
        [labels[data.name], data.name, data.state, f"{data.step:,}", data.reason or NOTHING]
        for data in ordered(runs, settings)
        if not data.finished
    ]
    remarks = ["They are in the curves, but in no mean and no ranking."] if rows else []
    headings = ["setting and seed", "run", "state", "step", "reason"]
    return Table("Runs that did not finish", headings, rows, remarks)


def run_labels(settings: Settings, runs: Sequence[RunData]) -> dict[str, str]:
    """Return what a run is called in a table, by its name: setting and seed, or its name where
    these do not tell it apart."""
    told = run_names(settings, runs)
    if told:
        return {name: name for name in told}
    words = {data.name: [settings.label(settings.of_run[data.name])] if settings.columns else []
             for data in runs}  # fmt: skip
    return {data.name: ", ".join([*words[data.name], f"seed {data.seed}"]) for data in runs}


def run_names(settings: Settings, runs: Sequence[RunData]) -> list[str]:
    """Return the names of runs that setting and seed do not tell apart: all, or none."""
    told = {(settings.of_run[data.name], data.seed) for data in runs}
    return [data.name for data in runs] if len(told) < len(runs) else []


def ordered(runs: Sequence[RunData], settings: Settings) -> list[RunData]:
    """Return runs in the order of settings, then seeds."""
    places = {setting: place for place, setting in enumerate(settings.ordered())}
    return sorted(runs, key=lambda data: (places[settings.of_run[data.name]], data.seed, data.name))


def number(value: float | None) -> str:
    """Return a number as tables show it: four digits."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"
