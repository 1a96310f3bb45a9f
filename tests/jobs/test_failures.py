"""What goes wrong while a run is trained is one line, and loses nothing that was written."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gan_lab.runs.checkpoints import read_checkpoint
from gan_lab.runs.directory import Run
from small_runs import FAILED, QUICK, SHORT, assert_one_line, runs_in, the_run


def contents(run: Run) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_one_failing_run_stops_no_other(gan_lab_here, tmp_path):
    result = gan_lab_here("-m", "batch_size=5000,16", *SHORT)
    assert_one_line(result, FAILED, "batch_size=5000")
    states = {run.config().batch_size: run.status().state for run in runs_in(tmp_path).values()}
    assert states == {5000: "failed", 16: "finished"}


@pytest.mark.slow
def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(gan_lab, gan_lab_here, tmp_path):
    assert gan_lab_here("steps=2", *QUICK).returncode == 0
    run = the_run(tmp_path)
    before = contents(run)
    checkpoint = run.checkpoint_path(2)

    # A file may not grow beyond 100 blocks of 512 bytes: what small files need.
    limited = ("sh", "-c", 'ulimit -f 100; exec "$0" "$@"')
    result = gan_lab("steps=4", *QUICK, prefix=limited)
    assert_one_line(result, FAILED, "the system refuses", "takes larger files", "goes on")
    assert run.status().state == "failed"
    assert run.checkpoint_steps() == [2]
    assert checkpoint.read_bytes() == before[checkpoint]
    assert not list(run.directory.rglob("*.tmp"))

    result = gan_lab_here("steps=4", *QUICK)
    assert result.returncode == 0 and "going on from step 2" in result.stdout
    assert run.checkpoint_steps() == [4]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_loses_nothing_and_the_same_command_goes_on(gan_lab_here, tmp_path, small_disk):
    def train(steps: int):
        return gan_lab_here(
            f"steps={steps}", f"runs_dir={small_disk / 'runs'}", "log_every=1", *QUICK
        )

    assert train(2).returncode == 0
    run = the_run(small_disk)
    before = contents(run)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))

    assert_one_line(train(4), FAILED, "the system refuses", "make room", "goes on")
    for path in before.keys() - {run.status_path}:
        assert path.read_bytes() == before[path], path
    ballast.unlink()
    assert train(4).returncode == 0
    assert [line["step"] for line in run.metrics()] == [1, 2, 3, 4]


@pytest.mark.parametrize("setting", ["runs_dir=file/runs", "runs_dir=file", "runs_dir=/proc/runs"])
def test_a_folder_that_cannot_be_written(gan_lab_here, tmp_path, setting):
    (tmp_path / "file").touch()
    assert_one_line(gan_lab_here(setting, *SHORT), FAILED, "cannot write", setting[9:], "runs_dir=")


def test_a_cache_that_cannot_be_written(gan_lab_here, tmp_path):
    (tmp_path / "file").touch()
    result = gan_lab_here("cache_dir=file/cache", *SHORT)
    assert_one_line(result, FAILED, "the system refuses", "file/cache")
    assert the_run(tmp_path).checkpoint_steps() == [2]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(gan_lab_here, tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o500)
    result = gan_lab_here(f"runs_dir={folder}", *SHORT)
    assert_one_line(result, FAILED, "Permission denied", "runs_dir=")


def test_a_run_of_another_process_is_left_alone(gan_lab, gan_lab_here, tmp_path):
    assert gan_lab_here(*SHORT).returncode == 0
    run = the_run(tmp_path)
    run.take()
    before = contents(run)
    result = gan_lab(*SHORT[:-1], "steps=4")
    run.release()
    assert_one_line(result, FAILED, "by another process")
    assert contents(run) == before


def test_divergence_is_one_line_and_the_last_good_checkpoint_is_kept(gan_lab_here, tmp_path):
    result = gan_lab_here("lr=1e30", "checkpoint_every=1", "log_every=1", *QUICK, "steps=20")
    assert_one_line(result, FAILED, "diverged", "lr_g or lr_d")
    run = the_run(tmp_path)
    assert run.status().state == "diverged"
    assert all(read_checkpoint(run.checkpoint_path(step)) for step in run.checkpoint_steps())
