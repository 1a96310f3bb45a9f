"""Settings of Hydra's own that would do nothing are refused, each with what to type."""

import re
import shlex

import pytest

from gan_lab.common.errors import UsageError
from gan_lab.config import compose
from gan_lab.config.advice.hydra_settings import CHOICES, SETTINGS
from gan_lab.jobs.sweep import compose_runs
from small_runs import USAGE, assert_one_line, config_of

TYPED = re.compile(r"[Tt]ype ([^,:;(.]+(?:\.\w[^,:;(.]*)*)")


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("hydra.run.dir=x", "type runs_dir=x"),
        ("hydra.sweep.dir=x", "type runs_dir=x"),
        ("hydra.sweep.dir=out/${now:%Y}", "type runs_dir=VALUE"),
        ("hydra.sweep.subdir=x", "study=NAME"),
        ("hydra.job.chdir=true", "runs_dir=DIR"),
        ("hydra.job.name=x", "Type study=x"),
        ("+hydra.job.env_set.A=1", "Type A=1 before gan-lab"),
        ("hydra/job_logging=none", "logger=none"),
        ("hydra/hydra_logging=disabled", "logger=none"),
        ("hydra.verbose=true", "log_every=50"),
        ("hydra/launcher=joblib", "type launcher=parallel n_jobs=2"),
        ("hydra/launcher=submitit_local", "type launcher=parallel n_jobs=2"),
        ("hydra/launcher=submitit_slurm", "type launcher=slurm"),
        ("hydra/launcher=basic", "type launcher=sequential"),
        ("hydra.launcher.n_jobs=4", "Type launcher=parallel n_jobs=4"),
        ("hydra.launcher.partition=gpu", "Type launcher=slurm launcher.partition=gpu"),
        ("hydra/sweeper=optuna", "Type search=losses trials=30"),
        ("hydra.sweeper.n_trials=9", "Type search=losses trials=9"),
        ("hydra.sweeper.params.seed=1,2", "Type -m seed=1,2"),
        ("hydra.mode=MULTIRUN", "-m makes a sweep"),
        ("hydra.output_subdir=null", "leave it out"),
        ("hydra.callbacks.x=1", "Leave it out"),
        ("hydra=x", "Leave it out"),
        ("~hydra.job", "Leave it out"),
        ("++hydra.run.dir=x", "type runs_dir=x"),
        ("hydra.verbose=true,false", "does nothing here"),
    ],
)
def test_what_would_do_nothing_is_refused(gan_lab_here, tmp_path, typed, advice):
    for flags in ([], ["-m"], ["--cfg", "job"], ["plan"]):
        result = gan_lab_here(*flags, typed)
        assert_one_line(result, USAGE, typed.lstrip("+~"), "does nothing here", advice)
    assert not list(tmp_path.iterdir())


def test_where_configs_are_may_be_said(tmp_path):
    assert config_of(f"hydra.searchpath=[{tmp_path}]") == config_of()


def advised() -> list[str]:
    """Every command that the tables advise, with values that fit."""
    texts = [text for choices in CHOICES.values() for text in choices.values()]
    texts += SETTINGS.values()
    found = [match for text in texts for match in TYPED.findall(text)]
    values = {"runs_dir={value}": "out", "direction={value}": "maximize", "partition={value}": "x"}
    return sorted({
        text.replace("{key}", "seed").replace("{value}", next(
            (value for part, value in values.items() if part in text), "2"))
        for text in found if "gan-lab" not in text
    })  # fmt: skip


@pytest.mark.parametrize("command", advised())
def test_what_is_advised_works(command):
    assert compose_runs(shlex.split(command))


def test_there_is_advice_to_try():
    assert len(advised()) > 10
    with pytest.raises(UsageError):
        compose.jobs(["hydra.run.dir=x"], multirun=False)
