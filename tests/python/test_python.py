"""What Python offers is what the command line does, and the program around it stays as it was."""

import importlib
import pkgutil
import random
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import torch

import gan_lab
from gan_lab.jobs.verify import _unlike_metrics, _unlike_tensors
from gan_lab.runs.directory import Run
from own_project import change, write_project
from small_runs import FEW_SCORES, runs_in, the_run

TINY = ("image_size=16", "logger=none", "evaluation.samples=60", "evaluation.samples_during=60",
        FEW_SCORES, "threads=1")  # fmt: skip
KNOBS = {"hidden_dim": 4, "batch_size": 16, "steps": 3}


@pytest.fixture(scope="module")
def home(tmp_path_factory, environment):
    """A working directory with a finished run, a TrainedRun of it, and the cache of all tests."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("GAN_LAB_CACHE", environment["GAN_LAB_CACHE"])
        patch.setenv("HOME", environment["HOME"])
        yield folder, gan_lab.train(*TINY, **KNOBS)


@pytest.fixture
def run(home):
    return home[1]


@pytest.fixture
def folder(home, monkeypatch, environment):
    monkeypatch.chdir(home[0])
    monkeypatch.setenv("GAN_LAB_CACHE", environment["GAN_LAB_CACHE"])
    return home[0]


def assert_same_bits(run: Run, other: Run) -> None:
    """Two directories hold the same weights, states of optimizers, losses and scores."""
    assert run.evaluations_path.read_bytes() == other.evaluations_path.read_bytes()
    assert not list(_unlike_metrics(run, other, exact=True))
    assert run.checkpoint_steps() == other.checkpoint_steps() == [3]
    assert not list(_unlike_tensors(run, other, exact=True))


def test_a_run_that_is_trained_is_the_command_lines(run, folder, gan_lab_here_in, tmp_path):
    assert run.step == 3 and run.sample(5).shape == (5, 1, 16, 16)
    assert run.run.status().state == "finished"
    again = gan_lab.train(*TINY, **KNOBS)
    assert again.directory == run.directory and len(again.run.environment()) == 1
    typed = [*TINY, *(f"{key}={value}" for key, value in KNOBS.items())]
    # It has finished for the command line too, and where it is trained anew it has the same bits.
    said = gan_lab_here_in(folder, *typed)
    assert said.returncode == 0 and "has finished its 3 steps" in said.stdout
    assert gan_lab_here_in(tmp_path, *typed).returncode == 0
    other = the_run(tmp_path)
    assert other.directory.name == run.directory.name
    assert_same_bits(other, run.run)
    assert other.environment()[0].command == run.run.environment()[0].command


def test_the_next_call_goes_on_with_a_run(folder):
    short = gan_lab.train(*TINY, **KNOBS | {"steps": 1}, seed=5)
    longer = gan_lab.train(*TINY, **KNOBS | {"steps": 2}, seed=5)
    assert short.directory == longer.directory and (short.step, longer.step) == (1, 2)


def test_a_run_begins_with_anothers_weights(run, folder):
    still = KNOBS | {"steps": 1, "lr": 0}
    begun = gan_lab.train(*TINY, f"from={run.directory}", **still, study="begun")
    assert begun.run.initial_path.is_file() and begun.config.initial.step == 3
    ours, theirs = (one.checkpoint["generator"] for one in (begun, run))
    learned = [name for name in ours if "running" not in name and "tracked" not in name]
    assert learned and all(torch.equal(ours[name], theirs[name]) for name in learned)


def test_its_repr_is_short_and_loads_no_network(run):
    loaded = gan_lab.training.trained.TrainedRun(run.run, run.config, run.device)
    lines = repr(loaded).splitlines()
    assert len(lines) <= 15 and str(run.directory) in lines[0] and "finished" in repr(loaded)
    assert "fd_classifier" in repr(loaded) and "checkpoint" not in vars(loaded)


def test_every_function_works_when_every_module_has_been_imported(run, folder):
    for module in pkgutil.walk_packages(gan_lab.__path__, "gan_lab."):
        if not module.name.endswith(("__main__", "train_mnistcnn")):
            importlib.import_module(module.name)
    assert gan_lab.train(*TINY, **KNOBS).directory == run.directory
    lines = gan_lab.evaluate(run, scores="fd_classifier", samples=70)
    assert {line.weights for line in lines} == {"ema", "raw"}
    assert lines[0] in run.evaluations and lines[0].generated_count == 70
    page = gan_lab.write_report(run, out=folder / "page", title="One run")
    assert page == folder / "page" / "report.html" and page.is_file()
    assert run.directory.name in {row["run"] for row in gan_lab.list_runs()}
    assert gan_lab.load_run("latest", runs_dir=folder / "runs").step >= 1
    assert len(gan_lab.load_dataset("digits", image_size=16)) > 1000
    assert gan_lab.load_loss("hinge").output == "score"
    (alone,) = gan_lab.sweep(*TINY, **KNOBS)
    assert alone.directory == run.directory


def test_rows_have_what_varies_and_scores(run, folder):
    gan_lab.train(*TINY, **KNOBS, study="rows", latent_dim=7)
    gan_lab.train(*TINY, **KNOBS, study="rows", penalty=["r1"], model="dcgan_no_bn", seed=1)
    first, second = sorted(gan_lab.list_runs("rows"), key=lambda row: row["latent_dim"])
    assert list(first)[:5] == ["study", "run", "state", "step", "seed"]
    assert list(first.values())[2:5] == ["finished", 3, 0] and first["study"] == "rows"
    assert (first["latent_dim"], second["latent_dim"]) == (7, 16)
    assert (first["penalty"], second["penalty"]) == ("none", "r1")
    assert (first["model"], second["model"]) == ("dcgan", "dcgan_no_bn")
    assert "batch_size" not in first and first["fd_classifier"] > 0
    (folder / "runs/rows" / first["run"] / "config.yaml").write_text("[")
    states = {row["run"]: row["state"] for row in gan_lab.list_runs("rows")}
    assert states[first["run"]] == "damaged" and states[second["run"]] == "finished"
    assert gan_lab.list_runs("no_such_study") == []


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "knobs"),
    [
        (("latent_dmi=3",), {}),
        ((), {"model": "dcgam"}),
        ((), {"latent_dim": "many"}),
        (("seed=0,1",), {}),
        (("evaluation.samples=0",), {}),
        (("nz=3",), {"latent_dim": 4}),
        (("--restart",), {}),
    ],
)
def test_a_mistake_has_the_text_of_the_command_line(folder, gan_lab_here_in, settings, knobs):
    with pytest.raises(gan_lab.UsageError) as raised:
        gan_lab.train(*settings, **knobs)
    typed = [*settings, *(f"{key}={value}" for key, value in knobs.items())]
    said = gan_lab_here_in(folder, "train", *typed).stderr
    assert said == f"gan-lab: {raised.value}\n"


def test_what_is_several_runs_or_a_search_says_so(folder):
    with pytest.raises(gan_lab.UsageError, match=r"2 runs: gan_lab\.sweep"):
        gan_lab.train(*TINY, **KNOBS, seeds=2)
    with pytest.raises(gan_lab.UsageError, match="gan-lab search="):
        gan_lab.sweep(*TINY, search="losses")
    with pytest.raises(gan_lab.UsageError, match="KEY=VALUE"):
        gan_lab.train({"latent_dim": 3})
    with pytest.raises(gan_lab.UsageError, match="report of what"):
        gan_lab.write_report()
    with pytest.raises(gan_lab.RunError, match="no_such_run"):
        gan_lab.evaluate("no_such_run")


# --- the program around it -----------------------------------------------------------------------


def test_signals_threads_and_random_numbers_stay_as_they_were(folder):
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    threads, before = torch.get_num_threads(), set(threading.enumerate())
    tiny = torch.tensor(1e-310, dtype=torch.float64)
    torch.manual_seed(3)
    random.seed(3)
    expected = torch.get_rng_state(), random.getstate(), bool(tiny * 1)
    path = list(sys.path)
    gan_lab.train(*TINY[:-1], "threads=2", "deterministic=true", **KNOBS, seed=7)
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    assert torch.get_num_threads() == threads and sys.path == path
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.get_rng_state(), expected[0])
    assert (random.getstate(), bool(tiny * 1)) == expected[1:]
    assert set(threading.enumerate()) <= before


def test_an_interruption_saves_and_is_the_programs_own(folder, monkeypatch):
    """Ctrl-C while it trains: the next call goes on, and is not taken for an interrupted one."""
    from gan_lab.training import loop

    take_step = loop.take_step

    def interrupted(state, step):
        if step == 3:
            signal.raise_signal(signal.SIGINT)
        return take_step(state, step)

    monkeypatch.setattr(loop, "take_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gan_lab.train(*TINY, **KNOBS | {"steps": 8}, study="stopped")
    (directory,) = (folder / "runs" / "stopped").iterdir()
    assert Run(directory).status().state == "interrupted"
    assert Run(directory).status().step == 4
    monkeypatch.setattr(loop, "take_step", take_step)
    assert gan_lab.train(*TINY, **KNOBS | {"steps": 8}, study="stopped").step == 8


def test_it_trains_in_another_thread_than_the_main_one(folder):
    found = []
    thread = threading.Thread(target=lambda: found.append(gan_lab.train(*TINY, **KNOBS, seed=8)))
    thread.start()
    thread.join()
    assert found[0].step == 3


def test_own_configs_and_code_are_found_and_change(tmp_path, monkeypatch, tmp_path_factory):
    write_project(tmp_path)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    run = gan_lab.train("experiment=first", config_dir=tmp_path / "conf")
    assert run.config.choices.model == "mine" and run.sample(2).shape == (2, 1, 16, 16)
    change(
        tmp_path / "my_gan.py",
        "return self.layers(latents).unf",
        "return -self.layers(latents).unf",
    )
    changed = gan_lab.train("experiment=first", config_dir=tmp_path / "conf", seed=1)
    latents = torch.zeros(1, 16)
    network = changed.generator
    assert torch.equal(network(latents), -network.layers(latents).unflatten(1, network.shape))
    monkeypatch.chdir(tmp_path)
    assert gan_lab.load_loss("mine").output == "score"
    assert {line.score for line in gan_lab.evaluate(run, scores=["grey"], samples=60)} == {"grey"}


SCRIPT = """
    import gan_lab

    runs = gan_lab.sweep({settings}, hidden_dim=4, batch_size=16, steps=2, seed=[0, 1])
    print(*[run.config.seed for run in runs], sep="\\n")
    try:
        gan_lab.sweep({settings}, hidden_dim=4, batch_size=16, steps=2, loss=["hinge", "bcee"])
    except gan_lab.UsageError as error:
        print(error)
"""


@pytest.mark.slow
def test_a_sweep_in_a_script_without_a_guard(tmp_path, environment):
    """Its workers are fresh processes, which must not run the script again."""
    settings = ", ".join(map(repr, TINY))
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT).replace("{settings}", settings))
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    *_, first, second, mistake = done.stdout.splitlines()
    assert (first, second) == ("0", "1") and "bcee" in mistake
    assert {run.config().seed for run in runs_in(tmp_path).values()} == {0, 1}


def test_a_program_finds_its_runs_where_the_command_line_does(folder, run, monkeypatch):
    monkeypatch.setenv("GAN_LAB_RUNS", str(Path.cwd() / "runs"))
    assert run.directory.name in {row["run"] for row in gan_lab.list_runs("scratch")}
