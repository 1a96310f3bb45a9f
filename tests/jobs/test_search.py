"""Searches: conditional spaces, failing trials, and studies that the same command goes on with."""

import json
import signal
import subprocess
import time

import pytest

from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import jobs
from gan_lab.runs.directory import Run, run_directories
from small_runs import CONSOLE_SCRIPT, SMALL, assert_one_line

optuna = pytest.importorskip("optuna", reason="optuna is not installed (the extra `optuna`)")
from gan_lab.jobs.search import suggest  # noqa: E402

TINY = [*SMALL, "steps=4", "hidden_dim=4", "threads=1"]
TINY.remove("hidden_dim=16")
SEARCHES = sorted(path.stem for path in (conf_directory() / "search").glob("*.yaml"))
SPACE = {
    "loss": {"hinge": {}, "wgan_gp": {"lambda_gp": {"low": 1.0, "high": 9.0, "log": True}}},
    "model": {"mlp": None, "dcgan": {"ngf": [4, 8]}},
    "latent_dim": {"low": 2, "high": 5},
    "lr_g": {"low": 1e-4, "high": 1e-2, "log": True},
}


def trials(output: str) -> list[list[str]]:
    lines = output[output.index("trial  state") :].splitlines()[1:]
    return [line.split() for line in lines if line[:1].isdigit()]


def run_names(folder) -> set[str]:
    return {path.name for path in run_directories(folder / "runs")}


def test_a_space_is_asked_only_where_it_applies():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    points = [suggest(study.ask(), SPACE, typed=[]) for _ in range(40)]
    assert {point["loss"] for point in points} == {"hinge", "wgan_gp"}
    for point in points:
        assert ("lambda_gp" in point) == (point["loss"] == "wgan_gp")
        assert ("ngf" in point) == (point["model"] == "dcgan")
        assert point["latent_dim"] in {"2", "3", "4", "5"}
        assert 1e-4 <= float(point["lr_g"]) <= 1e-2
    assert {point["ngf"] for point in points if "ngf" in point} == {"4", "8"}
    assert "loss" not in suggest(study.ask(), SPACE, typed=["loss"])


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_composes_at_each_of_its_points(search):
    (base,) = jobs([f"search={search}"], False)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(10):
        point = suggest(study.ask(), base.search.space, [])
        (job,) = jobs([f"search={search}"], False, [point])
        assert {key for key, _ in (text.split("=", 1) for text in job.setting)} == point.keys()


@pytest.mark.slow
def test_a_failing_trial_ends_nothing_and_finished_ones_are_not_trained_again(gan_lab, tmp_path):
    search = (
        "search={trials:5,score:fd_classifier,direction:minimize,space:{ndf:[4],lr_d:[1e30,1e-3]}}"
    )
    result = gan_lab(search, *TINY, "log_every=1", "-m")
    assert result.returncode == 0, result.stderr
    rows = trials(result.stdout)
    by_setting = {row[-1]: row[1] for row in rows}
    assert len(rows) == 5
    assert by_setting == {"lr_d=1e+30": "fail", "lr_d=0.001": "complete"}
    assert "best  trial" in result.stdout and "lr_d=0.001" in result.stdout
    names = run_names(tmp_path)
    assert len(names) == 2  # the same point twice is the same run, trained once
    for directory in run_directories(tmp_path / "runs"):
        starts = json.loads(Run(directory).environment_path.read_text())
        assert len(starts) == 1

    again = gan_lab(search, *TINY, "-m")
    assert trials(again.stdout) == rows and "step 1/" not in again.stdout
    more = gan_lab(search.replace("trials:5", "trials:6"), *TINY, "-m")
    assert trials(more.stdout)[:5] == rows and len(trials(more.stdout)) == 6


@pytest.mark.slow
def test_a_killed_search_goes_on_with_its_trials(tmp_path, environment, gan_lab):
    settings = ("search=objective", "trials=3", *TINY)
    process = subprocess.Popen(
        [CONSOLE_SCRIPT, *settings],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 100
    while len(run_names(tmp_path)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = run_names(tmp_path)
    result = gan_lab(*settings)
    assert result.returncode == 0, result.stderr
    assert len(trials(result.stdout)) == 3
    assert before <= run_names(tmp_path) and len(run_names(tmp_path)) == 3


@pytest.mark.slow
def test_a_trial_whose_point_was_never_stored_fails_and_the_search_goes_on(gan_lab_here, tmp_path):
    search = "search={score:fd_classifier,direction:minimize,space:{ndf:[4]},trials:%d}"
    first = gan_lab_here(search % 1, *TINY, "-m")
    assert first.returncode == 0, first.stderr
    (journal,) = (tmp_path / "runs").glob("*/search-*.journal")
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(journal))
    )
    optuna.load_study(study_name=journal.stem, storage=storage).ask()  # as a kill there leaves it

    result = gan_lab_here(search % 3, *TINY, "-m")
    assert result.returncode == 0, result.stderr
    assert "trial 1  failed: the search was killed while it was asked" in result.stdout
    rows = trials(result.stdout)
    assert [row[:2] for row in rows] == [["0", "complete"], ["1", "fail"], ["2", "complete"]]
    with journal.open("a") as file:
        file.write('{"op_code":6,"trial_id":')  # as a kill inside a write leaves it
    again = gan_lab_here(search % 3, *TINY, "-m")
    assert again.returncode == 0 and trials(again.stdout) == rows
    more = gan_lab_here(search % 4, *TINY, "-m")
    assert more.returncode == 0 and trials(more.stdout)[:3] == rows


@pytest.mark.slow
def test_seeds_are_averaged_and_run_at_once(gan_lab, tmp_path):
    result = gan_lab(
        *("search=objective", "trials=1", "seeds=2", "launcher=parallel", "n_jobs=2", *TINY)
    )
    assert result.returncode == 0, result.stderr
    scores = [
        Run(path).final_scores()["fd_classifier"] for path in run_directories(tmp_path / "runs")
    ]
    assert len(scores) == 2
    assert float(trials(result.stdout)[0][2]) == pytest.approx(sum(scores) / 2, rel=1e-3)


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        ("search=lossse", ["Did you mean 'losses'"]),
        ("search=objective trials=0", ["trials=0", "at least 1"]),
        ("search=objective search.direction=up", ["direction=up", "minimize"]),
        ("search=objective sweep=latent", ["leave out"]),
        ("-m search=objective beta1=0,0.5", ["leave out"]),
        ("trials=3", ["trials", "search=losses"]),
    ],
)
def test_what_is_no_search_is_one_line(gan_lab_here, tmp_path, command, pieces):
    assert_one_line(gan_lab_here(*TINY, *command.split()), 2, *pieces)
    assert not list(tmp_path.iterdir())
