"""A run that was stopped, in whatever way, ends with the files of an undisturbed one."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from forked_runs import FORKS, assert_equal, assert_same_files, run_in, without_seconds
from gan_lab.runs.checkpoints import read_checkpoint
from gan_lab.runs.directory import Run, run_directories
from small_runs import CONSOLE_SCRIPT, SMALL, the_run


def start(folder: Path, environment, *settings: str, threads: int = 1) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [CONSOLE_SCRIPT, *SMALL, f"threads={threads}", *settings],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(folder: Path, environment, *settings: str) -> Run:
    process = start(folder, environment, *settings)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return the_run(folder)


def finish_forked(folder: Path, environment, *settings: str) -> Run:
    """As `finish`, where nothing is asked of the process itself."""
    process = fork(folder, environment, *settings)
    process.join(300)
    assert process.exitcode == 0
    return the_run(folder)


def fork(folder: Path, environment, *settings: str, work=run_in):
    process = FORKS.Process(
        target=work, args=(folder, environment, [*SMALL, "threads=1", *settings])
    )
    process.start()
    return process


def run_and_die_in_a_write(folder: Path, environment, settings) -> None:
    """As `run_in`, killed when its third checkpoint lies half written beside its place."""
    flush, files = os.fsync, iter(range(3))

    def die_at_the_third(file: int) -> None:
        flush(file)
        if any(folder.rglob("checkpoints/*.tmp")) and next(files) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = die_at_the_third
    run_in(folder, environment, settings)


def kill_after(process, folder: Path, wait: float) -> None:
    """SIGKILL a training from outside, so many seconds after it wrote its next checkpoint."""
    before = set((folder / "runs").rglob("*.pt"))
    while process.is_alive() and set((folder / "runs").rglob("*.pt")) <= before:
        time.sleep(0.01)
    time.sleep(wait)
    process.kill()


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_killed_at_random_equals_an_undisturbed_one(tmp_path, environment, kills):
    settings = (f"steps={100 + 10 * kills}", "checkpoint_every=2")
    undisturbed = finish_forked(tmp_path / "undisturbed", environment, *settings)
    moments, folder = random.Random(0), tmp_path / "killed"
    for kill in range(kills):
        if kill % 2 == 0:
            process = fork(folder, environment, *settings, work=run_and_die_in_a_write)
        else:
            process = fork(folder, environment, *settings)
            kill_after(process, folder, moments.random() / 5)
        process.join(120)
        assert process.exitcode == -signal.SIGKILL, "the run ended before it could be killed"
        assert the_run(folder).status().state == "killed"
        assert any(folder.rglob("checkpoints/*.tmp")) or kill % 2, "no kill inside a write"
    assert_same_files(finish_forked(folder, environment, *settings), undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)],
)
def test_a_signal_saves_first_and_the_same_command_goes_on(
    tmp_path, environment, number, exit_code
):
    settings = ("steps=80", "checkpoint_every=50")
    undisturbed = finish_forked(tmp_path / "undisturbed", environment, *settings)
    process = start(tmp_path / "stopped", environment, *settings)
    while len(metrics_of(tmp_path / "stopped")) < 20:
        time.sleep(0.01)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    stopped = the_run(tmp_path / "stopped")
    assert process.returncode == exit_code, output
    assert "the same command goes on" in output
    assert stopped.status().state == "interrupted"
    assert stopped.checkpoint_steps()[-1] == stopped.metrics()[-1]["step"]  # not a step was lost
    assert_same_files(finish(tmp_path / "stopped", environment, *settings), undisturbed)


def run_and_interrupt_at_40(folder: Path, environment, settings) -> None:
    """As `run_in`, with a Ctrl-C in step 40, which is scored and has no checkpoint of its own."""
    save_sample = Run.save_sample

    def interrupt_at_40(run: Run, step: int, draw) -> Path:
        if step == 40 and not run.checkpoint_steps():
            os.kill(os.getpid(), signal.SIGINT)
        return save_sample(run, step, draw)

    Run.save_sample = interrupt_at_40
    run_in(folder, environment, settings)


@pytest.mark.slow
def test_a_stop_at_a_scored_step_chooses_no_other_best(tmp_path, environment):
    settings = ("steps=80", "checkpoint_every=50")
    undisturbed = finish_forked(tmp_path / "undisturbed", environment, *settings)
    process = fork(tmp_path / "stopped", environment, *settings, work=run_and_interrupt_at_40)
    process.join(120)
    assert process.exitcode == 130
    assert the_run(tmp_path / "stopped").checkpoint_steps() == [40]
    assert_same_files(finish_forked(tmp_path / "stopped", environment, *settings), undisturbed)


def metrics_of(folder: Path) -> list:
    return [line for path in run_directories(folder / "runs") for line in Run(path).metrics()]


@pytest.mark.slow
def test_more_steps_go_on_as_if_asked_for_at_once(tmp_path, environment):
    at_once = finish(tmp_path / "at_once", environment, "steps=40", "checkpoint_every=10")
    finish(tmp_path / "in_two", environment, "steps=20", "checkpoint_every=10")
    in_two = finish(tmp_path / "in_two", environment, "steps=40", "checkpoint_every=10")
    for step in at_once.checkpoint_steps():
        assert_equal(*(read_checkpoint(run.checkpoint_path(step)) for run in (in_two, at_once)))
    assert without_seconds(in_two.metrics()) == without_seconds(at_once.metrics())


def test_a_finished_run_is_left_alone_and_restart_begins_anew(tmp_path, environment):
    run = finish_forked(tmp_path, environment, "steps=20")
    before = {path: path.stat().st_mtime_ns for path in run.directory.rglob("*")}
    finish_forked(tmp_path, environment, "steps=20")
    assert {path: path.stat().st_mtime_ns for path in run.directory.rglob("*")} == before
    first = read_checkpoint(run.checkpoint_path(20))
    run = finish_forked(tmp_path, environment, "steps=20", "restart=true")
    assert_equal(read_checkpoint(run.checkpoint_path(20)), first)
    assert len(json.loads(run.environment_path.read_text())) == 1


@pytest.mark.slow
def test_other_threads_are_said(tmp_path, environment):
    finish(tmp_path, environment, "steps=10")
    process = start(tmp_path, environment, "steps=20", threads=2)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "began with 1 thread and goes on with 2" in output
