"""A run that is not there, is named twice or cannot be read is one line."""

import re
import shutil

import pytest

from gan_lab.runs.directory import Run, run_directories
from small_runs import FAILED, SHORT, assert_one_line


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        ("evaluate latest", ["no run 'latest'", "runs"]),
        ("evaluate best", ["no run"]),
        ("evaluate 1234abcd", ["no run '1234abcd'"]),
        ("evaluate latest --runs-dir elsewhere", ["elsewhere"]),
        ("runs", ["no runs under runs"]),
        ("runs no_such_study", ["no_such_study"]),
    ],
)
def test_runs_that_are_not_there(gan_lab_here, command, pieces):
    assert_one_line(gan_lab_here(*command.split()), FAILED, *pieces)


@pytest.mark.slow
def test_runs_that_cannot_be_told_apart_or_read(gan_lab_here, tmp_path):
    assert gan_lab_here("-m", "seed=0,1", *SHORT).returncode == 0
    first, second = run_directories(tmp_path / "runs")
    assert_one_line(gan_lab_here("evaluate", ""), FAILED, "which run?")
    shutil.copytree(first, tmp_path / "runs/copies" / first.name)
    assert_one_line(
        gan_lab_here("evaluate", first.name), FAILED, "names 2 runs", "copies", "scratch"
    )
    shutil.rmtree(tmp_path / "runs/copies")
    assert gan_lab_here("evaluate", "best", "--samples", "100").returncode == 0

    Run(second).checkpoint_path(2).unlink()
    assert_one_line(gan_lab_here("evaluate", second.name), FAILED, "no checkpoint yet")
    config = (first / "config.yaml").read_text()
    (first / "config.yaml").write_text(re.sub(r"ngf: \d+", "ngf: 5", config))
    assert_one_line(gan_lab_here("evaluate", first.name), FAILED, "does not fit", "config.yaml")
    assert_one_line(gan_lab_here("sample", first.name), FAILED, "does not fit", "config.yaml")
    (first / "config.yaml").write_text("runtime: [")
    assert_one_line(gan_lab_here("evaluate", first.name), FAILED, "config.yaml cannot be read")


@pytest.mark.parametrize(
    ("written", "pieces"),
    [("format: 3", ["config.yaml has format 3", "up to 2"]), ("format: x", ["cannot be read"])],
)
def test_a_config_of_another_format_is_one_line(gan_lab_here, tmp_path, written, pieces):
    folder = tmp_path / "runs" / "scratch" / "dcgan-minimax-digits-s0-00000000"
    folder.mkdir(parents=True)
    content = f"{written}\nruntime: {{study: scratch}}\nchoices: {{dataset: digits}}\n"
    (folder / "config.yaml").write_text(content)
    for verb in ("evaluate", "verify", "sample", "report"):
        assert_one_line(gan_lab_here(verb, "00000000"), FAILED, *pieces)
    assert (folder / "config.yaml").read_text() == content
