"""A report from beginning to end."""

import csv
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from gan_lab.report import page, pictures, plots, tables
from gan_lab.report.collect import Collection, RunData
from gan_lab.report.dynamics import numbers
from gan_lab.report.reproduce import command_of
from gan_lab.report.scores import (
    Line,
    Measure,
    final_lines,
    measures,
    protocol_lines,
    ranked_by,
    series,
)
from gan_lab.report.settings import Settings, compare
from gan_lab.report.significance import Ranking, rank
from gan_lab.runs import replace_file

Add = Callable[..., None]  # (path or None, title, words, drawn)

BEST = 3  # measures of the averaged generator that the figure of settings shows, beside the first


class Report:
    """What the parts of a report are made from: runs, their settings and their scores."""

    def __init__(self, collection: Collection):
        self.collection, self.runs = collection, collection.runs
        self.settings: Settings = compare(self.runs)
        self.lines: dict[str, dict[str, Line]] = {d.name: final_lines(d) for d in self.runs}
        together = [line for found in self.lines.values() for line in found.values()]
        self.measures = measures(together)
        self.first: Measure | None = ranked_by(self.measures, self.lines)
        self.ranking: Ranking | None = None
        if self.first and self.first.better:
            self.ranking = rank(self.values(self.first), self.first.better)
        order = self.settings.ordered()
        self.look = plots.Look(tables.ordered(self.runs, self.settings), self.settings, order)

    def values(self, measure: Measure) -> dict[tuple[str, ...], list[float]]:
        """The finished seeds' values of a measure, by setting."""
        found: dict[tuple[str, ...], list[float]] = {}
        for data in self.runs:
            line = self.lines[data.name].get(measure.key)
            if data.finished and line:
                found.setdefault(self.settings.of_run[data.name], []).append(line["value"])
        return found

    def averaged(self) -> list[Measure]:
        """The measures of averaged generators, or all where there are none."""
        found = [measure for measure in self.measures if measure.protocol.get("weights") != "raw"]
        return found or self.measures

    def best_run(self) -> RunData | None:
        """The run that is shown where one is: the best by the ranking's score, else any with
        weights."""
        able = [data for data in self.runs if data.run.checkpoint_steps()]
        if not self.first or not self.ranking:
            return able[0] if able else None
        key, sign = self.first.key, 1 if self.first.better == "lower" else -1
        scored = [data for data in able if data.finished and key in self.lines[data.name]]
        return min(scored or able, key=lambda data: sign * self._value(data, key), default=None)

    def _value(self, data: RunData, key: str) -> float:
        return self.lines[data.name][key]["value"] if key in self.lines[data.name] else 0.0

    def tables(self) -> list[tables.Table]:
        """All tables that have rows."""
        found = []
        if self.measures:
            found.append(tables.settings_table(self.settings, self.runs, self.measures, self.lines))
        if self.ranking and self.first and self.ranking.places:
            found.append(tables.ranking_table(self.ranking, self.settings, self.first))
        if self.measures:
            found.append(tables.scores_table(self.settings, self.runs, self.measures, self.lines))
        found.append(tables.training_table(self.settings, self.runs))
        found.append(tables.unfinished_table(self.settings, self.runs))
        return [table for table in found if table.rows]

    def constants(self) -> str:
        """What all runs share, in one line."""
        pairs = ", ".join(f"{name} = {value}" for name, value in self.settings.constants.items())
        return f"All runs: {pairs}." if pairs else ""

    def commands(self) -> list[str]:
        """The command that makes each run again."""
        found = [command_of(data, self.settings.columns) for data in self.look.runs]
        return list(dict.fromkeys(command for command in found if command))

    def missing(self) -> list[str]:
        """What is not there, a line a run."""
        lines = [
            f"{data.name} has no {', '.join(data.missing)}" for data in self.runs if data.missing
        ]
        return [*self.collection.unreadable, *lines]


def write_report(
    collection: Collection, out: Path, steps: Sequence[int] | None = None, title: str | None = None
) -> Path:
    """Write report.html, results.md, .csv, .tex and figures/ under `out`; return the page's path.

    `steps` are those whose samples stand beside each other; the first and the last by default.
    """
    report = Report(collection)
    title = title or collection.title
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    figures, problems = _figures(report, folder, steps)
    missing = [*report.missing(), *problems]
    replace_file(out / "results.md", _markdown(report, title, figures, missing))
    replace_file(out / "results.tex", "\n".join(map(tables.as_latex, report.tables())))
    _write_csv(report, out / "results.csv")
    return _write_page(report, title, figures, missing, out / "report.html")


def _figures(
    report: Report, folder: Path, steps: Sequence[int] | None
) -> tuple[dict[str, page.Figure], list[str]]:
    """Draw what there is to draw; figures by name, in the order of the page."""
    found: dict[str, page.Figure] = {}

    def add(path: Path | None, title: str, words: str, drawn: bool = True) -> None:
        if path is not None:
            found[path.stem] = page.Figure(path, title, words, drawn)

    look, settings = report.look, report.settings
    _draw_scores(report, folder, add)
    _draw_curves(look, folder, add)
    chosen = pictures.one_a_setting(report.runs, settings)
    add(
        pictures.draw_side_by_side(chosen, settings, folder / "samples.png"),
        "Samples",
        "The last samples of each setting, raw weights, lowest seed. Each place of a grid has the "
        "same latent wherever seed and latent_dim are the same.",
        drawn=False,
    )
    add(
        pictures.draw_over_training(chosen, settings, steps, folder / "early_late.png"),
        "Early against late",
        "The same latents at several steps, raw weights.",
        drawn=False,
    )
    add(
        pictures.save_animation(chosen, settings, folder / "training.gif"),
        "Animation",
        "The same latents over the training.",
        drawn=False,
    )
    add(
        plots.draw_modes(look, folder / "modes.png"),
        "Classes of samples",
        "Share of the samples that a classifier puts in each class (gan-lab modes).",
        drawn=False,
    )
    best = report.best_run()
    if best is None:
        return found, []
    drawn, problems = pictures.draw_interpolations(best, chosen, settings, folder)
    for path in drawn.values():
        shown = "each setting" if "settings" in path.stem else f"the best run, {best.name}"
        add(path, "Interpolation", f"{path.stem.replace('_', ' ')}: {shown}.", drawn=False)
    return found, problems


def _draw_scores(report: Report, folder: Path, add: Add) -> None:
    shown = report.averaged()
    values = {measure.key: report.values(measure) for measure in shown}
    order = report.look.order
    if report.ranking:
        places = [place.setting for place in report.ranking.places]
        order = [*places, *(setting for setting in order if setting not in places)]
    look = plots.Look(report.look.runs, report.settings, order)
    add(
        plots.draw_settings(look, shown[: 2 * BEST], values, folder / "settings.png"),
        "Settings",
        "Every finished seed (dots), their mean (bar) and, from three seeds on, its 95 % interval "
        "(line); best first. Dotted: what real data get.",
    )
    over_time = measures([line for d in report.runs for found in series(d).values()
                          if len(found) > 1 for line in found])  # fmt: skip
    add(
        plots.draw_score_curves(report.look, over_time[: BEST + 1], folder / "scores.png"),
        "Scores over the training",
        "Against the step, the images shown to D (so that losses with several updates of D are "
        "compared fairly) and the wall clock. Dotted: what real data get.",
    )


def _draw_curves(look: plots.Look, folder: Path, add: Add) -> None:
    for output in dict.fromkeys(data.output for data in look.runs):
        of_kind = [data for data in look.runs if data.output == output]
        part = plots.Look(of_kind, look.settings, look.order)
        several = len(of_kind) < len(look.runs)
        name = f"curves_{output or 'unknown'}" if several else "curves"
        what = {"probability": "mean D(·), a probability", "score": "mean output of the critic"}
        add(
            plots.draw_curves(part, folder / f"{name}.png", plots.CURVES),
            "Curves",
            f"Raw (pale, for up to {len(plots.PALETTE)} settings) and smoothed over a tenth. "
            f"D's curves are its {what.get(output or '', 'mean output')}. Dotted, for these "
            "losses: the equilibrium at 1/2 and log 4.",
        )
    norms = dict(plots.NORMS)
    for data in look.runs:
        for line in data.metrics:
            norms |= {key: f"{key[8:].replace('_', ' ')} (weighted)" for key in line
                      if key.startswith("penalty/")}  # fmt: skip
    add(
        plots.draw_curves(look, folder / "gradients.png", norms, log=True),
        "Gradient norms",
        "Norm of all gradients of a player, on a logarithmic axis; drawn as the curves are.",
    )
    if len(look.order) > 1:
        add(
            plots.draw_multiples(look, folder / "losses_by_setting.png"),
            "Losses of each setting",
            "A panel a setting, a line a seed, smoothed over a tenth.",
        )


def _markdown(
    report: Report, title: str, figures: Mapping[str, page.Figure], missing: Sequence[str]
) -> str:
    parts = [f"# {title}", "", report.constants(), ""]
    parts += [tables.as_markdown(table) for table in report.tables()]
    for heading, lines in {
        "Protocols": protocol_lines(report.measures),
        "What is missing": missing,
    }.items():
        if lines:
            parts += [f"## {heading}", "", *(f"- {line}" for line in lines), ""]
    parts += ["## Commands", "", "```", *report.commands(), "```", ""]
    for figure in figures.values():
        parts += [f"## {figure.title}", "", f"![{figure.words}](figures/{figure.path.name})", ""]
        parts += [figure.words, ""]
    return "\n".join(parts)


def _write_csv(report: Report, path: Path) -> None:
    """Write a row a run with all digits: every setting, state, numbers, scores, command."""
    settings = report.settings
    rows: list[dict[str, object]] = []
    for data in report.look.runs:
        row: dict[str, object] = dict(settings.constants)
        row |= dict(zip(settings.columns, settings.of_run[data.name], strict=True))
        row |= {"seed": data.seed, "state": data.state, "step": data.step, "reason": data.reason}
        row |= numbers(data)
        for measure in report.measures:
            if line := report.lines[data.name].get(measure.key):
                row[measure.heading] = line["value"]
                if line.get("interval"):
                    row[f"{measure.heading}, low"], row[f"{measure.heading}, high"] = line[
                        "interval"
                    ]
        row["run"] = data.name
        row["command"] = command_of(data, settings.columns) or ""
        rows.append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)


def _write_page(
    report: Report,
    title: str,
    figures: Mapping[str, page.Figure],
    missing: Sequence[str],
    path: Path,
) -> Path:
    counts = f"{len(report.runs)} runs, {len(report.look.order)} settings"
    finished = sum(data.finished for data in report.runs)
    words = [f"{counts}; {finished} finished.", report.constants()]
    intro = f"<h1>{escape(title)}</h1>" + "".join(f"<p>{escape(text)}</p>" for text in words)
    shown = [tables.as_html(table) for table in report.tables()]
    chosen = pictures.one_a_setting(report.runs, report.settings)
    slider = page.section("Samples over the training", page.slider_html(chosen, report.settings))
    drawn: dict[str, list[str]] = {}
    for name, figure in figures.items():
        if name != "training":  # the slider shows the same
            drawn.setdefault(figure.title, []).append(page.figure_html(figure))
    parts = [
        intro,
        *shown[:2],
        *(page.section(heading, *inner) for heading, inner in drawn.items()),
        slider,
        *shown[2:],
        page.section(
            "Protocols", page.list_html(protocol_lines(report.measures)) if report.measures else ""
        ),
        page.section("What is missing", page.list_html(missing) if missing else ""),
        page.section("Commands that make each run again", page.list_html(report.commands(), True)),
    ]
    return page.write_page(path, title, parts)
