"""`gan-lab explain dataset=image_folder folder=...` says what is true of a folder, and shows it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from messy_folders import FOLDERS, SIDE


@pytest.fixture
def explained(gan_lab_here, tmp_path):
    """The lines of `explain` on a folder of FOLDERS, with single spaces."""

    def explain(name: str) -> list[str]:
        FOLDERS[name][0](tmp_path / "data" / name)
        settings = ("dataset=image_folder", f"folder={name}", f"image_size={SIDE}")
        result = gan_lab_here("explain", *settings)
        assert (result.returncode, result.stderr) == (0, "")
        return [" ".join(line.split()) for line in result.stdout.splitlines()]

    return explain


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_said_of_a_messy_folder_is_true(explained, name):
    lines = explained(name)
    for line in FOLDERS[name][1]:
        assert line in lines, "\n".join(lines)
    said_left_out = [line for line in FOLDERS[name][1] if line.startswith("left out ")]
    assert said_left_out == [line for line in lines if line.startswith("left out ")]
    assert Path(lines[-1]).is_file()


def test_a_broken_file_is_counted_beside_those_that_are_no_images(explained):
    lines = explained("with_broken_files")
    (line,) = [line for line in lines if line.startswith("images ")]
    assert sum(int(word) for word in line.split() if word.isdigit()) == 198
    assert any(line.startswith("2 of 200 images cannot be used and are left out") for line in lines)


def test_the_sheet_has_a_row_for_each_class_in_the_order_of_the_list(explained, tmp_path):
    lines = explained("in_an_archive")
    sheet = np.asarray(Image.open(Path(lines[-1])))
    assert sheet.shape == (12 * (SIDE + 2) + 2, 10 * (SIDE + 2) + 2, 3)
    row = 10 - 1
    tile = sheet[row * (SIDE + 2) + 2 : (row + 1) * (SIDE + 2), 2 : SIDE + 2]
    tens = (tmp_path / "data/in_an_archive/images/images/10").iterdir()
    assert any(np.array_equal(tile, np.asarray(Image.open(path))) for path in tens)
