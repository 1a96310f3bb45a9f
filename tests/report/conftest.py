"""What tests of reports share: a study, trained once, and a copy to change things in."""

import shutil
from itertools import product
from pathlib import Path

import pytest

from gan_lab.report.collect import collect
from gan_lab.report.study import Study
from sheets_of import CONTENT, NAME, copied_sheet, write_sheet

QUICK = (
    *("logger=none", "steps=40", "log_every=2", "sample_every=10", "score_every=20"),
    *("batch_size=16", "evaluation.samples=100", "evaluation.samples_during=100", "threads=1"),
    *("dataset.scores=[fd_classifier,class_shares,precision_recall,ssim]", "study=widths"),
)


@pytest.fixture(scope="session")
def study(made_once, gan_lab_here_in) -> Path:
    """The runs of a study: two widths, two seeds, and one that diverges."""

    def train(folder: Path) -> None:
        for width, seed in product((4, 8), (0, 1)):  # a sweep would take a process for each
            result = gan_lab_here_in(folder, f"hidden_dim={width}", f"seed={seed}", *QUICK)
            assert result.returncode == 0, result.stderr
        result = gan_lab_here_in(folder, "lr=1e30", "hidden_dim=4", *QUICK)
        assert result.returncode == 1

    return made_once("widths", train) / "runs" / "widths"


@pytest.fixture
def copy(study, tmp_path) -> Path:
    """A copy of the study, to change things in."""
    shutil.copytree(study, tmp_path / "runs" / "widths")
    return tmp_path / "runs" / "widths"


@pytest.fixture(scope="session")
def answered(study, made_once, gan_lab_here_in) -> Path:
    """A folder with the study, a sheet about it, and the documents of that sheet."""

    def answer(folder: Path) -> None:
        shutil.copytree(study, folder / "runs" / "widths")
        write_sheet(folder, CONTENT)
        best = Study(collect(["widths"], folder / "runs")).best_run()
        counted = gan_lab_here_in(folder, "modes", str(best.run.directory), "--samples", "100")
        assert counted.returncode == 0, counted.stderr
        result = gan_lab_here_in(folder, "report", "widths", "--sheet", NAME)
        assert result.returncode == 0, result.stderr
        (folder / "said.txt").write_text(result.stdout, encoding="utf-8")

    return made_once("answered", answer)


@pytest.fixture
def documents(answered, tmp_path) -> Path:
    """A copy of these documents, beside a copy of the study."""
    return copied_sheet(answered, tmp_path)
