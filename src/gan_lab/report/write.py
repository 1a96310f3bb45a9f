"""A report from beginning to end."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from gan_lab.analysis.summary import summarise
from gan_lab.common.console import say
from gan_lab.common.errors import RunError
from gan_lab.common.files import replace_file
from gan_lab.common.text import csv_cell, html_heading, html_text
from gan_lab.evaluation.scores import with_scores_of
from gan_lab.report import health, page
from gan_lab.report.collect import Collection
from gan_lab.report.curves import numbers
from gan_lab.report.documents.content import WORDS, Report
from gan_lab.report.documents.html import as_html, linked
from gan_lab.report.documents.latex import as_latex
from gan_lab.report.documents.markdown import as_markdown
from gan_lab.report.documents.parts import Heading
from gan_lab.report.documents.word import ADVICE, is_installed, write_word
from gan_lab.report.figures import samples
from gan_lab.report.figures.draw import draw_figures
from gan_lab.report.models import blocks_of
from gan_lab.report.study import Study
from gan_lab.runs.lines import Status

Row = dict[str, str | float | None]  # of a spreadsheet, by the headings of its columns


def folder_of(collection: Collection) -> Path:
    """Return the folder in which a report lies that nobody gave a place to."""
    if collection.folder:
        return collection.folder / "report"
    return default_folder([data.run.directory for data in collection.runs])


def default_folder(runs: Sequence[Path]) -> Path:
    """Return a folder by what is compared, so that a part's report never replaces the whole's."""
    study, *others = dict.fromkeys(run.parent for run in runs)
    if others:
        names = [each.absolute().name for each in (study, *others)]
        return study.parent / "_".join(["report", *names])
    if {*runs} >= {path.parent for path in study.glob("*/config.yaml")}:
        return study / "report"
    return runs[0] / "report" if len(runs) == 1 else study / "report_part"


def write_report(
    collection: Collection, out: Path, steps: Sequence[int] | None = None, title: str | None = None
) -> Path:
    """Write report.html, results.md, .csv, .tex, .docx, scores.csv and figures/; return the page's
    path. Without python-docx there is no results.docx, which is said.

    `steps` are those whose samples stand beside each other; the first and the last by default.
    Raises RunError if figures/ is a link.
    """
    with with_scores_of(data.config for data in collection.runs):
        return _write(Study(collection), out, steps, title or collection.title)


def _write(study: Study, out: Path, steps: Sequence[int] | None, title: str) -> Path:
    folder = out / "figures"
    if folder.is_symlink():
        raise RunError(f"{folder} is a link, which is not followed: remove it.")
    folder.mkdir(parents=True, exist_ok=True)
    figures, problems = draw_figures(study, folder, steps)
    for line in (*study.collection.damage(), *problems):
        say(f"damaged   {line}")
    missing = [*study.missing(), *problems]
    blocks = blocks_of(study, folder)
    report = Report(study, title, list(figures.values()), _told(study), missing, blocks)
    parts = report.parts()
    replace_file(out / "results.md", as_markdown(title, parts))
    replace_file(out / "results.tex", as_latex(title, parts))
    if is_installed():
        write_word(title, parts, out / "results.docx")
    else:
        say(ADVICE)
    _write_rows(_results(study), out / "results.csv")
    _write_rows(_scores(study), out / "scores.csv")
    return _write_page(report, out / "report.html")


def _told(study: Study) -> list[str]:
    """Return what became of each run, in words."""
    found = []
    for data in study.look.runs:
        label = study.settings.label(study.settings.of_run[data.name])
        status = Status(data.state, data.step, data.reason, data.run.status().stopped_by)
        sentences = summarise(data.run, data.config, study.command_of[data.name], status)
        found.append(f"{label}, seed {data.seed}: {' '.join(sentences)}")
    return found


def _results(study: Study) -> list[Row]:
    """Return a row a run with all digits: every setting, state, numbers, scores, command."""
    settings, protocols = study.settings, health.protocols_of(study.runs)
    rows: list[Row] = []
    for data in study.look.runs:
        row: Row = dict(settings.constants)
        row |= dict(zip(settings.columns, settings.of_run[data.name], strict=True))
        row |= {"seed": data.seed, "state": data.state, "step": data.step, "reason": data.reason}
        row |= numbers(data)
        row |= health.numbers_of(data, protocols)
        for measure in study.measures:
            if line := study.lines[data.name].get(measure.key):
                row[measure.heading] = line.value
                if line.interval:
                    low, high = line.interval
                    row |= {f"{measure.heading}, low": low, f"{measure.heading}, high": high}
                if line.p is not None:
                    row[f"{measure.heading}, p"] = line.p
        row |= {"run": data.name, "log": data.log}
        row["command"] = study.command_of[data.name] or ""
        rows.append(row)
    return rows


def _scores(study: Study) -> list[Row]:
    """Return a row an evaluation: what was measured on the way as well as at the end."""
    rows: list[Row] = []
    for data in study.look.runs:
        for line in data.evaluations:
            low, high = line.interval or (None, None)
            rows.append(
                {
                    **{"run": data.name, "seed": data.seed, "step": line.step},
                    **{"score": line.score, "weights": line.weights},
                    "samples": line.generated_count or None,
                    **{"value": line.value, "low": low, "high": high},
                    "real test": line.floor,
                }
            )
            if line.p is not None:
                rows[-1]["p"] = line.p
            if line.at_floor_count is not None:
                rows[-1] |= {"samples of real test": line.floor_count,
                             "value on as many": line.at_floor_count}  # fmt: skip
    return rows


def _write_rows(rows: Sequence[Row], path: Path) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(csv_cell, names))
    writer.writerows([csv_cell(row.get(name)) for name in names] for row in rows)
    replace_file(path, text.getvalue())


def _write_page(report: Report, path: Path) -> Path:
    study = report.study
    title = report.title.strip() or "Report"
    chosen = samples.one_a_setting(study.runs, study.settings)
    slider = page.slider_html(chosen, study.settings)
    # The slider shows the same as the animation.
    figures = [figure for figure in report.figures if figure.path.stem != "training"]
    parts = [
        f"<h1>{html_text(title)}</h1>" + as_html(report.summary),
        as_html(report.results),
        as_html(figures),
        html_heading("Samples over the training") + slider if slider else "",
        as_html(report.closing),
        as_html([Heading(WORDS), report.words]),
    ]
    return page.write_page(path, title, linked(parts, report.words.terms))
