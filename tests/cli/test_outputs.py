"""What the program prints and refuses, in processes of its own: letters, modules, numbers."""

import subprocess
import sys

import pytest

from small_runs import SHORT, USAGE, assert_one_line, the_run


def test_a_terminal_with_few_letters_fails_no_run(gan_lab, tmp_path):
    result = gan_lab(*SHORT, PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert the_run(tmp_path).status().state == "finished"
    (scores,) = [line for line in result.stdout.splitlines() if line.startswith("FD")]
    assert "+-" in scores


def test_python_m_takes_no_library_from_the_working_directory(tmp_path, environment):
    for name in ("yaml", "torch", "rich"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('poison')", encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "gan_lab", "explain", "loss=wgan"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0 and "Wasserstein" in result.stdout, result.stderr


def test_a_module_that_ends_the_program_is_one_line(gan_lab_here, tmp_path):
    (tmp_path / "ending.py").write_text("raise SystemExit(0)", encoding="utf-8")
    result = gan_lab_here("model.generator._target_=ending.Generator", *SHORT)
    assert_one_line(result, USAGE, "ending.Generator", "SystemExit")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("evaluate", "/no/such/run"), "'/no/such/run'"),
        (("evaluate", "no/such/run"), "'no/such/run'"),
        (("evaluate", "*"), "'*'"),
        (("evaluate", "["), "'['"),
        (("evaluate", "a\0b"), "a\\x00b"),
        (("evaluate", "x" * 5000), "no run"),
        (("runs", "["), "["),
        (("runs", "**"), "**"),
        (("report", "["), "["),
    ],
)
def test_what_is_typed_is_a_name_and_no_pattern(gan_lab_here, arguments, words):
    result = gan_lab_here(*arguments)
    assert_one_line(result, 1, words)


@pytest.mark.parametrize(
    "arguments",
    [("evaluate", "x", "--samples", "²"), ("evaluate", "x", "--samples", "10000001"),
     ("sample", "x", "--seed", str(2**63)), ("sample", "x", "--count", "9" * 5000),
     ("sample", "x", "--count", "٣"), ("sample", "x", "--columns", "-1")],
)  # fmt: skip
def test_numbers_of_verbs_have_ends(gan_lab_here, arguments):
    assert_one_line(
        gan_lab_here(*arguments), USAGE, arguments[2], "is not a whole number of at least"
    )


@pytest.mark.parametrize(
    ("layout", "count"), [("plane", "101"), ("grid", "10001"), ("nearest", "10000000")]
)
def test_a_picture_holds_as_many_images_as_it_can(gan_lab_here, layout, count):
    result = gan_lab_here("sample", "x", "--layout", layout, "--count", count)
    assert_one_line(result, USAGE, f"--count {count}", "at most 10,000", "--layout files")


def test_a_run_that_asks_for_no_scores_is_told_how_to_ask(gan_lab_here):
    tiny = ("image_size=16", "hidden_dim=4", "batch_size=16", "steps=1", "logger=none")
    assert gan_lab_here(*tiny, "dataset.scores=[]").returncode == 0
    result = gan_lab_here("evaluate", "latest")
    assert_one_line(result, USAGE, "no score is asked for; --scores NAME,... asks for one")
    assert not result.stdout


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("dataset.scores_during_training=[nope]", "nope"),
        ("dataset.selection=nope", "unknown score 'nope'"),
        ("evaluation.inception_weights=nowhere.pth", "no such file"),
        ("threads=100000", "four times the cores"),
    ],
)
def test_what_the_end_would_find_out_is_said_before_the_first_step(
    gan_lab_here, tmp_path, setting, words
):
    assert_one_line(gan_lab_here(setting, *SHORT), USAGE, words)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "setting",
    ["wandb.project=a/b", f"wandb.project={'x' * 129}", "wandb.entity=a#b", "wandb.tags=['']",
     f"wandb.tags=[{'x' * 65}]"],
)  # fmt: skip
def test_names_that_wandb_refuses_are_refused_first(gan_lab_here, tmp_path, setting):
    typed = ["logger=wandb", setting, *(text for text in SHORT if text != "logger=none")]
    assert_one_line(gan_lab_here(*typed), USAGE, setting.split("=")[0])
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("typed", ["--project=a/b", "--entity=\udcff", "--project="])
def test_so_are_those_of_a_dashboard(gan_lab_here, typed):
    result = gan_lab_here("dashboard", typed)
    assert_one_line(result, USAGE, f"{typed.partition('=')[0]}=", "W&B takes")


@pytest.mark.parametrize("logger", ["wandb", pytest.param("tensorboard", marks=pytest.mark.slow)])
def test_a_logger_that_cannot_write_fails_no_run(gan_lab, tmp_path, logger):
    typed = [f"logger={logger}", *(text for text in SHORT if text != "logger=none")]
    (tmp_path / "runs").mkdir()
    if logger == "wandb":
        (tmp_path / "runs" / "wandb").write_text("in the way", encoding="utf-8")
    else:
        first = gan_lab(*SHORT)
        assert first.returncode == 0, first.stderr
        (the_run(tmp_path).tensorboard).write_text("in the way", encoding="utf-8")
        typed = [*(text for text in typed if text != "steps=2"), "steps=3"]
    result = gan_lab(*typed, WANDB_MODE="offline")
    assert result.returncode == 0, result.stderr
    assert "goes on without it" in result.stdout
    assert the_run(tmp_path).status().state == "finished"
