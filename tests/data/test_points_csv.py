"""A file of points of one's own: how it is read, what is wrong in it, and which run it makes."""

import zipfile
from pathlib import Path

import pytest
import torch

from gan_lab.config.compose import jobs
from gan_lab.config.identity import result_hash
from gan_lab.data import PointDataset, file_hash, points_csv

POINTS = [(float(i), i / 10 - 3) for i in range(40)]


def written(folder: Path, text: str, name: str = "points.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(separator: str = ",", labels: bool = False) -> str:
    cells = [[x, y, f"c{int(x) % 2}"] if labels else [x, y] for x, y in POINTS]
    return "\n".join(separator.join(map(str, row)) for row in cells) + "\n"


def both(root: Path, file: str) -> list[PointDataset]:
    return [points_csv(root, file, split) for split in ("train", "test")]


# --- how it is read ------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", " , "])
@pytest.mark.parametrize("header", ["", "x{0}y\n", "\ufeffX{0} Y\n\n"])
def test_rows_are_points_of_which_a_tenth_is_held_out(tmp_path, separator, header):
    written(tmp_path, header.format(separator) + rows(separator))
    train, test = both(tmp_path, "points.csv")
    assert (len(train), len(test)) == (36, 4) and train.shape == (2,)
    assert train.labels is None and train.classes == () and train.centers is None
    assert train.images.dtype == torch.float32 and train.origin == str(tmp_path / "points.csv")
    together = sorted(map(tuple, torch.cat([train.images, test.images]).tolist()))
    assert together == [tuple(torch.tensor(point).tolist()) for point in POINTS]
    assert torch.equal(train.images, points_csv(tmp_path, "points.csv").images)


@pytest.mark.parametrize(
    "text",
    [
        rows(labels=True),
        "id,y,label,x\n" + "".join(f"7,{y},c{int(x) % 2},{x}\n" for x, y in POINTS),
    ],
)
def test_a_third_column_or_one_called_label_has_the_classes(tmp_path, text):
    path = written(tmp_path, text)
    train, test = both(Path("/elsewhere"), str(path))
    assert train.classes == test.classes == ("c0", "c1")
    assert test.labels.bincount().tolist() == [2, 2]  # a tenth of each class
    assert torch.equal(train.labels, train.images[:, 0].long() % 2)


def test_classes_that_are_numbers_are_in_their_order(tmp_path):
    written(tmp_path, "".join(f"{i},{i},{i % 12}\n" for i in range(48)))
    assert points_csv(tmp_path, "points.csv").classes == tuple(map(str, range(12)))


# --- what is wrong in it -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("x,y\n1,2\n3,four\n", [":3:", "'four'", "column y", "finite number"]),
        ("1,2\n\n3,nan\n", [":3:", "'nan'", "column y"]),
        ("1,2\ninf,3\n", [":2:", "'inf'", "column x"]),
        ("1,2\n1e39,3\n", [":2:", "'1e39'", "column x"]),
        ("1,2\n3,\n", [":2:", "''", "column y"]),
        ("1;2\n1,5;2\n", [":2:", "'1,5'", "column x"]),
        ("1,2\n3\n", [":2:", "has 1 columns, not 2"]),
        ("1\n2\n", [":1:", "has 1 columns", "x and y"]),
        ("a,b\n1,2\n", [":1:", "'a', 'b'", "names x and y"]),
        ("x,y,label\n1,2,a\n1,2,\n", [":3:", "no label"]),
        ("x,y\n", ["has 0 points"]),
        ("", ["has 0 points"]),
        (f"1,2\n{'9' * 50}x,3\n", [":2:", "'" + "9" * 30 + "'"]),
    ],
)
def test_a_bad_row_is_one_line_with_file_and_line(tmp_path, text, pieces):
    written(tmp_path, text)
    with pytest.raises(ValueError, match=r"points\.csv") as caught:
        points_csv(tmp_path, "points.csv")
    line = str(caught.value)
    assert "\n" not in line and all(piece in line for piece in pieces), line


def test_bytes_that_are_no_text_are_one_line(tmp_path):
    (tmp_path / "points.csv").write_bytes(b"\xff\xfe1\x002\x00")
    with pytest.raises(ValueError, match=r"points\.csv: is no text"):
        points_csv(tmp_path, "points.csv")


SMALL = ("dataset=points_csv", "model=point_mlp", "latent_dim=2", "logger=none", "steps=4",
         "batch_size=8", "evaluation.samples=50", "evaluation.samples_during=20",
         "threads=1")  # fmt: skip


@pytest.mark.parametrize(
    ("text", "settings", "code", "pieces"),
    [
        ("x,y\n1,2\n3,four\n", ("dataset.images.file=points.csv",), 1, ["points.csv:3:", "'four'"]),
        ("1,2\n", (), 2, ["dataset=points_csv needs a file", "dataset.images.file=PATH"]),
        ("1,2\n", ("dataset.images.file=other.csv",), 1, ["other.csv", "cannot be read"]),
    ],
)
def test_a_command_answers_in_one_line_and_starts_nothing(
    gan_lab_here, tmp_path, text, settings, code, pieces
):
    written(tmp_path, text)
    result = gan_lab_here(*SMALL, *settings, "data_root=.")
    assert result.returncode == code
    line = result.stderr.splitlines()[-1]
    assert all(piece in line for piece in pieces), result.stderr
    assert not list(tmp_path.rglob("metrics.jsonl"))


# --- which run it makes --------------------------------------------------------------------------


def hash_of(folder: Path, file: str = "points.csv") -> str:
    (job,) = jobs([*SMALL, f"data_root={folder}", f"dataset.images.file={file}"],
                  False)  # fmt: skip
    return result_hash(job.config)


def test_the_content_is_in_the_hash_and_the_place_is_not(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        folder.mkdir()
    for folder in (first, second):
        written(folder, rows())
    assert hash_of(first) == hash_of(second)
    assert hash_of(first) == hash_of(second, str(first / "points.csv"))
    before, names = hash_of(second), file_hash(second, "points.csv")
    changed = rows().replace("39.0", "38.0")  # as long as before
    written(second, changed)
    assert len(changed) == len(rows()) and hash_of(second) != before
    assert file_hash(second, "points.csv") != names


def test_a_run_on_a_file_is_trained_and_refuses_another_content(gan_lab_here, tmp_path):
    path = written(tmp_path, rows(labels=True))
    settings = (*SMALL, f"dataset.images.file={path}", "model.condition_g=true")
    result = gan_lab_here(*settings)
    assert result.returncode == 0, result.stderr
    assert gan_lab_here("evaluate", "latest", "--samples", "50").returncode == 0
    assert gan_lab_here("pack", "latest", "--out", "run.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "run.zip") as packed:
        texts = [
            packed.read(name) for name in packed.namelist() if name.endswith((".yaml", ".json"))
        ]
    assert len(texts) > 2 and not any(str(tmp_path).encode() in text for text in texts)
    path.write_text(rows(labels=True).replace("39.0", "38.0"))
    result = gan_lab_here("evaluate", "latest", "--samples", "50")
    assert result.returncode == 1 and "not those that the run was trained on" in result.stdout
