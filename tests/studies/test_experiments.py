"""Every study trains its first run from the command line, and what is committed of it is found."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from test_systems import is_study, listed, made_up_data  # noqa: F401

from gan_lab.config.compose import jobs
from gan_lab.config.identity import run_directory
from gan_lab.config.run_config import make_record
from gan_lab.runs.directory import Run, run_directories

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
TABLE = EXPERIMENTS / "README.md"
LINK = re.compile(r"(?:\]\(|src=\")([^)#:\"]+)(?:#[^)]*)?[)\"]")  # those that lead to a file
MOST_BYTES, MOST_BYTES_TOGETHER = 300_000, 15_000_000


STUDIES = [name for name in listed("experiment") if is_study(name)]
FOLDERS = sorted(path for path in EXPERIMENTS.iterdir() if path.is_dir())
REPORTED = [name for name in STUDIES if (EXPERIMENTS / name / "results.csv").is_file()]
TEXTS = sorted(EXPERIMENTS.glob("**/*.md"))


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_the_first_run_of_every_study_trains(gan_lab, tmp_path, made_up_data, name):  # noqa: F811
    first = jobs([f"experiment={name}"], False)[0]
    settings = [*first.setting, "sweep=null", "seeds=1", "steps=2", "evaluation.samples=64"]
    quick = ["evaluation.samples_during=64", "log_every=1", "logger=none", "threads=1"]
    result = gan_lab(f"experiment={name}", *settings, *quick, f"data_root={made_up_data}")
    assert result.returncode == 0, result.stderr
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    assert (run.status()["state"], run.checkpoint_steps()) == ("finished", [2])
    assert run.config().runtime.study == name == directory.parent.name
    lines = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert all(np.isfinite(value) for line in lines for value in line.values())
    assert {line["step"] for line in run.evaluations()} == {2}


@pytest.mark.parametrize("name", STUDIES)
def test_the_study_of_an_experiment_has_its_name(name):
    assert {job.config.study for job in jobs([f"experiment={name}"], False)} == {name}


@pytest.mark.parametrize("name", REPORTED)
def test_the_reported_runs_are_those_of_the_command(name, request):
    """A run is named by what it computes: a seed or a case that is not reported would be missed."""
    commanded = jobs([f"experiment={name}"], False)
    if any(
        "listing" in job.config.dataset for job in commanded
    ):  # a folder's files are in the name
        commanded = jobs(
            [f"experiment={name}", f"data_root={request.getfixturevalue('data_root')}"], False
        )
    with (EXPERIMENTS / name / "results.csv").open() as file:
        reported = {row["run"] for row in csv.DictReader(file)}
    made = [make_record(job.config, job.choices) for job in commanded]
    assert {run_directory(record).name for record in made} <= reported


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_table_leads_to_every_study(folder):
    assert (folder / "README.md").is_file()
    assert f"({folder.name}/README.md)" in TABLE.read_text()


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_links_lead_somewhere(text):
    for link in LINK.findall(text.read_text()):
        assert (text.parent / link).exists(), link


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_row_of_a_table_has_a_cell_for_each_heading(text):
    heading = None
    for line in text.read_text().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert cells is None or heading in (None, cells), line
        heading = cells


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_figure_is_shown(folder):
    """What no text shows is not looked at either."""
    shown = {link for path in folder.glob("*.md") for link in LINK.findall(path.read_text())}
    figures = {path.relative_to(folder).as_posix() for path in folder.glob("**/*.png")}
    if folder.name == "mnist_losses":  # named in one line; `gan-lab explain loss=NAME` shows them
        figures = {name for name in figures if not name.startswith(tuple(listed("loss")))}
    assert figures <= shown


def test_results_are_small():
    files = [path for path in EXPERIMENTS.glob("**/*") if path.is_file()]
    assert {path.suffix for path in files} <= {".md", ".csv", ".png", ".py"}
    for path in files:
        assert path.stat().st_size < MOST_BYTES, path
    assert sum(path.stat().st_size for path in files) < MOST_BYTES_TOGETHER
