"""A damaged file of a run is answered by one line, and takes nothing else with it."""

import shutil
from pathlib import Path

import pytest

from grid_judge import CLASS
from grid_proof import assert_no_finding

OLD_RUN = Path(__file__).parents[1] / "old_run" / "cdcgan-nonsaturating-digits-s0-a11bb5b2"
WORST = {
    "brackets": b"[" * 100_000,
    "digits": b'{"step": ' + b"9" * 5_000 + b"}\n",
    "NULs": bytes(1_000),
    "null": b"null\n",
    "not UTF-8": b'{"step": "\xff"}\n',
}


@pytest.mark.parametrize("content", WORST.values(), ids=WORST)
@pytest.mark.parametrize("name", ["status.json", "metrics.jsonl", "evaluations.jsonl"])
def test_a_damaged_file_leaves_the_list_of_runs(gan_lab_here, tmp_path, name, content):
    for seed in "ab":
        shutil.copytree(OLD_RUN, tmp_path / "runs" / "study" / f"{OLD_RUN.name}{seed}")
    (tmp_path / "runs" / "study" / f"{OLD_RUN.name}a" / name).write_bytes(content)
    result = gan_lab_here("runs", "study")
    assert result.returncode == 0, result.stderr
    (whole,) = [line for line in result.stdout.splitlines() if f"{OLD_RUN.name}b " in line]
    assert "finished  60" in whole
    assert f"{OLD_RUN.name}a" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("name", [name for name in WORST if name != "brackets"])  # 20 s in YAML
def test_a_damaged_config_is_answered_by_one_line(gan_lab_here, tmp_path, name):
    run = tmp_path / "runs" / "study" / OLD_RUN.name
    shutil.copytree(OLD_RUN, run)
    (run / "config.yaml").write_bytes(WORST[name])
    result = gan_lab_here("sample", str(run))
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert OLD_RUN.name in line
    assert not CLASS.search(line)


@pytest.mark.slow
def test_a_sample_of_the_grid_finds_nothing():
    assert_no_finding("grid.py", 60)
