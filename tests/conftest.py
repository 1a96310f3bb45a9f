"""What several test files use: `gan-lab` as a process of its own and in this one, and the data."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from filelock import FileLock

from gan_lab.common.threads import wait_briefly

os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is a worker for each core
wait_briefly()  # before torch is imported

from small_runs import CONSOLE_SCRIPT  # noqa: E402

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A background shell starts its commands deaf to Ctrl-C, and what tests start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

FOREIGN = ("WANDB_", "GAN_LAB_")  # settings of the person who runs the tests

Command = Callable[..., subprocess.CompletedProcess[str]]


def common_folder(tmp_path_factory) -> Path:
    """The temporary folder of all workers, of which each has one below it."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> dict[str, str]:
    """An environment without anybody's settings; the digits classifier is trained once in it."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | {
        "HOME": str(home),  # no W&B login, and no Inception weights to score with
        "NETRC": str(home / "netrc"),
        "TORCH_HOME": str(home / "torch"),
        "GAN_LAB_CACHE": str(common_folder(tmp_path_factory) / "cache"),
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


def stand_in(patch: pytest.MonkeyPatch, folder: Path, environment: dict[str, str]) -> None:
    """Put this process where `gan-lab` would be started: into a folder and an environment."""
    patch.chdir(folder)
    patch.setattr(sys, "path", sys.path[:])
    for name in set(os.environ) - set(environment):
        patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)


def exit_code_of(arguments: tuple[str, ...]) -> int:
    """Run the program in this process, where torch is imported, and return its exit code."""
    from gan_lab import cli

    handler = signal.getsignal(signal.SIGTERM)
    try:
        return cli.run(arguments)
    except SystemExit as exit:
        return exit.code
    finally:
        signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def gan_lab_here(tmp_path, environment, monkeypatch, capsys) -> Command:
    """Run `gan-lab ARGUMENTS` like `gan_lab`, but in this process, which takes a second less."""
    stand_in(monkeypatch, tmp_path, environment)

    def call(*arguments: str):
        capsys.readouterr()
        return subprocess.CompletedProcess(arguments, exit_code_of(arguments), *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def gan_lab_here_in(environment) -> Command:
    """Run `gan-lab ARGUMENTS` like `gan_lab_in`, but in this process: for runs that tests share."""

    def call(folder: Path, *arguments: str):
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            stand_in(patch, folder, environment)
            code = exit_code_of(arguments)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return a folder that is filled by the first of all workers that asks for its name."""

    def once(name: str, fill: Callable[[Path], object]) -> Path:
        folder = common_folder(tmp_path_factory) / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                unfinished = folder.with_suffix(".unfinished")
                unfinished.mkdir()
                fill(unfinished)
                unfinished.rename(folder)
        return folder

    return once


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the real datasets, which GAN_LAB_DATA names."""
    root = os.environ.get("GAN_LAB_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("GAN_LAB_DATA names no folder with datasets")
    return Path(root)


# Where tests wait for processes, train or draw reports: a minute and more in a file.
LONGEST = ("jobs", "tracking", "report", "studies", "analysis", "frozen")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first: at the end no process of two then waits for the other's."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


@pytest.fixture
def without_figures(monkeypatch) -> None:
    """Reports of words and numbers alone: to draw the figures takes ten seconds."""
    from gan_lab.report import write

    monkeypatch.setattr(write, "draw_figures", lambda *arguments: ({}, []))
