"""What tests of reports share: a study, trained once, and a copy to change things in."""

import shutil
from pathlib import Path

import pytest

QUICK = (
    *("logger=none", "steps=40", "log_every=2", "sample_every=10", "score_every=20"),
    *("batch_size=16", "evaluation.samples=100", "evaluation.samples_during=100", "threads=1"),
)


@pytest.fixture(scope="session")
def study(tmp_path_factory, gan_lab_in) -> Path:
    """The runs of a study: two widths, two seeds, and one that diverges."""
    folder = tmp_path_factory.mktemp("study")
    result = gan_lab_in(folder, "-m", "hidden_dim=4,8", "seed=0,1", "study=widths", *QUICK)
    assert result.returncode == 0, result.stderr
    result = gan_lab_in(folder, "lr=1e30", "hidden_dim=4", "study=widths", *QUICK)
    assert result.returncode == 1
    return folder / "runs" / "widths"


@pytest.fixture
def copy(study, tmp_path) -> Path:
    """A copy of the study, to change things in."""
    shutil.copytree(study, tmp_path / "runs" / "widths")
    return tmp_path / "runs" / "widths"
