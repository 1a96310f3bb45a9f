"""A run of version 0.1.0 (tests/old_run) is still scored, drawn, repeated and resumed."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

import freeze

FROZEN = Path(__file__).parent
OLD = FROZEN.parent / "old_run"
(NAME,) = [path.name for path in OLD.iterdir() if path.is_dir()]
STEPS, MORE = 60, 70


@pytest.fixture
def directory(tmp_path) -> Path:
    """A copy of the run, where `gan-lab` looks for it."""
    shutil.copytree(OLD, tmp_path / "runs" / "old_run")
    return tmp_path / "runs" / "old_run" / NAME


def test_it_has_the_names_that_have_moved_since():
    config = (OLD / NAME / "config.yaml").read_text()
    for target in ("augment.Augmentation", "extractors.trained_classifier", "losses.R1"):
        assert f"_target_: gan_lab.{target}\n" in config


def test_it_is_scored(gan_lab_here, directory):
    before = (directory / "evaluations.jsonl").read_text().splitlines()
    assert gan_lab_here("evaluate", NAME, "--samples", "150").returncode == 0
    text = (directory / "evaluations.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    new = [line for line in lines if line["protocol"]["generated_count"] == 150]
    assert len(lines) == len(before) + len(new)
    assert {"fd_classifier", "confident", "agreement", "swd"} <= {line["score"] for line in new}


@pytest.mark.parametrize(
    "command",
    [
        ("sample", NAME),
        ("sample", NAME, "--layout", "classes"),
        ("interpolate", NAME),
        ("modes", NAME),
        ("report", "old_run"),
        ("runs", "old_run"),
    ],
    ids=" ".join,
)
def test_it_is_shown(gan_lab_here, directory, command):
    result = gan_lab_here(*command)
    assert result.returncode == 0, result.stderr
    if command[0] == "runs":
        assert NAME in result.stdout
    else:
        assert Path(result.stdout.splitlines()[-1]).exists()


def test_its_steps_are_repeated(gan_lab_here, directory):
    result = gan_lab_here("verify", NAME)
    assert "metrics of 12 lines up to step 60" in result.stdout
    if freeze.machine() == json.loads((FROZEN / "facts.json").read_text())["machine"]:
        assert result.returncode == 0, result.stderr
        assert "repeated: no difference" in result.stdout
        assert "checkpoint at step 60" in result.stdout
    else:  # other bits, which are said, but no mistake
        assert result.returncode == 0 or "is not repeated: step" in result.stderr


def test_it_goes_on(gan_lab_here, directory):
    before = (directory / "metrics.jsonl").read_bytes()
    (start,) = json.loads((directory / "environment.json").read_text())
    program, *settings = shlex.split(start["command"])
    assert program == "gan-lab" and f"steps={STEPS}" in settings
    settings[settings.index(f"steps={STEPS}")] = f"steps={MORE}"
    result = gan_lab_here(*settings)
    assert result.returncode == 0, result.stderr
    assert f"going on from step {STEPS}" in result.stdout
    after = (directory / "metrics.jsonl").read_bytes()
    assert after.startswith(before)
    assert json.loads(after.splitlines()[-1])["step"] == MORE
    assert [path.name for path in directory.parent.iterdir() if path.is_dir()] == [NAME]
