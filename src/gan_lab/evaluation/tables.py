"""Tables of scores: one run with its floors, or many runs with a column for each quantity."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from gan_lab.common.console import percent
from gan_lab.common.errors import RunError
from gan_lab.evaluation.scores import value_named, values_in_lists
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import ScoreLine
from gan_lab.runs.protocol import column_key, differences


def display_name(line: ScoreLine) -> str:
    """Return how a score is called: the extractor is part of a distance's name."""
    heading = value_named(line.score).heading
    return heading.replace("{extractor}", str(line.protocol.get("extractor")))


def score_table(lines: Sequence[ScoreLine]) -> list[str]:
    """Return a table of the scores of one step: averaged, raw and the floor beside each other.

    After a value stands half its 95 % interval, where it has one, or the p-value of a test; lines
    below say of what. A floor
    of fewer samples has a row of its own, with the scores on as many.
    """
    if not lines:
        return []
    cells = {(line.score, line.weights): line for line in lines}
    rows = [["score", "samples", "EMA", "raw", "real test"]]
    for name in dict.fromkeys(line.score for line in lines):
        rows += _rows([cells.get((name, weights)) for weights in ("ema", "raw")])
    return [*_lined_up(rows), *_intervals(lines)]


def folder_table(lines: Sequence[ScoreLine]) -> list[str]:
    """Return a table of the scores of a folder, with their floors."""
    rows = [row for line in lines for row in _rows([line])]
    table = _lined_up([["score", "samples", "fake", "real halves"], *rows])
    return [*table, *_intervals(lines)]


def _rows(lines: Sequence[ScoreLine | None]) -> list[list[str]]:
    """Return the rows of one score of one or two generators, with the floor in the last column."""
    first = next(line for line in lines if line)
    values = [display_name(first), _count(first.generated_count), *map(_value, lines)]
    if first.floor is None or first.floor_beside is not None:
        return [[*values, _number(first.floor)]]
    like = [None if line is None else line.at_floor_count for line in lines]
    return [[*values, ""], ["", _count(first.floor_count), *map(_number, like),
                            _number(first.floor)]]  # fmt: skip


def _intervals(lines: Sequence[ScoreLine]) -> list[str]:
    """Return in a line each what the half intervals are of."""
    names: dict[str, list[str]] = {}
    for line in {line.score: line for line in lines if line.interval}.values():
        if words := covered(line):
            names.setdefault(words, []).append(display_name(line))
    return [f"± of {', '.join(found)}: {words}" for words, found in names.items()]


def covered(line: ScoreLine) -> str:
    """Return what the interval of a score is of; nothing where its definition is not today's."""
    value = value_named(line.score)
    return value.covers if line.protocol.get("definition", 1) == value.definition else ""


def runs_table(runs: Mapping[str, Sequence[ScoreLine]]) -> list[str]:
    """Return a table of many runs, by name: a row for each, a column for each quantity.

    Scores with unlike protocols never share a column: they are numbered, and lines below the table
    say in what they differ. The last row is the floor of each column. Where that is of fewer
    samples, scores on as many stand in brackets.
    """
    columns: dict[str, ScoreLine] = {}
    for line in (line for lines in runs.values() for line in lines):
        columns.setdefault(column_key(line), line)
    if not columns:
        return []
    headings, remarks = _headings(columns)
    rows = [["run", *headings.values()]]
    for name, lines in runs.items():
        values = {column_key(line): _with_like_floor(line) for line in lines}
        rows.append([name, *(values.get(key, "") for key in headings)])
    rows.append(["real test", *(_number(columns[key].floor) for key in headings)])
    for key, line in columns.items():
        if line.at_floor_count is not None:
            remarks.append(
                f"{headings[key]}: of {line.generated_count:,} samples, in brackets of "
                f"{line.floor_count:,}, as many as real test has"
            )
    return [*_lined_up(rows), *remarks]


def _headings(columns: Mapping[str, ScoreLine]) -> tuple[dict[str, str], list[str]]:
    """Return headings by column, those of one score beside each other, and how they differ."""
    by_score: dict[str, list[str]] = {}
    for key, line in columns.items():
        by_score.setdefault(line.score, []).append(key)
    headings: dict[str, str] = {}
    remarks = []
    for keys in by_score.values():
        for number, key in enumerate(keys, start=1):
            name = display_name(columns[key])
            headings[key] = f"{name} ({number})" if len(keys) > 1 else name
        for key in keys[1:]:
            unlike = "; ".join(differences(columns[keys[0]], columns[key]))
            remarks.append(f"not comparable: {headings[keys[0]]} and {headings[key]}: {unlike}")
    return headings, remarks


def _value(line: ScoreLine | None) -> str:
    if line is None:
        return ""
    if line.p is not None:
        return f"{_number(line.value)}, p = {line.p:.2g}"
    if not (interval := line.interval):
        return _number(line.value)
    return f"{_number(line.value)} ±{(interval[1] - interval[0]) / 2:.2g}"


def _with_like_floor(line: ScoreLine) -> str:
    like = line.at_floor_count
    return _value(line) if like is None else f"{_value(line)} ({_number(like)})"


def _count(count: int) -> str:
    return f"{count:,}" if count else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _lined_up(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    ]


def shown_scores(runs: Sequence[Run]) -> list[str]:
    """Return what lists of runs show: the score by which the best of each run's kind is chosen,
    and those beside it."""
    chosen_by = {}
    for run in runs:
        with suppress(RunError):  # whose config cannot be read; its row says what is known
            chosen_by[run.config().dataset.selection] = True
    known = {score for run in runs for score in run.final_scores()}
    return list(dict.fromkeys([*chosen_by, *(s for s in values_in_lists() if s in known)]))


def short_name(score: str) -> str:
    """Return the heading of a score in a list of runs."""
    return value_named(score).short


def score_cells(run: Run, shown: Sequence[str]) -> list[str]:
    """Return the last scores of a run, as a list of runs writes them; "" where it has none."""
    scores = run.final_scores()
    return [_formatted(scores[name], value_named(name).format) if name in scores else ""
            for name in shown]  # fmt: skip


def _formatted(value: float, form: str) -> str:
    """Return a value as its score's file has it; a share never as all or none unless it is."""
    share = re.fullmatch(r"\.(\d+)%", form)
    return percent(value, int(share[1])) if share else format(value, form)
