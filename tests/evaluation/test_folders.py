"""Two folders of images are scored as samples are, and odd folders are one line."""

import json
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_lab.data import digits, image_folder

DIGITS = {split: digits(28, split=split) for split in ("train", "test")}


def write_folder(folder: Path, images: Tensor, side: int) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        picture = Image.fromarray(image.squeeze(0).numpy()).resize((side, side + 4))
        picture.save(folder / f"{number:03d}.png")
    return folder


def test_two_folders_are_scored(gan_lab_here, tmp_path):
    real = write_folder(tmp_path / "real", DIGITS["train"].images[:200], 32)
    fake = write_folder(tmp_path / "fake", DIGITS["test"].images[:100], 24)
    result = gan_lab_here("evaluate", "--real", str(real), "--fake", str(fake))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "folder_scores.jsonl"
    lines = [
        json.loads(text) for text in (tmp_path / "folder_scores.jsonl").read_text().splitlines()
    ]
    assert [one["score"] for one in lines] == [
        "nearest_train", "pairwise_distance", "ssim", "swd",
    ]  # fmt: skip
    for one in lines:
        assert [*one] == ["score", "value", "floor", "interval", "protocol"]  # and no step
        protocol = one["protocol"]
        assert "antialias to 24" in protocol["resize"] and "centre square" in protocol["resize"]
        assert (protocol["floor_split"], protocol["floor_count"]) == ("half", 100)
        assert protocol["generated_count"] == 100
        assert 0.3 * one["floor"] < one["value"] < 3 * one["floor"]  # both are digits
    same = gan_lab_here("evaluate", "--real", str(real), "--fake", str(real), "--scores", "swd")
    assert same.returncode == 0
    last = json.loads((tmp_path / "folder_scores.jsonl").read_text().splitlines()[-1])
    assert last["score"] == "swd" and last["value"] == 0


def test_images_of_all_kinds_are_scored_and_what_is_left_out_is_said(gan_lab_here, tmp_path):
    real = write_folder(tmp_path / "real", DIGITS["train"].images[:40], 32)
    fake = write_folder(tmp_path / "fake", DIGITS["test"].images[:40], 32)
    for path in sorted(fake.glob("*.png"))[:30]:  # ten would be too few to be scored
        Image.open(path).save(path.with_suffix(".pgm"))
        path.unlink()
    (fake / "notes.txt").write_text("made by hand")
    command = ("evaluate", "--real", str(real), "--fake", str(fake), "--scores", "swd")
    result = gan_lab_here(*command)
    assert result.returncode == 0, result.stderr
    record = json.loads((tmp_path / "folder_scores.jsonl").read_text())
    assert record["protocol"]["generated_count"] == 40
    assert f"{fake}: left out 1 file that is no image: 1 txt" in result.stdout


def test_each_folder_is_decoded_once(gan_lab_here, tmp_path, monkeypatch):
    module = sys.modules["gan_lab.data.image_folder"]
    decoded, folders = module.decoded, []

    def counting(top, *arguments):
        folders.append(Path(top).name)
        return decoded(top, *arguments)

    monkeypatch.setattr(module, "decoded", counting)
    images = DIGITS["test"].images
    real = write_folder(tmp_path / "real", images[:60], 32)
    fake = write_folder(tmp_path / "fake", images[60:120], 32)
    both = gan_lab_here("evaluate", "--real", str(real), "--fake", str(fake), "--scores", "swd")
    assert both.returncode == 0 and sorted(folders) == ["fake", "real"]
    gan_lab_here("evaluate", "--real", str(real), "--fake", str(real), "--scores", "swd")
    assert sorted(folders) == ["fake", "real", "real"]


def test_all_of_a_folder_is_its_two_splits(tmp_path):
    folder = write_folder(tmp_path / "folder", DIGITS["test"].images[:35], 32)
    train, test, every = (
        image_folder(folder, None, 32, 3, split).images for split in ("train", "test", "all")
    )
    assert (len(train), len(test)) == (32, 3) and torch.equal(every, torch.cat([train, test]))


def test_folders_too_small_for_a_score_get_the_others(gan_lab_here, tmp_path):
    images = DIGITS["test"].images[:40]
    folders = [str(write_folder(tmp_path / name, images, 8)) for name in ("real", "fake")]
    both = ["evaluate", "--real", folders[0], "--fake", folders[1], "--scores"]
    result = gan_lab_here(*both, "swd,nearest_train")
    assert result.returncode == 0 and "swd not computed: swd needs 14 pixels" in result.stdout
    (line,) = map(json.loads, (tmp_path / "folder_scores.jsonl").read_text().splitlines())
    assert (line["score"], line["value"]) == ("nearest_train", 0)
    alone = gan_lab_here(*both, "swd")
    assert alone.returncode == 2 and "swd needs 14 pixels" in alone.stderr


def test_odd_folders_are_one_line(gan_lab_here, tmp_path):
    real = write_folder(tmp_path / "real", DIGITS["train"].images[:40], 32)
    one = write_folder(tmp_path / "one", DIGITS["train"].images[:1], 32)
    (tmp_path / "empty").mkdir()
    for fake, count in ((one, 1), (tmp_path / "empty", 0)):
        result = gan_lab_here("evaluate", "--real", str(real), "--fake", str(fake))
        assert result.returncode == 1
        assert f"has {count} readable images" in result.stderr and result.stderr.count("\n") == 1
    for index in range(5):
        (real / f"text{index}.png").write_text("no picture")
    result = gan_lab_here("evaluate", "--real", str(real), "--fake", str(real))
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "5 of 45 images cannot be used" in result.stderr
    assert "bad_images" not in result.stderr, "which is no setting of evaluate"


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ("", 2, "evaluate what?"),
        ("--real x", 2, "--real DIR --fake DIR"),
        ("latest --real x --fake y", 2, "without runs"),
        ("--real x --fake y", 2, "x is no folder"),
        ("--real x --fake y --scores fd_classifier", 2, "folders have no classifier"),
        ("--real x --fake y --scores nonsense", 2, "unknown score 'nonsense'"),
    ],
)
def test_mistakes_are_one_line(gan_lab_here, arguments, code, reason):
    result = gan_lab_here("evaluate", *arguments.split())
    assert result.returncode == code
    assert reason in result.stderr and result.stderr.count("\n") == 1
