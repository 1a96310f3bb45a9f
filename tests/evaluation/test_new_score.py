"""A new score is two places: a function, and a file that says all that is said of it."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gan_lab.common.paths import PACKAGE, conf_directory, glossary_file

FUNCTION = '''

def darkness(fake: Tensor) -> Measured:
    """Return the mean grey level of samples, from 0 (black) to 255.

    Better: as that of real images.
    """
    return mean_of(fake.double().mean((1, 2, 3)))
'''
FILE = """\
# Mean grey level of the samples
needs: images
better: floor
title: mean grey level (0 to 255)
heading: grey level
short: grey
format: .3f
in_lists: [darkness]
measure:
  _target_: gan_lab.evaluation.measures.darkness
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout with one more score, in two places."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(PACKAGE, folder / "src" / "gan_lab")
    shutil.copytree(conf_directory(), folder / "conf")
    (folder / "docs").mkdir()
    shutil.copy(glossary_file(), folder / "docs")
    with (folder / "src/gan_lab/evaluation/measures.py").open("a", encoding="utf-8") as file:
        file.write(FUNCTION)
    (folder / "conf/score/darkness.yaml").write_text(FILE, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_new_score_looks_right_wherever_scores_are_shown(checkout, environment, tmp_path):
    def gan_lab(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "gan_lab", *arguments],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(checkout / "src")},
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    scores = "dataset.scores=[darkness]", "dataset.scores_during_training=[darkness,swd]"
    small = ("hidden_dim=4", "image_size=16", "steps=4", "score_every=2", "logger=none")
    few = ("evaluation.samples=60", "evaluation.samples_during=60", "dataset.selection=swd")
    said = gan_lab(*scores, *small, *few, "study=grey")
    assert "grey level" in said
    headings, row, *_ = gan_lab("runs", "grey").splitlines()
    (number,) = [cell for cell in row.split() if cell.count(".") == 1 and cell[-4] == "."]
    assert "grey" in headings.split() and 0 < float(number) < 255
    gan_lab("report", "grey")
    with (tmp_path / "runs/grey/report/results.csv").open(newline="", encoding="utf-8") as file:
        assert "grey level (EMA)" in next(csv.reader(file))
    explained = gan_lab("explain", "score=darkness")
    assert "mean grey level of samples" in explained.lower()
    assert "Mean grey level (0 to 255), best as real data have it" in gan_lab("dashboard", "grey")
