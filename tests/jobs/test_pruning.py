"""Trials of a search that a pruner stops: at steps of their own length, to go on when asked."""

import pytest

from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import jobs
from gan_lab.config.instantiate import instantiate
from gan_lab.config.search import Search
from gan_lab.runs.directory import Run, run_directories
from small_runs import SMALL, USAGE, assert_one_line

optuna = pytest.importorskip("optuna", reason="optuna is not installed (the extra `optuna`)")
PRUNERS = sorted(path.stem for path in (conf_directory() / "pruner").glob("*.yaml"))
# A generator that does not learn is worse than one that does.
SEARCH = "search={trials:4,score:fd_classifier,direction:minimize,space:{lr_g:[1e-3,1e-9]}}"


def test_rungs_are_bounds_of_the_length():
    search = Search(1, "swd", "minimize", {}, rungs=3)
    assert search.steps_of_rungs(4000) == [1000, 2000, 4000]
    assert search.steps_of_rungs(2) == [1, 2]
    assert Search(1, "swd", "minimize", {}, rungs=1).steps_of_rungs(100) == [100]


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_is_optunas_with_arguments_that_it_takes(name):
    bound = ["pruner.upper=1.0"] if name == "threshold" else []
    (composed,) = jobs(["search=losses", f"pruner={name}", *bound], False)
    pruner = instantiate(composed.pruner)
    assert isinstance(pruner, optuna.pruners.BasePruner)
    assert type(pruner).__name__ == composed.pruner.target.rpartition(".")[2]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("pruner=median",), "add search=NAME"),
        (("pruner=median", "search=losses", "epochs=1"), "set with steps="),
        (("pruner=median", "search=losses", "lr_decay=linear"), "lr_decay=none"),
        (("pruner=median", "search=losses", "search.rungs=0"), "search.rungs=0"),
        (("pruner=medium", "search=losses"), "median"),
        (("pruner=null", "search=losses"), "leave it out"),
    ],
)
def test_mistakes_are_one_line(gan_lab_here, settings, words):
    assert_one_line(gan_lab_here(*settings), USAGE, words)


@pytest.mark.slow
def test_a_bad_trial_is_stopped_at_a_rung_and_goes_on_when_asked(gan_lab_here, tmp_path):
    settings = [text for text in SMALL if not text.startswith("score_every")]
    settings += ["score_every=0", "steps=200", "threads=1"]
    bound = ("pruner=threshold", "pruner.upper=470")
    result = gan_lab_here(SEARCH, *bound, *settings, "restart=true")
    assert result.returncode == 0, result.stderr
    assert "pruned by a search at step 50 of 200  lr_g=1e-09" in result.stdout
    runs = {Run(path).config().lr_g: Run(path) for path in run_directories(tmp_path / "runs")}
    bad, good = runs[1e-9], runs[1e-3]
    assert (good.status().step, bad.status().step) == (200, 50)
    assert len(good.environment()) == 3  # begun anew once, and gone on with at 50 and 100
    assert bad.status().reason == "pruned by a search at step 50 of 200"
    assert "pruned by a search" in gan_lab_here("runs").stdout

    again = gan_lab_here(SEARCH, *bound, *settings)  # nothing is left to do
    assert bad.status().step == 50 and "pruned" in again.stdout and "step 1/" not in again.stdout
    alone = gan_lab_here("lr_g=1e-9", *settings)
    assert alone.returncode == 0 and "going on from step 50" in alone.stdout
    assert (bad.status().step, bad.status().reason) == (200, "")
