"""A packed run opens elsewhere, and says nothing of the machine that it comes from."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from small_runs import SHORT, the_run


@pytest.fixture(scope="module")
def sender(made_once, gan_lab_here_in) -> Path:
    """A folder with one run, whose command named places."""

    def train(folder: Path) -> None:
        places = (f"data_root={folder}/private_data", f"cache_dir={folder}/private_cache")
        result = gan_lab_here_in(folder, *SHORT, *places, "study=sent", "checkpoint_every=1")
        assert result.returncode == 0, result.stderr

    return made_once("sender", train)


@pytest.fixture
def own(sender, tmp_path) -> Path:
    """A copy of the sender's folder, below which tests may write."""
    return Path(shutil.copytree(sender, tmp_path / "own"))


def test_a_packed_run_opens_as_a_strangers(own, tmp_path, gan_lab_here_in):
    packed = gan_lab_here_in(own, "pack", "latest", "--out", "run.zip")
    assert packed.returncode == 0, packed.stderr
    assert len(packed.stdout.splitlines()) == 2 and "1 checkpoint of step 2" in packed.stdout
    away = tmp_path / "away"
    name = the_run(own).directory.name
    with zipfile.ZipFile(own / "run.zip") as archive:
        assert {entry.partition("/")[0] for entry in archive.namelist()} == {name}
        archive.extractall(away)
    shutil.rmtree(own)
    for command in (["verify", name], ["evaluate", name, "--samples", "20"],
                    ["sample", name, "--count", "4"], ["report", name]):  # fmt: skip
        result = gan_lab_here_in(away, *command)
        assert result.returncode == 0, (command, result.stdout, result.stderr)


def test_a_zip_names_no_place_of_the_sender(own, gan_lab_here_in, environment):
    run = the_run(own)
    (run.directory / "wandb.json").write_text("{}", encoding="utf-8")
    (run.directory / "error.txt").write_text(f"in {own}/private", encoding="utf-8")
    status = run.status_path.read_text("utf-8")
    run.status_path.write_text(
        status.replace('""', f'"the disk is full: {own}/private/x.pt"'), encoding="utf-8"
    )
    assert gan_lab_here_in(own, "pack", "latest", "--out", "run.zip").returncode == 0
    with zipfile.ZipFile(own / "run.zip") as archive:
        contents = {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}
    assert not {"wandb.json", "error.txt", ".lock"} & contents.keys()
    assert b"the disk is full: x.pt" in contents["status.json"]
    for name, content in contents.items():
        for place in (str(own), str(own.parent), environment["HOME"], "private_data", "private_c"):
            assert place.encode() not in content, (name, place)
    assert contents["metrics.jsonl"] == run.metrics_path.read_bytes()


def test_the_same_run_makes_the_same_zip(own, gan_lab_here_in):
    for out in ("one.zip", "two.zip"):
        assert gan_lab_here_in(own, "pack", "latest", "--out", out).returncode == 0
        for path in the_run(own).directory.iterdir():
            path.touch()
    assert (own / "one.zip").read_bytes() == (own / "two.zip").read_bytes()


def test_checkpoints_are_chosen_and_a_broken_one_is_passed_over(own, gan_lab_here_in):
    run = the_run(own)
    first, last = run.checkpoint_steps()
    run.checkpoint_path(last).write_bytes(b"PK broken")
    assert f"of step {first}\n" in gan_lab_here_in(own, "pack", "latest").stdout
    none = gan_lab_here_in(own, "pack", "latest", "--checkpoints", "none", "--out", "none.zip")
    assert none.returncode == 0 and "0 checkpoints\n" in none.stdout
    run.checkpoint_path(first).unlink()
    result = gan_lab_here_in(own, "pack", "latest")
    assert result.returncode == 1 and "--checkpoints none" in result.stderr


def test_no_link_is_followed_into_a_zip(own, gan_lab_here_in):
    run = the_run(own)
    (own / "secret").write_text("a secret", encoding="utf-8")
    (run.directory / "modes_raw.json").unlink(missing_ok=True)
    (run.directory / "modes_raw.json").symlink_to(own / "secret")
    shutil.move(run.samples, own / "elsewhere")
    run.samples.symlink_to(own / "elsewhere")
    assert gan_lab_here_in(own, "pack", "latest", "--out", "run.zip").returncode == 0
    with zipfile.ZipFile(own / "run.zip") as archive:
        assert not [n for n in archive.namelist() if "samples" in n or "modes_raw" in n]


def test_a_damaged_line_costs_no_other_and_is_not_sent(own, gan_lab_here_in):
    run = the_run(own)
    whole = run.evaluations_path.read_bytes().splitlines(keepends=True)
    run.evaluations_path.write_bytes(
        b"".join([*whole[:1], b'{"at": "/home/me/secret"\n', *whole[1:]])
    )
    arguments = ("pack", "latest", "--checkpoints", "none", "--out", "lines.zip")
    assert gan_lab_here_in(own, *arguments).returncode == 0
    with zipfile.ZipFile(own / "lines.zip") as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("evaluations.jsonl")]
        sent = archive.read(name).splitlines(keepends=True)
    assert [json.loads(line) for line in sent] == [json.loads(line) for line in whole]
    run.evaluations_path.write_bytes(b"".join(whole))
