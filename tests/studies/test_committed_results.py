"""What is committed of a study is found, shown and small."""

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pytest
from scipy.stats import t as student

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
    assert figures <= shown


def test_results_are_small():
    files = [path for path in EXPERIMENTS.glob("**/*") if path.is_file()]
    assert {path.suffix for path in files} <= {".md", ".csv", ".png", ".py"}
    for path in files:
        assert path.stat().st_size < MOST_BYTES, path
    assert sum(path.stat().st_size for path in files) < MOST_BYTES_TOGETHER


# --- means and their intervals, from the csv -----------------------------------------------------

PLUS_MINUS = re.compile(r"(-?[\d,]+(?:\.\d+)?) ± ([\d,]+(?:\.\d+)?)")
TWICE = 0.56  # of the last digit: what is rounded to one digit more before is at most 0.55 off
READMES = [path for path in TEXTS if path.name == "README.md"]
PUBLISHED = ("6.7 ± 0.4",)  # of others, and by chance near to one of ours


@cache
def over_seeds(study: str) -> np.ndarray:
    """Each mean over the seeds of a setting, with half of Student's 95 % interval, the standard
    error or the deviation; as it is and as a percentage: [N, 2]."""
    table = EXPERIMENTS / study / "results.csv"
    if not table.is_file():  # of one run, whose numbers are in its README
        return np.full((1, 2), math.inf)
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = defaultdict(list)
    columns = list(rows[0])
    settings = columns[: columns.index("seed")]
    for row in rows:
        for column in columns[len(settings) + 2 :]:
            if re.fullmatch(r"-?[\d.]+(e-?\d+)?", row[column] or ""):
                key = (*(row[name] for name in settings), column)
                found[key].append(float(row[column]))
    pairs = [pair for values in found.values() if len(values) > 1 for pair in halves(values)]
    return np.array(pairs or [(math.inf, math.inf)])


def halves(values: list[float]) -> Iterator[tuple[float, float]]:
    mean, error = fmean(values), stdev(values) / math.sqrt(len(values))
    for half in (student.ppf(0.975, len(values) - 1) * error, error, stdev(values)):
        yield from ((mean, half), (100 * mean, 100 * half))


def units(text: str) -> tuple[float, int]:
    """A printed number, and what makes its last digit 1."""
    return float(text.replace(",", "")), 10 ** len(text.partition(".")[2])


@pytest.mark.parametrize("text", READMES, ids=lambda path: path.parent.name)
def test_means_and_intervals_are_rounded_once(text):
    """Of a mean that the csv have, 55.945, the text has 55.9, and not 56.0 by way of 55.95."""
    recomputed = 0
    for line in text.read_text(encoding="utf-8").splitlines():
        studies = [folder.name for folder in FOLDERS
                   if folder == text.parent or f"({folder.name}/" in line]  # fmt: skip
        for printed in PLUS_MINUS.findall(line) if studies else ():
            numbers, digits = np.array([units(number) for number in printed]).T
            known = np.concatenate([over_seeds(study) for study in studies])
            if " ± ".join(printed) in PUBLISHED:
                continue
            nearest = (np.abs(known - numbers) * digits).max(1).min()
            assert not 0.5 + 1e-6 < nearest < TWICE, " ± ".join(printed)
            recomputed += nearest < TWICE
    if text.parent.name in ("mnist_modules", "mnist_capacity", "mnist_latent_size", "ring_grid"):
        assert recomputed > 5
