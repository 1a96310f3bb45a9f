"""Where a system has less than Linux, one run and a sequential sweep work all the same."""

import os

import pytest

from gan_lab.tracking.wandb_environment import keep_client_quiet
from small_runs import QUICK, SHORT, USAGE, assert_one_line, states, the_run

# Read by each process before anything else: what other systems do not have is taken away, and a
# named temporary file that is open cannot be opened again.
LESS = """
import builtins, os, signal, tempfile

GONE = {
    os: ("sched_getaffinity", "fork", "forkpty", "geteuid", "O_NOFOLLOW", "O_DIRECTORY"),
    signal: ("pthread_sigmask", "SIGHUP"),
}
for module, names in GONE.items():
    for name in names:
        delattr(module, name)
make, read, taken = tempfile.NamedTemporaryFile, builtins.open, set()

def named(*arguments, **settings):
    file = make(*arguments, **settings)
    taken.add(file.name)
    return file

def opened(file, *arguments, **settings):
    if file in taken:
        raise PermissionError(13, "it is open", file)
    return read(file, *arguments, **settings)

tempfile.NamedTemporaryFile, builtins.open = named, opened
"""


@pytest.fixture
def less(tmp_path_factory) -> dict[str, str]:
    """Variables that make a process of a system that has less."""
    folder = tmp_path_factory.mktemp("less")
    (folder / "sitecustomize.py").write_text(LESS, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path}


def test_one_run_works(gan_lab, tmp_path, less):
    result = gan_lab(*SHORT, **less)
    assert (result.returncode, result.stderr) == (0, "")
    assert states(tmp_path) == ["finished"]


@pytest.mark.slow
def test_a_sequential_sweep_works(gan_lab, tmp_path, less):
    result = gan_lab("-m", "seed=0,1", *SHORT, **less)
    assert (result.returncode, result.stderr) == (0, "")
    assert states(tmp_path) == ["finished"] * 2
    assert "2 of 2 runs finished" in result.stdout


def test_several_runs_at_once_are_refused(gan_lab, tmp_path, less):
    result = gan_lab("-m", "seed=0,1", "launcher=parallel", *SHORT, **less)
    assert_one_line(result, USAGE, "launcher=parallel", "fork", "launcher=sequential")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("mps", "MPS"),
        ("gpu", "Did you mean device=cuda?"),
        ("tpu", "PyTorch has no device of that name"),
        ("meta", "meta"),
    ],
)
def test_a_device_that_is_not_there_is_refused_with_the_reason(gan_lab_here, device, reason):
    import torch

    if device == "mps" and torch.backends.mps.is_available():
        reason = "float64"
    assert_one_line(gan_lab_here(f"device={device}", *SHORT), USAGE, f"device={device}", reason)


@pytest.mark.parametrize("home", [None, "", "/nothing/here", "/dev/null"])
def test_the_client_of_wandb_has_a_folder_where_there_is_no_home(monkeypatch, tmp_path, home):
    for name in ("HOME", "XDG_CACHE_HOME", "WANDB_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    keep_client_quiet(tmp_path)
    assert os.environ["WANDB_CACHE_DIR"] == str(tmp_path)
    monkeypatch.setenv("WANDB_CACHE_DIR", "own")
    keep_client_quiet(tmp_path)
    assert os.environ["WANDB_CACHE_DIR"] == "own"


def test_a_home_is_used_where_there_is_one(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    keep_client_quiet(tmp_path / "elsewhere")
    assert "WANDB_CACHE_DIR" not in os.environ


@pytest.mark.slow
def test_without_a_home_no_client_prints_its_log(gan_lab, tmp_path):
    settings = [text for text in (*QUICK, "hidden_dim=4", "steps=2") if text != "logger=none"]
    result = gan_lab(*settings, f"cache_dir={tmp_path / 'cache'}", HOME="")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("data ")
    assert the_run(tmp_path).status().state == "finished"
