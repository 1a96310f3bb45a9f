"""`gan-lab explain dataset=NAME`: counts known from the files, and a sheet to look at."""

from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from gan_lab.common.paths import conf_directory

DATASETS = sorted((conf_directory() / "dataset").glob("*.yaml"))


@pytest.mark.parametrize("path", DATASETS, ids=lambda path: path.stem)
def test_every_dataset_names_its_source_and_its_licence(path):
    file = OmegaConf.load(path)
    assert file.source and file.licence


def test_a_folder_is_described_and_shown(gan_lab_here, tmp_path, environment):
    for number, (name, count) in enumerate({"ant": 12, "bee": 28}.items()):
        for index in range(count):
            path = tmp_path / f"data/flowers/{name}/{index:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            size = {0: (40, 32), 1: (32, 64)}.get(index, (32, 32)) if name == "bee" else (32, 32)
            Image.new("RGB", size, (255 * number, 0, 100)).save(path)
    result = gan_lab_here("explain", "dataset=flowers")
    assert (result.returncode, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    for line in (
        "images 36 to train on, 4 held out to test",
        "shape 3x32x32, as networks see them",
        "files 32x32 to 32x64, most often 32x32 (38 of 40 looked at)",
        "classes 2, of 11 to 25",
        "layout classes are the 2 folders at the top",
        "held out every tenth image, in the order of names",
        "crop 2 of 40 images are cut to their central square; the median of these loses 35% of its "
        "area",
        "ant 11 30.6% 1 held out",
        "bee 25 69.4% 3 held out",
        "found in data/flowers",
    ):
        assert line in lines
    assert any(line.startswith(f"cache_dir {environment['GAN_LAB_CACHE']}") for line in lines)
    sheet = np.asarray(Image.open(Path(lines[-1])))
    assert sheet.shape == (2 * 34 + 2, 10 * 34 + 2, 3)
    assert (sheet[10, 10] == (0, 0, 100)).all() and (sheet[44, 10] == (255, 0, 100)).all()


def test_points_are_shown_as_points(gan_lab_here):
    result = gan_lab_here("explain", "dataset=ring")
    assert result.returncode == 0 and "100,000 to train on" in result.stdout
    assert Path(result.stdout.splitlines()[-1]).is_file()


def test_missing_files_are_said_with_what_to_fetch(gan_lab_here):
    result = gan_lab_here("explain", "dataset=image_folder", "folder=nowhere")
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1 and "no images below" in line
