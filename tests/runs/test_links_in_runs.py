"""Links, pipes and bombs in a run directory: nothing outside it is touched, and nothing hangs."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from gan_lab.common.errors import RunError
from gan_lab.common.files import new_file, read_bytes, replace_file
from gan_lab.runs.checkpoints import read_written
from gan_lab.runs.directory import Run
from small_runs import FAILED, QUICK, SHORT, assert_one_line

COMMANDS = {
    "train": (*SHORT, "study=sent"),
    "evaluate": ("evaluate", "sent/latest", "--samples", "60"),
    "sample": ("sample", "sent/latest", "--count", "4"),
    "export": ("export", "sent/latest"),
}
LONGER = (*QUICK, "hidden_dim=4", "steps=3", "study=sent")
PLACES = (
    *("status.json", "metrics.jsonl", "evaluations.jsonl", "samples", "samples/00000002.png"),
    *("checkpoints", "figures", "curves.png", ".lock", ".evaluations.lock", ".status.json.tmp"),
    "export",
)
QUICKLY = {("train", "samples"), ("train", ".lock"), ("sample", "figures"), ("export", "export"),
           ("evaluate", ".evaluations.lock"), ("train", ".status.json.tmp")}  # fmt: skip
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(scope="module")
def sent(tmp_path_factory, gan_lab_here_in) -> Path:
    """A folder with one finished run, runs/sent/RUN."""
    folder = tmp_path_factory.mktemp("sent")
    result = gan_lab_here_in(folder, *COMMANDS["train"], "sample_every=1")
    assert result.returncode == 0, result.stderr
    return folder


def copied(sent: Path, folder: Path) -> Run:
    shutil.copytree(sent / "runs", folder / "runs")
    (directory,) = (folder / "runs" / "sent").iterdir()
    return Run(directory)


def planted(run: Run, name: str, canary: Path) -> Path:
    """Put a link to a canary, or to the folder that it is in, in the place of a file or folder."""
    path = run.directory / name
    target = canary.parent if path.is_dir() else canary
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return path


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        pytest.param(verb, name, marks=[] if (verb, name) in QUICKLY else [pytest.mark.slow])
        for verb in COMMANDS
        for name in PLACES
    ],
)
def test_no_link_in_a_run_is_followed(gan_lab_here, sent, tmp_path, verb, name):
    run = copied(sent, tmp_path)
    canary = tmp_path / "outside" / "canary.png"
    canary.parent.mkdir()
    canary.write_text("untouched", encoding="utf-8")
    before = canary.stat().st_mtime_ns
    link = planted(run, name, canary)
    result = gan_lab_here(*COMMANDS[verb])
    assert_one_line(result, FAILED, str(link.relative_to(tmp_path)), "is a link")
    assert [path.name for path in canary.parent.iterdir()] == ["canary.png"]
    assert canary.read_text(encoding="utf-8") == "untouched"
    assert canary.stat().st_mtime_ns == before


def test_a_run_whose_study_lies_on_another_disk_is_trained(gan_lab_here, tmp_path):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "sent").symlink_to(tmp_path / "scratch")
    assert gan_lab_here(*COMMANDS["train"]).returncode == 0
    (directory,) = (tmp_path / "scratch").iterdir()
    directory.rename(tmp_path / "elsewhere")
    directory.symlink_to(tmp_path / "elsewhere")
    assert gan_lab_here(*COMMANDS["sample"]).returncode == 0
    assert gan_lab_here(*LONGER).returncode == 0
    assert Run(tmp_path / "elsewhere").checkpoint_steps()[-1] == 3


@pytest.mark.parametrize("name", ["config.yaml", "status.json", "metrics.jsonl", ".lock"])
def test_a_pipe_does_not_hang(gan_lab_here, sent, tmp_path, name):
    run = copied(sent, tmp_path)
    path = run.directory / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert_one_line(gan_lab_here(*COMMANDS["sample"]), FAILED, name)
    assert_one_line(gan_lab_here(*COMMANDS["train"]), FAILED, name)


@pytest.mark.parametrize("text", [BOMB, "[" * 100_000, "a: " * 10_000, "\x00" * 400, "3", "null"])
def test_a_config_that_is_none_is_refused_at_once(gan_lab_here, sent, tmp_path, text):
    run = copied(sent, tmp_path)
    run.config_path.write_text(text, encoding="utf-8")
    result = gan_lab_here(*COMMANDS["sample"])
    assert_one_line(result, FAILED, "config.yaml")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with path.open("wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(OSError, match="more than"):
        read_bytes(path)
    assert Run(tmp_path).metrics() == []
    with pytest.raises(RunError, match="cannot be read"):
        path.rename(tmp_path / "config.yaml")
        Run(tmp_path).config()


def test_a_checkpoint_that_unpacks_to_more_is_not_read(tmp_path):
    path = tmp_path / "00000002.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10**6))
    assert path.stat().st_size < 2000
    assert read_written(path) is None


def test_a_new_file_replaces_a_link_and_leaves_nothing_else(tmp_path):
    target, path = tmp_path / "target", tmp_path / "file"
    target.write_text("kept", encoding="utf-8")
    path.symlink_to(target)
    replace_file(path, "new")
    assert target.read_text(encoding="utf-8") == "kept"
    assert path.read_text(encoding="utf-8") == "new" and not path.is_symlink()

    with pytest.raises(ZeroDivisionError), new_file(path) as file:
        file.write(b"half")
        1 / 0  # noqa: B018
    assert path.read_text(encoding="utf-8") == "new"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "target"]


def test_a_new_file_can_be_read_by_whom_the_user_lets_read(tmp_path):
    old = os.umask(0o027)
    try:
        replace_file(tmp_path / "file", "text")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_only_what_a_run_has_made_is_removed(gan_lab_here, sent, tmp_path):
    run = copied(sent, tmp_path)
    kept = [run.directory / "notes.txt", run.samples / "mine.jpg", run.checkpoints / "mine.txt"]
    for path in kept:
        path.write_text("mine", encoding="utf-8")
    (run.samples / ".gan-lab-0123.tmp").write_text("half", encoding="utf-8")
    assert gan_lab_here(*LONGER).returncode == 0
    assert gan_lab_here(*COMMANDS["train"], "restart=true").returncode == 0
    assert all(path.read_text(encoding="utf-8") == "mine" for path in kept)
    assert not list(run.directory.rglob("*.tmp"))
