"""A run on a folder of one's own: its classes keep their names, and its images may move away."""

import shutil

import numpy as np
import pytest
from PIL import Image

from small_runs import FAILED, USAGE, assert_one_line, the_run

SHORT = ("image_size=16", "hidden_dim=4", "batch_size=8", "steps=2", "logger=none", "threads=1",
         "evaluation.samples=40", "score_every=0", "dataset.scores=[class_shares]")  # fmt: skip
OWN = ("dataset=image_folder", "folder=img", "data_root=.", "dataset.classifier=train")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, gan_lab_here_in):
    """A conditional run on two classes with names, one of them dark, and what it printed."""
    folder = tmp_path_factory.mktemp("own")
    for shift, name in enumerate(("dark roses", "light")):
        (folder / "img" / name).mkdir(parents=True)
        for index in range(40):
            noise = np.random.default_rng(index).integers(0, 80, (16, 16, 3)) + 150 * shift
            Image.fromarray(noise.astype(np.uint8)).save(folder / "img" / name / f"{index}.png")
    result = gan_lab_here_in(folder, *SHORT, *OWN, "model=cdcgan")
    assert result.returncode == 0, result.stderr
    (folder / "img").rename(folder / "moved")
    return folder, result.stdout


@pytest.fixture
def here(trained, tmp_path):
    """A copy of it all, where images lie elsewhere than the config says."""
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_classifier_of_the_folders_classes_is_told_with_its_accuracy(trained):
    assert "classifier  image_folder: right on 100% of 8 test images" in trained[1]


def test_config_yaml_has_the_names_of_the_classes(here):
    assert the_run(here).config().classes == ("dark roses", "light")
    assert the_run(here).config().class_name(1) == "light"


def test_a_class_is_asked_for_by_its_name_or_its_number(gan_lab_here, here):
    one, two = (gan_lab_here("sample", "latest", "--class", name) for name in ("light", "1"))
    assert (one.returncode, one.stdout) == (0, two.stdout)
    assert_one_line(gan_lab_here("sample", "latest", "--class", "rose"), USAGE, "dark roses, light")
    assert_one_line(gan_lab_here("sample", "latest", "--class", "2"), USAGE, "0 to 1")


VERBS = {
    "evaluate": ("--samples", "20", "--scores", "swd"),
    "verify": (),
    "modes": ("--samples", "100"),
    "equilibrium": ("--steps", "1", "--fresh-steps", "1"),
    "sample": ("--layout", "nearest", "--count", "2"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_images_that_have_moved_are_named(gan_lab_here, here, verb):
    command = (verb, "latest", *VERBS[verb])
    lost = gan_lab_here(*command)
    assert lost.returncode == FAILED
    assert "--data-root or --folder" in (lost.stderr or lost.stdout)
    found = gan_lab_here(*command, "--folder", "moved")
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_other_images_are_not_taken_for_them(gan_lab_here, here, verb):
    (here / "moved" / "light" / "3.png").unlink()
    result = gan_lab_here(verb, "latest", *VERBS[verb], "--folder", "moved")
    assert_one_line(result, FAILED, "not those", "names or sizes differ")


def test_a_run_of_version_01_is_known_by_the_hash_in_its_name(gan_lab_here, here):
    """Its config.yaml does not hold the hash of its files."""
    path = the_run(here).config_path
    kept = [line for line in path.read_text().splitlines() if not line.startswith("files:")]
    path.write_text("\n".join(kept) + "\n")
    command = ("evaluate", "latest", *VERBS["evaluate"], "--folder", "moved")
    assert gan_lab_here(*command).returncode == 0
    (here / "moved" / "light" / "3.png").unlink()
    assert_one_line(gan_lab_here(*command), FAILED, "names or sizes differ")


def test_a_dataset_without_a_folder_has_none_to_name(gan_lab_here, tmp_path):
    settings = [text for text in SHORT if not text.startswith("dataset")]
    result = gan_lab_here(*settings, "dataset=digits", "dataset.scores=[swd]")
    assert result.returncode == 0, result.stderr
    wrong = gan_lab_here("evaluate", "latest", "--folder", str(tmp_path))
    assert_one_line(wrong, USAGE, "digits is none")


def test_a_folder_without_classes_has_no_classifier(gan_lab_here, here):
    shutil.move(here / "moved" / "light", here / "img")
    result = gan_lab_here(*SHORT, *OWN)
    assert_one_line(result, USAGE, "needs classes", "dataset.classifier=null")


def test_a_class_that_was_never_shown_is_not_drawn(gan_lab_here, here):
    path = the_run(here).config_path
    text = path.read_text()
    assert "class_counts:\n- 36\n- 36\n" in text
    path.write_text(text.replace("class_counts:\n- 36\n- 36\n", "class_counts:\n- 0\n- 72\n"))
    result = gan_lab_here("sample", "latest", "--class", "dark roses")
    assert_one_line(result, USAGE, "'dark roses' had no training image")
    assert gan_lab_here("sample", "latest", "--layout", "classes").returncode == 0
