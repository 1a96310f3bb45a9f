"""What is committed of a study is found, shown and small."""

import re
from pathlib import Path

import pytest

from conf_experiments import listed

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
TABLE = EXPERIMENTS / "README.md"
LINK = re.compile(r"(?:\]\(|src=\")([^)#:\"]+)(?:#[^)]*)?[)\"]")  # those that lead to a file
MOST_BYTES, MOST_BYTES_TOGETHER = 300_000, 15_000_000
FOLDERS = sorted(path for path in EXPERIMENTS.iterdir() if path.is_dir())
TEXTS = sorted(EXPERIMENTS.glob("**/*.md"))


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
