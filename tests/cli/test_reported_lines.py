"""Command lines that users have reported, as they were typed."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gan_lab.config.identity import run_directory
from small_runs import SHORT, USAGE, assert_one_line, config_of, runs_in, states


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "img"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(13):
        pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


SMALL = (*SHORT[:-3], "hidden_dim=4", "steps=3", "batch_size=4", "dataset=image_folder")


@pytest.mark.slow
def test_a_run_ends_where_the_output_is_ascii(gan_lab, tmp_path, images):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = gan_lab(*SMALL, f"folder={images}", **plain)
    assert (result.returncode, result.stderr) == (0, "")
    assert states(tmp_path) == ["finished"]


@pytest.mark.slow
def test_a_glob_is_a_sweep(gan_lab, tmp_path):
    result = gan_lab("-m", "loss=glob(w*)", *SHORT)
    assert result.returncode == 0, result.stderr
    names = [name.split("-")[1] for name in runs_in(tmp_path)]
    assert sorted(names) == ["wgan", "wgan_gp", "wgan_lp"]


def test_the_module_is_the_program(environment):
    command = [sys.executable, "-m", "gan_lab", "--version"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("gan-lab ")


def test_a_name_with_its_ending_is_the_same_run():
    named, with_ending = config_of("model=mlp"), config_of("model=mlp.yaml")
    assert run_directory(named) == run_directory(with_ending)
    assert with_ending.choices.model == "mlp"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("model=DCGAN", "dcgan"), ("dataset=MNIST", "mnist"), ("loss=WGAN-GP", "wgan_gp")],
)
def test_a_name_in_other_letters_is_known(gan_lab_here, typed, meant):
    assert_one_line(gan_lab_here(typed), USAGE, f"Did you mean {meant!r}?")


def test_a_directory_of_hydras_is_answered_with_ours(gan_lab_here, tmp_path, images):
    result = gan_lab_here(*SMALL, f"folder={images}", "hydra.run.dir=x")
    assert_one_line(result, USAGE, "hydra.run.dir=x", "runs_dir=x")
    assert not (tmp_path / "x").exists() and not (tmp_path / "runs").exists()
