"""What several test files use: `gan-lab` as a process of its own and in this one, and the data."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gan_lab.common.threads import wait_briefly

wait_briefly()  # before torch is imported

from small_runs import CONSOLE_SCRIPT  # noqa: E402

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A background shell starts its commands deaf to Ctrl-C, and what tests start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

FOREIGN = ("WANDB_", "GAN_LAB_")  # settings of the person who runs the tests

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> dict[str, str]:
    """An environment without anybody's settings; the digits classifier is trained once in it."""
    home = tmp_path_factory.mktemp("home")
    together = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a folder below one of all workers
        together = together.parent
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | {
        "HOME": str(home),  # no W&B login, and no Inception weights to score with
        "NETRC": str(home / "netrc"),
        "TORCH_HOME": str(home / "torch"),
        "GAN_LAB_CACHE": str(together / "cache"),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture(scope="session")
def gan_lab_in(environment) -> Command:
    """Run `gan-lab ARGUMENTS` as a process in a folder; its runs are in FOLDER/runs.

    `prefix` is a command that starts it, `variables` are added to its environment.
    """

    def call(folder: Path, *arguments: str, prefix: tuple[str, ...] = (), **variables: str):
        return subprocess.run(
            [*prefix, str(CONSOLE_SCRIPT), *arguments],
            cwd=folder,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=300,  # a start on stacked_mnist, whose scores need 26,000 samples, takes 90 s
        )

    return call


@pytest.fixture
def gan_lab(tmp_path, gan_lab_in) -> Command:
    """Run `gan-lab ARGUMENTS` as a process in tmp_path."""
    return partial(gan_lab_in, tmp_path)


@pytest.fixture
def start_gan_lab(tmp_path, environment) -> Callable[..., subprocess.Popen[str]]:
    """Start `gan-lab ARGUMENTS` like `gan_lab`, and leave it running until the test ends."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(CONSOLE_SCRIPT), *arguments],
            cwd=tmp_path,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def gan_lab_here(tmp_path, environment, monkeypatch, capsys) -> Command:
    """Run `gan-lab ARGUMENTS` like `gan_lab`, but in this process, where torch is imported."""
    from gan_lab import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    handler = signal.getsignal(signal.SIGTERM)

    def call(*arguments: str):
        capsys.readouterr()
        try:
            code = cli.run(arguments)
        except SystemExit as exit:
            code = exit.code
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    yield call
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the real datasets, which GAN_LAB_DATA names."""
    root = os.environ.get("GAN_LAB_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("GAN_LAB_DATA names no folder with datasets")
    return Path(root)
