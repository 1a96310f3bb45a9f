"""Nothing outside a run is changed through what somebody put into it."""

import shutil
from pathlib import Path

import pytest

from grid_proof import assert_no_finding
from links import LINKS, state_of

OLD_RUN = Path(__file__).parents[1] / "old_run" / "cdcgan-nonsaturating-digits-s0-a11bb5b2"


@pytest.mark.parametrize("plant", LINKS)
@pytest.mark.parametrize("name", ["status.json", "metrics.jsonl"])
def test_reading_follows_no_link_and_waits_for_no_pipe(gan_lab_here, tmp_path, name, plant):
    run, canaries = tmp_path / "runs" / "study" / OLD_RUN.name, tmp_path / "canaries"
    shutil.copytree(OLD_RUN, run)
    (canaries / "folder").mkdir(parents=True)
    (canaries / "file").write_text("a canary", encoding="utf-8")
    LINKS[plant](run / name, canaries)
    before = state_of(canaries)
    result = gan_lab_here("runs", "study")
    assert result.returncode == 0, result.stderr
    assert OLD_RUN.name in result.stdout
    assert state_of(canaries) == before


@pytest.mark.slow
def test_a_sample_of_links_pipes_and_bombs_finds_nothing():
    assert_no_finding("links.py", 80)
