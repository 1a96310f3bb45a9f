"""A command goes on with the run that version 0.1 began with it, on the same images."""

import numpy as np
import pytest
from PIL import Image

from gan_lab.runs.directory import Run, run_directories
from gan_lab.training import build

SHORT = ("logger=none", "hidden_dim=4", "image_size=16", "batch_size=4", "evaluation.samples=20",
         "score_every=0", "sample_every=0", "log_every=1", "dataset.scores=[swd]")  # fmt: skip
FOLDER = ("dataset=image_folder", "folder=data/img", "data_root=.")
# What a command meant to version 0.1, in the words of today.
AS_FOLDER = ("dataset.images.holdout=tenth", "dataset.images.layout=1",
             "dataset.listing.layout=1", "dataset.unhashed=[]", "channels=3")  # fmt: skip
CASES = {
    "digits": (("dataset=digits",), ("dataset.images.holdout=fifth",)),
    "image_folder": ((*FOLDER, "channels=3"), AS_FOLDER),
}


@pytest.fixture
def folder(tmp_path):
    for split in ("train", "test"):
        for index in range(20):
            path = tmp_path / f"data/img/{split}/{index:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(index).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(noise).save(path)


def runs(tmp_path) -> dict[str, Run]:
    return {path.name: Run(path) for path in run_directories(tmp_path / "runs")}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", [pytest.param("digits", marks=pytest.mark.slow), "image_folder"])
def test_an_old_run_goes_on_and_a_new_one_begins_only_if_asked(gan_lab_here, tmp_path, name):
    typed, as_then = CASES[name]
    begun = gan_lab_here(*SHORT, *typed, *as_then, "steps=2")
    assert begun.returncode == 0, begun.stderr
    (old,) = runs(tmp_path).values()
    images = build.dataset(old.config()).images
    longer = gan_lab_here(*SHORT, *typed, "steps=4")
    assert longer.returncode == 0, longer.stderr
    assert "was begun by version 0.1" in longer.stdout and "going on from step 2" in longer.stdout
    assert [*runs(tmp_path)] == [old.directory.name]
    assert np.array_equal(build.dataset(old.config()).images, images)
    again = gan_lab_here(*SHORT, *typed, "steps=2", "restart=true")
    assert again.returncode == 0 and "version 0.1" not in again.stdout
    (new,) = runs(tmp_path).keys() - {old.directory.name}
    after = gan_lab_here(*SHORT, *typed, "steps=3")
    assert "version 0.1" not in after.stdout
    assert runs(tmp_path)[new].status().step == 3


@pytest.mark.usefixtures("folder")
def test_without_an_old_run_a_new_one_is_made(gan_lab_here, tmp_path):
    result = gan_lab_here(*SHORT, *FOLDER, "steps=1")
    assert result.returncode == 0 and "version 0.1" not in result.stdout
    (run,) = runs(tmp_path).values()
    assert run.config().dataset.images.get("layout") == 2
