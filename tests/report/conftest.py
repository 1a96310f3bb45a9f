"""What tests of reports share: a study, trained once, and a copy to change things in."""

import shutil
from itertools import product
from pathlib import Path

import pytest

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
