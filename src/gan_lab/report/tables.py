"""Tables of a report, made once and written as Markdown, LaTeX and HTML."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gan_lab.common.console import NOTHING, duration, percent
from gan_lab.common.text import html_heading, html_text, latex, markdown
from gan_lab.evaluation.seeds import LEVEL, SeedSummary, over_seeds
from gan_lab.report import curves
from gan_lab.report.collect import RunData
from gan_lab.report.ranking import Ranking
from gan_lab.report.scores import Measure, floor_remarks
from gan_lab.report.settings import Settings
from gan_lab.runs.lines import ScoreLine

RUN_HEADING = ["run"]  # of a column that is there only if settings and seeds are not enough
LONG_CELL = 60  # letters: a reason that is longer is broken into lines


@dataclass(frozen=True)
class Table:
    """A table with its title, and remarks that belong beneath it."""

    title: str
    headings: list[str]
    rows: list[list[str]]
    remarks: list[str] = field(default_factory=list)


def settings_table(
    settings: Settings,
    runs: Sequence[RunData],
    measures: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
) -> Table:
    """Return a row a setting: its finished seeds, and each score over them."""
    rows = []
    for setting in settings.ordered():
        group = [data for data in runs if settings.of_run[data.name] == setting]
        finished = [data for data in group if data.finished]
        cells = [
            _over_seeds([lines[data.name][m.key] for data in finished if m.key in lines[data.name]])
            for m in measures
        ]
        rows.append([*setting, f"{len(finished)} of {len(group)}", *cells])
    alike = ["Runs with the same settings and seed are counted as if they were independent."]
    remarks = [
        *(alike if run_names(settings, runs) else []),
        "Over the finished seeds of a setting: mean ± half of Student's "
        f"{percent(LEVEL, 0)} interval of the mean (three seeds or more), else every value; with "
        "one seed the interval is that of the measurement alone, where there is one.",
    ]
    remarks += floor_remarks(measures)
    headings = [*settings.columns, "seeds", *(measure.heading for measure in measures)]
    return Table("Scores of the settings", headings, rows, remarks)


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
        rows.append([str(index + 1), *place.setting, spread_words(place.spread), seeds, beats])
    headings = ["place", *settings.columns, measure.heading, "seeds", "significantly better than"]
    title = f"Ranking by {measure.heading}, {measure.better_words}"
    remarks, lost = list(ranking.remarks), len(settings.ordered()) - len(ranking.places)
    if lost:
        have = "setting has" if lost == 1 else "settings have"
        remarks.append(f"{lost} {have} no place: no finished run with this very score.")
    return Table(title, headings, rows, remarks)


def scores_table(
    settings: Settings,
    runs: Sequence[RunData],
    measures: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
) -> Table:
    """Return a row a run, with each score and its interval."""
    rows, names = [], run_names(settings, runs)
    for data in ordered(runs, settings):
        found = lines[data.name]
        cells = [
            _value(found[measure.key]) if measure.key in found else NOTHING for measure in measures
        ]
        own = settings.of_run[data.name]
        rows.append([*names.get(data.name, []), *own, str(data.seed), data.state, *cells])
    run = RUN_HEADING if names else []
    headings = [
        *run,
        *settings.columns,
        "seed",
        "state",
        *(measure.heading for measure in measures),
    ]
    return Table("Scores of each run", headings, rows, floor_remarks(measures))


def training_table(
    settings: Settings, runs: Sequence[RunData], copies: Sequence[Sequence[str]]
) -> Table:
    """Return a row a run with its curves in numbers; `copies` are those of one log, by name."""
    telling = run_names(settings, runs)
    names = [name for name in curves.names(runs) if name not in ("images", "seconds")]
    rows = []
    for data in ordered(runs, settings):
        found = curves.numbers(data)
        rows.append(
            [
                *telling.get(data.name, []),
                *settings.of_run[data.name],
                str(data.seed),
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
    run = RUN_HEADING if telling else []
    headings = [*run, *settings.columns, "seed", "steps", "images", "training time", *names, "log"]
    return Table("Training in numbers", headings, rows, remarks)


def unfinished_table(settings: Settings, runs: Sequence[RunData]) -> Table:
    """Return a row for each run that is not finished, with its reason."""
    rows = [
        [
            data.name,
            *settings.of_run[data.name],
            data.state,
            f"{data.step:,}",
            data.reason or NOTHING,
        ]
        for data in ordered(runs, settings)
        if not data.finished
    ]
    headings = ["run", *settings.columns, "state", "step", "reason"]
    remarks = ["They are in the curves, but in no mean and no ranking."] if rows else []
    return Table("Runs that did not finish", headings, rows, remarks)


def run_names(settings: Settings, runs: Sequence[RunData]) -> dict[str, list[str]]:
    """Return the cell that tells a run apart, by its name; none if setting and seed do."""
    told = {(settings.of_run[data.name], data.seed) for data in runs}
    return {data.name: [data.name] for data in runs} if len(told) < len(runs) else {}


def ordered(runs: Sequence[RunData], settings: Settings) -> list[RunData]:
    """Return runs in the order of settings, then seeds."""
    places = {setting: place for place, setting in enumerate(settings.ordered())}
    return sorted(runs, key=lambda data: (places[settings.of_run[data.name]], data.seed, data.name))


def number(value: float | None) -> str:
    """Return a number as tables show it: four digits."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"


def as_markdown(table: Table) -> str:
    """Return a table in Markdown."""
    cells = [[markdown(cell) for cell in row] for row in (table.headings, *table.rows)]
    rows = [cells[0], ["---"] * len(table.headings), *cells[1:]]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(
        [f"## {markdown(table.title)}", "", *lines, "", *map(markdown, table.remarks), ""]
    )


def as_latex(table: Table) -> str:
    """Return a table in LaTeX that needs no package."""
    columns = "".join(map(_latex_column, zip(*table.rows, strict=True)))
    lines = [" & ".join(map(latex, row)) + r" \\" for row in table.rows]
    remarks = latex(" ".join(table.remarks))
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{latex(table.title)}. {remarks}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\hline",
            " & ".join(map(latex, table.headings)) + r" \\",
            r"\hline",
            *lines,
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _latex_column(cells: Sequence[str]) -> str:
    """Return how LaTeX sets a column: one with a long cell would run off the page as one line."""
    return r"p{0.6\textwidth}" if max(map(len, cells)) > LONG_CELL else "l"


def as_html(table: Table) -> str:
    """Return a table in HTML, with its remarks."""
    head = "".join(f"<th scope=col>{html_text(heading)}</th>" for heading in table.headings)
    rows = "".join(
        "<tr>" + "".join(_cell_html(cell) for cell in row) + "</tr>" for row in table.rows
    )
    remarks = "".join(f"<p class=remark>{html_text(remark)}</p>" for remark in table.remarks)
    name = html_text(table.title)
    return (
        f'{html_heading(table.title)}<div class=wide tabindex=0 role=region aria-label="{name}">'
        f'<table aria-label="{name}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{remarks}"
    )


def _cell_html(cell: str) -> str:
    long = " class=long" if len(cell) > LONG_CELL else ""
    return f"<td{long}>{html_text(cell)}</td>"
