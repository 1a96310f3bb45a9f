"""A sweep cannot be lost: killed, started twice or with bad runs in it, it ends as it should."""

import contextlib
import json
import os
import random
import signal
import subprocess
import textwrap
import time
from pathlib import Path

import pytest

from forked_runs import FORKS, assert_same_files, run_in
from gan_lab.jobs import process as worker_process
from small_runs import CONSOLE_SCRIPT, SMALL, assert_one_line, runs_in, states

TINY = [*SMALL, "steps=20", "checkpoint_every=2"]
ONE_THREAD = [*TINY, "threads=1"]
LONG = [text.replace("steps=20", "steps=4000") for text in ONE_THREAD]
LONGER = [text.replace("steps=20", "steps=24") for text in ONE_THREAD]


@pytest.fixture
def start(tmp_path, environment):
    """Start `gan-lab ARGUMENTS` as the head of a process group, which dies with the test."""
    started: list[subprocess.Popen] = []

    def call(*arguments: str, folder: str = "") -> subprocess.Popen:
        (tmp_path / folder).mkdir(exist_ok=True)
        process = subprocess.Popen(
            [CONSOLE_SCRIPT, *arguments],
            cwd=tmp_path / folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield call
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until(holds, seconds: float = 100) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False


# --- kills ---------------------------------------------------------------------------------------


def group_of(folder: Path, environment, settings):
    process = FORKS.Process(target=own_group_in, args=(folder, environment, settings))
    process.start()
    return process


def own_group_in(folder: Path, environment, settings) -> None:
    os.setsid()
    worker_process.start_method = "fork"  # as `cli.main` does
    run_in(folder, environment, settings)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["order", "parallel"])
def test_a_sweep_killed_again_and_again_equals_an_undisturbed_one(tmp_path, environment, launcher):
    """SIGKILL of the whole group, at moments that fall into composing, starting, training, scoring
    and writing, until the eight runs are there."""
    settings = ["-m", "seed=0,1,2,3", "latent_dim=3,4", *ONE_THREAD, f"launcher={launcher}"]
    if launcher == "parallel":
        settings.append("n_jobs=2")
    began = time.monotonic()
    undisturbed = group_of(tmp_path / "undisturbed", environment, settings)
    undisturbed.join()
    whole = time.monotonic() - began  # on a busy machine everything takes longer
    assert undisturbed.exitcode == 0
    moments = random.Random(launcher)
    kills = 0
    while True:
        process = group_of(tmp_path / "killed", environment, settings)
        process.join(moments.uniform(0, whole / 2))
        if process.exitcode is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        kills += 1
        assert kills < 100, "no progress"
    assert process.exitcode == 0
    assert kills >= 2
    ours, theirs = runs_in(tmp_path / "killed"), runs_in(tmp_path / "undisturbed")
    assert ours.keys() == theirs.keys() and len(ours) == 8
    for name, run in ours.items():
        assert_same_files(run, theirs[name])


@pytest.mark.slow
def test_children_save_and_stop_when_the_sweep_alone_is_killed(tmp_path, start):
    process = start("-m", "seed=0,1", *LONG, "launcher=parallel", "n_jobs=2")
    wait_until(lambda: [len(run.metrics()) > 3 for run in runs_in(tmp_path).values()] == [True] * 2)
    process.kill()
    process.wait()
    wait_until(lambda: not any(run.is_taken() for run in runs_in(tmp_path).values()), seconds=20)
    assert states(tmp_path) == ["interrupted"] * 2
    wait_until(lambda: not alive(process.pid), seconds=20)


@pytest.mark.parametrize(
    "everybody",
    [
        pytest.param(True, id="terminal"),
        pytest.param(False, id="sweep alone", marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_saves_every_run(tmp_path, start, everybody):
    settings = ["-m", "seed=0,1,2", *LONG, "launcher=parallel", "n_jobs=2"]
    process = start(*settings)
    wait_until(lambda: [len(run.metrics()) > 3 for run in runs_in(tmp_path).values()] == [True] * 2)
    if everybody:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, output + errors
    assert "the same command goes on" in output and not errors
    assert states(tmp_path) == ["interrupted"] * 2  # the third was not started
    for run in runs_in(tmp_path).values():
        assert run.checkpoint_steps()[-1] == run.metrics()[-1]["step"]  # not a step was lost


# --- the same command again ----------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_command_again_skips_and_a_changed_grid_reuses(tmp_path, gan_lab):
    assert gan_lab("-m", "seed=0,1", *ONE_THREAD).returncode == 0
    before = {p: p.stat().st_mtime_ns for run in runs_in(tmp_path).values()
              for p in run.directory.rglob("*")}  # fmt: skip
    result = gan_lab("-m", "seed=0,1", *ONE_THREAD)
    assert result.returncode == 0 and "2 runs: 2 finished before" in result.stdout
    assert "step 1/" not in result.stdout

    result = gan_lab("-m", "seed=2,1,0", "latent_dim=16", *ONE_THREAD)
    assert "3 runs: 1 to start, 2 finished before" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("seed=")]
    assert [(row[0], row[2], row[3], row[4]) for row in rows] == [
        ("seed=2", "new", "finished", "20"),
        ("seed=1", "finished", "finished", "20"),
        ("seed=0", "finished", "finished", "20"),
    ]
    assert {path: path.stat().st_mtime_ns for path in before} == before

    result = gan_lab("-m", "seed=0,1", *LONGER)
    assert result.returncode == 0 and result.stdout.count("going on from step 20") == 2


@pytest.mark.slow
def test_two_starts_at_once_take_each_run_once(tmp_path, start):
    settings = ("-m", "seed=0,1,2,3", *ONE_THREAD)
    processes = [start(*settings) for _ in range(2)]
    for process in processes:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, output + errors
        assert "4 of 4 runs finished" in output
    for run in runs_in(tmp_path).values():
        assert len(json.loads(run.environment_path.read_text())) == 1
        assert [line["step"] for line in run.metrics()] == list(range(1, 21))
    assert states(tmp_path) == ["finished"] * 4


@pytest.mark.slow
def test_a_run_of_another_process_is_waited_for_and_said(tmp_path, start, gan_lab):
    assert gan_lab("seed=0", *ONE_THREAD).returncode == 0
    (run,) = runs_in(tmp_path).values()
    run.take()
    process = start("-m", "seed=0,1", *LONGER)
    wait_until(lambda: states(tmp_path)[1:] == ["finished"])
    assert process.poll() is None  # the other run's turn is over, it waits for the first
    run.release()
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, output + errors
    assert output.count("seed=0 is being trained by another process") == 1
    assert run.status().step == 24


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [["launcher=order"], ["launcher=parallel", "n_jobs=2"]])
def test_a_run_is_the_same_bits_alone_or_in_a_sweep(tmp_path, gan_lab_in, launcher):
    alone, sweep = tmp_path / "alone", tmp_path / "sweep"
    for folder in (alone, sweep):
        folder.mkdir()
    assert gan_lab_in(alone, "seed=1", *ONE_THREAD).returncode == 0
    assert gan_lab_in(sweep, "seeds=2", *TINY, "threads=1", *launcher).returncode == 0
    ours, theirs = runs_in(sweep), runs_in(alone)
    (name,) = theirs
    assert_same_files(ours[name], theirs[name])
    assert (ours[name].directory / "config.yaml").read_text() == (
        theirs[name].directory / "config.yaml"
    ).read_text()


# --- bad runs among good ones --------------------------------------------------------------------

BAD_GAN = """
    import ctypes, os, signal
    from torch import nn

    turns = 0

    class Generator(nn.Module):
        def __init__(self, latent_dim, image_size, channels):
            super().__init__()
            self.latent_dim, self.shape = latent_dim, (channels, image_size, image_size)
            self.layers = nn.Sequential(nn.Linear(latent_dim, channels * image_size**2), nn.Tanh())

        def forward(self, latents, labels=None):
            global turns
            turns += 1
            images = self.layers(latents).unflatten(1, self.shape)
            if turns > 20 and self.latent_dim == 3:
                raise ArithmeticError("on purpose")
            if turns > 20 and self.latent_dim == 4:
                return images * float("nan")
            if turns > 20 and self.latent_dim == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            if turns > 20 and self.latent_dim == 6:
                ctypes.string_at(0)
            if self.latent_dim == 7:
                raise LookupError("at once")
            return images
    """


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [["launcher=order"], ["launcher=parallel", "n_jobs=2"]])
def test_bad_runs_touch_no_other(tmp_path, gan_lab, launcher):
    (tmp_path / "bad_gan.py").write_text(textwrap.dedent(BAD_GAN))
    settings = (
        *("-m", "latent_dim=2,3,4,5,6,7,8", "model.generator._target_=bad_gan.Generator"),
        *(*TINY, *launcher),
    )
    result = gan_lab(*settings)
    assert result.returncode == 1
    by_latents = {run.config().latent_dim: run for run in runs_in(tmp_path).values()}
    found = {latents: run.status().state for latents, run in by_latents.items()}
    assert found == {
        **{2: "finished", 3: "failed", 4: "diverged", 5: "killed"},
        **{6: "killed", 7: "failed", 8: "finished"},
    }
    lines = result.stderr.splitlines()
    said = [(3, "on purpose"), (4, "not finite"), (5, "SIGKILL"), (6, "SIGSEGV"), (7, "at once")]
    assert len(lines) == len(said)
    for line, (latents, reason) in zip(lines, said, strict=True):
        assert line.startswith(f"gan-lab: latent_dim={latents} ") and reason in line
        assert by_latents[latents].directory.name in line
        assert by_latents[latents].error_path.exists()
    for latents, reason in ((3, "ArithmeticError: on purpose"), (7, "LookupError: at once")):
        told = by_latents[latents].error_path.read_text()
        assert "Traceback" in told and "bad_gan.py" in told and reason in told
    assert "string_at" in by_latents[6].error_path.read_text()  # where it crashed

    (tmp_path / "bad_gan.py").write_text(textwrap.dedent(BAD_GAN).replace("turns > 20", "False"))
    result = gan_lab(*settings)
    assert result.returncode == 1 and "2 finished before" in result.stdout
    states = {latents: run.status().state for latents, run in by_latents.items()}
    assert states == {2: "finished", 3: "finished", 4: "diverged", 5: "finished", 6: "finished",
                      7: "failed", 8: "finished"}  # fmt: skip
    assert not by_latents[3].error_path.exists()
    assert len(result.stderr.splitlines()) == 2
    assert "restart=true tries again" in result.stderr


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        ("-m steps=2,4", ["steps", "longest", "score_every"]),
        ("-m threads=1,2", ["threads", "does not change its result"]),
        ("-m launcher=order,parallel", ["one launcher"]),
        ("n_jobs=2", ["n_jobs", "launcher=parallel"]),
        ("launcher=parallel n_jobs=0", ["n_jobs=0", "at least 1"]),
        ("launcher=paralel", ["Did you mean 'parallel'"]),
        ("sweep=capcity", ["Did you mean 'capacity'"]),
        ("seeds=0", ["seeds=0", "at least 1"]),
        ("-m seed=1,2 seeds=2", ["seeds=2", "keep one"]),
    ],
)
def test_what_is_no_sweep_is_one_line_and_starts_nothing(gan_lab_here, tmp_path, command, pieces):
    settings = [text for text in SMALL if not text.startswith("score_every")]
    assert_one_line(gan_lab_here(*settings, *command.split()), 2, *pieces)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_typed_knob_that_the_sweep_varies_is_said(gan_lab_here, tmp_path):
    result = gan_lab_here("plan", *SMALL, "steps=2", "sweep=weight_init", "weight_init=default")
    assert result.returncode == 0
    assert "typed ones replace: weight_init=custom, weight_init=default" in result.stdout
    assert "1 run: 0 done, 1 to do" in result.stdout
