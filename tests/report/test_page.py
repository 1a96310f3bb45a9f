"""One command writes the page, its tables and its figures, beside the runs or where it is told."""

import csv
import re

import pytest
from PIL import Image

from gan_lab.report.collect import collect
from gan_lab.report.page import slider_html
from gan_lab.report.settings import compare
from gan_lab.report.write import default_folder
from gan_lab.runs.directory import run_directories
from study_files import OUTPUTS, finished, many, report

# --- the whole -----------------------------------------------------------------------------------


def test_one_command_writes_all_of_it(gan_lab_here, study, tmp_path):
    result = gan_lab_here("report", "widths", "--runs-dir", f"{study.parent}", "--out", "here")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "here/report.html"
    written = {path.name for path in (tmp_path / "here").iterdir()}
    assert written == {*OUTPUTS, "results.docx", "scores.csv", "figures"}
    page = (tmp_path / "here" / "report.html").read_text("utf-8")
    places, links = re.findall(r'<h2 id="(.+?)"', page), re.findall(r'<a href="#(.+?)"', page)
    assert places == links and len({*places}) == len(places) > 10
    pictures = sorted((tmp_path / "here" / "figures").glob("*.png"))
    drawn = {"architecture_dcgan", "curves", "gradients", "scores", "settings", "samples",
             "early_late", "interpolation", "extrapolation"}  # fmt: skip
    assert drawn <= {path.stem for path in pictures}
    for path in pictures:
        assert path.with_suffix(".pdf").read_bytes()[:4] == b"%PDF"
    with Image.open(tmp_path / "here" / "figures" / "training.gif") as animation:
        assert animation.n_frames == 5


@pytest.mark.slow
def test_by_default_it_lies_beside_the_runs(gan_lab_here, copy):
    result = gan_lab_here("report", "widths", "--runs-dir", f"{copy.parent}", "--steps", "10", "30")
    assert result.stdout.splitlines()[-1] == str(copy / "report" / "report.html")
    again = gan_lab_here("report", "widths", "--runs-dir", f"{copy.parent}")  # it is no run
    assert again.returncode == 0 and "report has no" not in (copy / "report/results.md").read_text()


def test_the_report_of_a_part_never_replaces_that_of_the_whole(study, tmp_path):
    first, _, third, *_ = run_directories(study.parent, study.name)
    other = tmp_path / "other" / first.name
    assert default_folder(run_directories(study.parent, study.name)) == study / "report"
    assert default_folder([first]) == first / "report"
    assert default_folder([first, third]) == study / "report_part"
    assert default_folder([first, other]) == study.parent / "report_widths_other"


def test_a_slider_of_one_step_is_left_out(copy):
    (data, *_) = collect([str(finished(copy)[0])], copy.parent).runs
    assert "type=range" in slider_html([data], compare([data]))
    for step in data.run.sample_steps()[1:]:
        data.run.sample_path(step).unlink()
    assert slider_html([data], compare([data])) == slider_html([], compare([data])) == ""


@pytest.mark.slow
def test_one_run_and_forty_make_a_report(study, tmp_path):
    one = report(finished(study)[0], out=tmp_path / "one")
    assert "Ranking" not in one["results.md"]  # there is nothing to rank
    forty = report(many(study, tmp_path / "runs" / "forty", 40), out=tmp_path / "forty")
    rows = list(csv.DictReader(forty["results.csv"].splitlines()))
    assert [int(row["latent_dim"]) for row in rows] == [*range(1, 41)]
    assert "no difference can be told from the luck of the seed" in forty["results.md"]
    assert "40 runs, 40 settings" in re.sub("<[^>]+>", "", forty["report.html"])
