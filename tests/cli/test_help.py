"""Questions to the command line are answered at once, and start nothing."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gan_lab.cli.main import HELP, _verb
from gan_lab.config import compose


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("--cfg job", "latent_dim: 16"),
        ("--cfg job nz=7 experiment=mnist_dcgan", "latent_dim: 7"),
        ("--cfg job --resolve hidden_dim=7", "ngf: 7"),
        ("--cfg job sweep=null logger=null", "logger:\n  _target_: null"),
        ("-sc install=bash", "gan-lab"),
        ("--version", "gan-lab 0."),
    ],
)
def test_questions_are_answered_and_start_nothing(
    gan_lab_here, monkeypatch, tmp_path, command, shown
):
    monkeypatch.setattr(sys, "argv", ["gan-lab"])  # which Hydra reads
    assert_answered(gan_lab_here(*command.split()), shown, tmp_path)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("--info", "FileConfigSource"),
        ("--info defaults", "dataset/digits"),
        ("--hydra-help", "Hydra"),
    ],
)
def test_what_hydra_itself_answers_starts_nothing(gan_lab, tmp_path, command, shown):
    """Each in a process of its own, for it sets up the logging."""
    assert_answered(gan_lab(*command.split()), shown, tmp_path)


def assert_answered(result: subprocess.CompletedProcess[str], shown: str, folder: Path) -> None:
    assert result.returncode == 0 and not result.stderr
    assert shown in result.stdout
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("typed", "offered"), [("mod", "model="), ("loss=mini", "loss=minimax"), ("latent", "latent_")]
)
def test_bash_completes(gan_lab_here, monkeypatch, typed, offered):
    line = {"COMP_LINE": f"gan-lab {typed}", "COMP_POINT": "99", "COMP_CWORD": "1"}
    for name, value in line.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["gan-lab"])
    result = gan_lab_here("-sc", "query=bash")
    assert result.returncode == 0 and offered in result.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_is_quick_for_it_imports_nothing_large(environment, arguments):
    script = Path(sys.executable).with_name("gan-lab")
    command = [sys.executable, "-X", "importtime", script, *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == HELP
    imported = {line.split("|")[-1].strip().split(".")[0] for line in result.stderr.splitlines()}
    assert "gan_lab" in imported
    large = {"torch", "hydra", "omegaconf", "numpy", "wandb", "rich", "matplotlib", "sklearn"}
    assert not imported & large


def test_the_six_examples_of_the_help_are_right():
    examples = re.findall(r"^  gan-lab (.+?)  ", HELP.partition("Six to begin with")[2], re.M)
    assert len(examples) == 6
    for arguments in map(shlex.split, examples):
        verb, settings = _verb(arguments)
        if verb == "train":
            multirun = "-m" in settings
            jobs = compose.jobs([text for text in settings if text != "-m"], multirun)
            assert len(jobs) == (3 if multirun else 1)
