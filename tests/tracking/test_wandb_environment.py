"""Which project, mode and account of Weights & Biases a run has; odd settings are one line."""

import os
import subprocess
import sys

import pytest

from gan_lab.common.errors import UsageError
from gan_lab.tracking.wandb_environment import connect_seconds, is_logged_in, wandb_mode
from small_runs import FEW_SAMPLES, FEW_SCORES, the_run
from wandb_log import logs, read_log, the_log

LOGGED = ("hidden_dim=4", "image_size=16", *FEW_SAMPLES, FEW_SCORES)


@pytest.mark.slow
def test_an_unreachable_server_is_one_line_and_the_run_goes_on_offline(gan_lab, tmp_path):
    result = gan_lab(
        "wandb.mode=online",
        *LOGGED,
        "steps=2",
        WANDB_API_KEY="0123456789" * 4,
        WANDB_BASE_URL="http://127.0.0.1:9",
        WANDB_INIT_TIMEOUT="3",
    )
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stdout.splitlines() if "cannot be reached" in line]
    assert len(said) == 1 and "offline" in said[0]
    assert "Traceback" not in result.stderr
    assert the_run(tmp_path).status().state == "finished"
    assert list((tmp_path / "runs" / "wandb").glob("offline-run-*/run-*.wandb"))


@pytest.mark.parametrize(
    ("variables", "settings", "expected"),
    [
        ({}, "", ("gan_lab", "")),  # offline, for nobody is logged in
        ({"WANDB_MODE": "offline"}, "", ("gan_lab", "")),
        ({"WANDB_PROJECT": "faces", "WANDB_ENTITY": "us"}, "", ("faces", "us")),
        ({"WANDB_PROJECT": "faces"}, "wandb.project=digits wandb.entity=me", ("digits", "me")),
        ({"WANDB_MODE": "disabled"}, "wandb.mode=offline", ("gan_lab", "")),
        ({"WANDB_MODE": "disabled"}, "", None),
        ({"WANDB_MODE": "offline"}, "wandb.mode=disabled", None),
        ({"WANDB_MODE": "", "WANDB_PROJECT": "x"}, "", ("x", "")),
        ({"WANDB_DISABLED": "true"}, "", None),
    ],
)
def test_modes_projects_and_entities(
    wandb_here, monkeypatch, tmp_path, variables, settings, expected
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = wandb_here("steps=1", *LOGGED, *settings.split())
    assert result.returncode == 0, result.stderr
    if expected is None:
        assert not logs(tmp_path) and "disabled" in result.stdout
    else:
        run = the_log(tmp_path).run
        assert (run.project, run.entity) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "offline"),
        ({"WANDB_API_KEY": "0123456789" * 4}, "online"),
        ({"WANDB_MODE": ""}, "offline"),
        ({"WANDB_MODE": "online"}, "online"),
        ({"WANDB_MODE": "run"}, "online"),
        ({"WANDB_MODE": "dryrun", "WANDB_API_KEY": "0123456789" * 4}, "offline"),
        ({"WANDB_DISABLED": "True", "WANDB_MODE": "online"}, "disabled"),
        ({"WANDB_DISABLED": "false", "WANDB_MODE": "online"}, "online"),
    ],
)
def test_the_environment_says_what_auto_is(monkeypatch, tmp_path, variables, expected):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wandb_mode("auto") == expected
    assert [wandb_mode(typed) for typed in ("online", "disabled")] == ["online", "disabled"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("WANDB_MODE", "of"), ("WANDB_INIT_TIMEOUT", "abc"), ("WANDB_INIT_TIMEOUT", "-1"),
     ("WANDB_INIT_TIMEOUT", "nan")],
)  # fmt: skip
def test_an_odd_environment_is_answered_before_anything_is_written(
    gan_lab_here, monkeypatch, tmp_path, name, value
):
    monkeypatch.setenv(name, value)
    result = gan_lab_here("steps=1", *LOGGED)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert f"{name}={value}: " in line and not (tmp_path / "runs").exists()
    assert gan_lab_here("steps=1", "logger=none", *LOGGED).returncode == 0


def test_the_wait_for_the_server_can_be_set(monkeypatch):
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "7.5")
    assert connect_seconds() == 7.5
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "")
    assert connect_seconds() == 20
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "inf")
    with pytest.raises(UsageError, match="WANDB_INIT_TIMEOUT=inf"):
        connect_seconds()


@pytest.mark.slow
def test_all_runs_share_one_directory_and_a_resumed_one_its_name(wandb_here, tmp_path):
    for steps in (1, 2):
        result = wandb_here("-m", "seed=0,1", f"steps={steps}", *LOGGED)
        assert result.returncode == 0, result.stderr
    runs = [read_log(path).run for path in logs(tmp_path)]
    assert len(runs) == 4
    assert len({run.run_id for run in runs}) == len({run.display_name for run in runs}) == 2
    rows = [
        row["step"] for path in logs(tmp_path) for row in read_log(path).scalars("step", "loss/d")
    ]
    assert rows == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("variables", "login", "expected"),
    [
        ({}, None, False),
        ({"WANDB_API_KEY": "0123456789" * 4}, None, True),
        ({}, "api.wandb.ai", True),
        ({}, "example.org", False),
        ({"WANDB_BASE_URL": "https://wandb.example.org"}, "wandb.example.org", True),
        ({"WANDB_BASE_URL": "https://wandb.example.org"}, "api.wandb.ai", False),
    ],
)
def test_who_is_logged_in(monkeypatch, tmp_path, variables, login, expected):
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    netrc = tmp_path / "netrc"
    if login:
        netrc.write_text(f"machine {login} login user password {'0123456789' * 4}\n")
        netrc.chmod(0o600)
    for name, value in (variables | {"NETRC": str(netrc)}).items():
        monkeypatch.setenv(name, value)
    assert is_logged_in() is expected


def test_without_a_logger_wandb_is_not_even_imported(environment, tmp_path):
    arguments = ["logger=none", "steps=1", *LOGGED]
    program = f"import sys; from gan_lab import cli; cli.run({arguments}); print(*sys.modules)"
    command = [sys.executable, "-c", program]
    output = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
    modules = output.splitlines()[-1].split()
    assert "torch" in modules and "wandb" not in modules
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["scratch"]
