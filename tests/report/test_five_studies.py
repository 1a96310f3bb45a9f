"""Reports of one run, of twelve, of seven losses, of forty and of a short study: what is drawn has
data, the page fits a phone and a screen, paper is not overfull, and all forms have one set of
numbers."""

import csv
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from chromium import PROGRAM, Browser
from gan_lab.report.collect import collect
from gan_lab.report.write import write_report
from study_files import cells_of, finished, many, tables_of
from test_documents import compiled

pytestmark = pytest.mark.slow

SMALL = (
    *("hidden_dim=4", "batch_size=16", "image_size=16", "threads=1", "logger=none"),
    *("evaluation.samples=60", "evaluation.samples_during=60", "log_every=2"),
    *("dataset.scores=[fd_classifier,class_shares,swd]",),
)
STUDIES = {
    "one": (("model=cdcgan", "steps=20", "sample_every=10", "score_every=10"),),
    "twelve": tuple(
        (f"hidden_dim={width}", f"latent_dim={size}", f"seed={seed}", "steps=8", "sample_every=4")
        for width in (4, 6) for size in (2, 4, 8) for seed in (0, 1)
    ),
    "losses": tuple(
        (f"loss={loss}", "steps=8", "sample_every=4", "score_every=4")
        for loss in ("nonsaturating", "minimax", "lsgan", "wgan", "wgan_gp", "hinge", "rpgan")
    ),
    "short": (("steps=300", "log_every=50"),),
}  # fmt: skip
NAMES = (*STUDIES, "forty")


@pytest.fixture(scope="session")
def five(made_once, gan_lab_here_in) -> Path:
    """The folder of the five studies."""

    def train(folder: Path) -> None:
        for name, runs in STUDIES.items():
            for settings in runs:
                chosen = {text.split("=")[0]: text for text in (*SMALL, *settings)}
                result = gan_lab_here_in(folder, *chosen.values(), f"study={name}")
                assert result.returncode == 0, result.stderr
        many(folder / "runs/twelve", folder / "runs/forty", 40)

    return made_once("five", train) / "runs"


@pytest.fixture(scope="session")
def drawn(five, tmp_path_factory) -> dict[str, tuple[Path, list[str]]]:
    """The report of each study, and the axes without data that were saved on the way."""
    found = {}
    for name in NAMES:
        out, empty = tmp_path_factory.mktemp(name), []
        save = Figure.savefig

        def watched(figure: Figure, place: Any, *, save=save, empty=empty, **options: Any) -> None:
            shown = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
            empty += [f"{axes.get_title()} {axes.get_ylabel()} {axes.get_xlabel()}"
                      for axes in shown if not has_data(axes)]  # fmt: skip
            save(figure, place, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Figure, "savefig", watched)
            write_report(collect([str(five / name)], five), out)
        found[name] = out, empty
    return found


def has_data(axes: Any) -> bool:
    """Whether axes show more than lines for the eye: a point alone needs a marker to be seen."""
    for line in axes.lines:
        points = [point for point in line.get_xydata() if all(number == number for number in point)]
        is_marked = line.get_marker() not in (None, "None", "", " ")
        is_level = not all(line.get_transform().contains_branch_seperately(axes.transData))
        if not is_level and (len(points) > 1 or (points and is_marked)):
            return True
    return bool(axes.images or axes.patches or axes.collections or axes.tables)


def test_axes_without_data_are_found():
    figure = Figure()
    empty, point, marked, line, level = figure.subplots(5)
    point.plot([1], [2]), marked.plot([1], [2], "o"), line.plot([1, 2], [2, 3]), level.axhline(1)
    assert [has_data(axes) for axes in (empty, point, marked, line, level)] == [
        *(False, False, True, True, False)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_figure_has_axes_without_data(drawn, name):
    out, empty = drawn[name]
    assert len(list((out / "figures").glob("*.png"))) > 5
    assert empty == []


@pytest.mark.parametrize("name", NAMES)
def test_all_forms_have_one_set_of_numbers(five, drawn, name):
    """The selection score of each run, as results.csv has it, is in every other form."""
    out, _ = drawn[name]
    rows = list(csv.DictReader((out / "results.csv").read_text("utf-8").splitlines()))
    assert len(rows) == len(finished(five / name))
    heading = next(column for column in rows[0] if column.startswith("FD-"))
    texts = [(out / f"results.{ending}").read_text("utf-8") for ending in ("md", "tex")]
    texts.append(re.sub('"data:[^"]*"', "", (out / "report.html").read_text("utf-8")))
    if (out / "results.docx").exists():
        import docx

        tables = docx.Document(out / "results.docx").tables
        texts.append("\n".join(cell.text for table in tables for cell in table._cells))
    for row in rows:
        shown = f"{float(row[heading]):.4g}"
        assert all(shown in text for text in texts), (row["run"], shown)


class Cells(HTMLParser):
    """The cells of all tables of a page, as plain text."""

    def __init__(self, page: str):
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.tables[-1][-1][-1] += data


@pytest.mark.parametrize("name", NAMES)
def test_all_forms_have_one_set_of_tables(drawn, name):
    out, _ = drawn[name]
    tables = tables_of((out / "results.md").read_text("utf-8"))
    assert len(tables) > 5
    assert Cells((out / "report.html").read_text("utf-8")).tables == tables
    paper = re.sub(r"\\allowbreak|[{}]", "", (out / "results.tex").read_text("utf-8"))
    for number in {found for table in tables for row in table for cell in row
                   for found in re.findall(r"\d[\d.,e+-]*\d", cell)}:  # fmt: skip
        assert number in paper.replace("$", ""), number
    if (out / "results.docx").exists():
        assert cells_of(out / "results.docx") == tables


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_paper_is_not_overfull(drawn, name):
    said = compiled(drawn[name][0] / "results.tex")
    assert "Overfull" not in said and "undefined" not in said


BOXES = """
(() => {
  const chosen = "h1,h2,h3,p,li,dt,dd,figure>img,figcaption,pre,summary,.wide,.slider,#panels>div";
  const shown = [...document.querySelectorAll(chosen)].filter((element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility() && box.height && box.bottom > 0 && box.top < innerHeight;
  });
  const over = [];
  shown.forEach((one, index) => shown.slice(index + 1).forEach((other) => {
    if (one.contains(other) || other.contains(one)) return;
    const film = one.closest(".film");
    if (film && film === other.closest(".film")) return;  // its bar stays over its pictures
    const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 1) over.push(`${one.tagName} ${one.textContent.slice(0, 40)} / `
      + `${other.tagName} ${other.textContent.slice(0, 40)}`);
  }));
  return JSON.stringify(over);
})()
"""


@pytest.mark.skipif(not PROGRAM, reason="no chromium here to open the page in")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_lies_over_another_and_the_page_never_scrolls_sideways(
    drawn, name, width, tmp_path
):
    browser = Browser(PROGRAM, tmp_path / "profile")
    try:
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                     deviceScaleFactor=1, mobile=width < 500)  # fmt: skip
        browser.open((drawn[name][0] / "report.html").as_uri())
        for folded in (True, False):
            if not folded:
                browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
            height = browser.value("document.documentElement.scrollHeight")
            assert browser.value("document.documentElement.scrollWidth") <= width
            for top in range(0, height, 400):
                browser.value(f"scrollTo(0, {top})")
                assert browser.value(BOXES) == "[]", (top, folded)
    finally:
        browser.close()
