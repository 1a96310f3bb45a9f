"""A signal ends a run as interrupted, whatever code it hits and whatever that makes of it."""

import contextlib
import os
import pty
import signal
import subprocess
import textwrap
import time
from pathlib import Path

import pytest

from small_runs import CONSOLE_SCRIPT, SHORT, SMALL, runs_in, the_run

LONG = (*SMALL, "steps=100000", "threads=1", "checkpoint_every=5")
# What C code does to an exception of a handler, and what Python does to one in a __del__.
TURNED = """
    import os, signal
    from torch import nn

    def ask_to_stop():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):
                pass
        except BaseException:
            pass
        else:
            return
        raise ImportError("multiarray failed to import")

    class Asks:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):
                pass

    class Generator(nn.Module):
        def __init__(self, latent_dim, image_size, channels, when):
            super().__init__()
            self.when, self.shape = when, (channels, image_size, image_size)
            self.layers = nn.Sequential(nn.Linear(latent_dim, channels * image_size**2), nn.Tanh())
            if when == "built":
                ask_to_stop()
            if when == "deleted":
                Asks()

        def forward(self, latents, labels=None):
            if self.when == "scored" and len(latents) == 60:
                ask_to_stop()
            return self.layers(latents).unflatten(1, self.shape)
    """


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "turned.py").write_text(textwrap.dedent(TURNED), encoding="utf-8")
    return (*SHORT, "model.generator._target_=turned.Generator")


def wait_until(holds, seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "when",
    [pytest.param("built", marks=pytest.mark.slow), "deleted",
     pytest.param("scored", marks=pytest.mark.slow)],
)  # fmt: skip
def test_an_interruption_that_code_has_turned_into_an_error_is_none(
    gan_lab, tmp_path, settings, when
):
    result = gan_lab(*settings, f"+model.generator.when={when}")
    assert result.returncode == 143, result.stdout + result.stderr
    assert "should not happen" not in result.stderr and "Traceback" not in result.stdout
    for run in runs_in(tmp_path).values():
        assert run.status().state == "interrupted" and not run.error_path.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "when",
    [pytest.param("built", marks=pytest.mark.slow), "deleted",
     pytest.param("scored", marks=pytest.mark.slow)],
)  # fmt: skip
def test_so_it_is_in_a_sweep(gan_lab, tmp_path, settings, when):
    result = gan_lab("-m", "seed=0,1", *settings, f"+model.generator.when={when}")
    assert "failed" not in result.stdout + result.stderr
    for run in runs_in(tmp_path).values():
        assert run.status().state == "interrupted" and not run.error_path.exists()


@pytest.mark.parametrize("sweep", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_terminal_that_is_closed_saves_the_runs(tmp_path, environment, sweep):
    command = ["-m", "seed=0,1", "launcher=parallel", "n_jobs=2"] if sweep else []
    process, terminal = pty.fork()
    if not process:
        os.chdir(tmp_path)
        os.execve(CONSOLE_SCRIPT, [str(CONSOLE_SCRIPT), *command, *LONG], environment)
    count = 2 if sweep else 1

    def trained() -> bool:
        os.set_blocking(terminal, False)
        with contextlib.suppress(BlockingIOError):
            os.read(terminal, 100_000)  # or its buffer fills, and the program waits
        return [len(run.metrics()) > 3 for run in runs_in(tmp_path).values()] == [True] * count

    wait_until(trained)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    wait_until(lambda: not any(run.is_taken() for run in runs_in(tmp_path).values()))
    for run in runs_in(tmp_path).values():
        assert run.status().state == "interrupted" and not run.error_path.exists()
        assert run.checkpoint_steps()[-1] == run.metrics()[-1]["step"]


@pytest.mark.slow
def test_nohup_goes_on_when_its_terminal_is_closed(start_gan_lab, tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start_gan_lab(*SHORT)
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_until(lambda: list(Path(tmp_path).glob("runs/*/*")))
    process.send_signal(signal.SIGHUP)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    assert the_run(tmp_path).status().state == "finished"


@pytest.mark.slow
def test_a_killed_sweep_leaves_no_temporary_file(tmp_path, environment):
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = subprocess.Popen(
        [CONSOLE_SCRIPT, "-m", "seed=0,1", "launcher=parallel", "n_jobs=2", *LONG],
        cwd=tmp_path,
        env=environment | {"TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(runs_in(tmp_path)) == 2)
        assert not list(folder.glob("gan-lab*"))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not list(folder.glob("gan-lab*"))
