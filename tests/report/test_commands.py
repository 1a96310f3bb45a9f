"""The command that a report prints makes the run again, and that run alone."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from gan_lab.common.paths import config_names
from gan_lab.config import compose
from gan_lab.config.identity import run_directory
from gan_lab.config.run_config import RunConfig, as_content, read_config
from gan_lab.report.collect import RunData, collect
from gan_lab.report.commands import command_of
from gan_lab.runs.directory import Run


def alone(config: RunConfig, *typed: str) -> RunData:
    """A run that a report is given, of which config.yaml and the typed command are known."""
    command = shlex.join(["gan-lab", *typed])
    run = Run(run_directory(config))
    name = run.directory.name
    return RunData(run, name, config, "finished", 0, "", [], [], [command], None, [], "", [])


def remade(data: RunData) -> tuple[list[str], Path]:
    """The settings of a run's command, and the directory of the one run that they make."""
    command = command_of(data)
    assert command is not None
    program, *settings = shlex.split(command)
    assert program == "gan-lab" and "-m" not in settings
    (job,) = compose.jobs(settings, multirun=False)
    assert job.search is None
    return settings, run_directory(job.config)


@pytest.mark.parametrize(
    "experiment",
    [
        "",
        pytest.param("experiment=mnist_baseline", marks=pytest.mark.slow),
        pytest.param("experiment=mnist_dcgan", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("sweep", config_names("sweep"))
def test_each_run_of_a_sweep_alone_has_a_command_that_makes_it(sweep, experiment):
    typed = [*experiment.split(), f"sweep={sweep}", "launcher=parallel", "n_jobs=2"]
    configs = [job.config for job in compose.jobs(typed, False)]
    assert len(configs) > 1
    for config in configs:
        settings, directory = remade(alone(config, *typed))
        assert directory == run_directory(config)
        assert not [text for text in settings if text.startswith(("sweep=", "launcher", "n_jobs"))]


@pytest.mark.parametrize(
    "experiment",
    [pytest.param("mnist_losses", marks=pytest.mark.slow), "mnist_long_training"],
)
def test_a_run_of_an_experiment_with_a_sweep_of_its_own_has_a_command(experiment):
    for job in compose.jobs([f"experiment={experiment}"], False):
        made = remade(alone(job.config, f"experiment={experiment}"))
        assert made[1] == run_directory(job.config)


SEARCHED = [
    {"loss": "hinge", "lr_g": "0.0003"},
    {"loss": "nonsaturating", "label_smoothing": "0.2", "lr_d": "0.001"},
    {"loss": "wgan_gp", "lambda_gp": "3.5", "loss.discriminator_steps": "2", "lr_g": "5.1e-05"},
]


@pytest.mark.parametrize("point", SEARCHED, ids=lambda point: point["loss"])
def test_the_command_of_a_run_of_a_search_makes_the_run_and_starts_no_search(point):
    typed = ["search=objective", "trials=3", "seeds=2", "latent_dim=8"]
    for job in compose.jobs(typed, False, [point]):
        settings, directory = remade(alone(job.config, *typed))
        assert directory == run_directory(job.config) and "latent_dim=8" in settings
        assert not [text for text in settings if text.startswith(("search", "trials", "seeds"))]


def test_typed_arguments_and_penalties_are_in_the_command():
    typed = ["-m", "loss=hinge,wgan", "penalty=[r1,gradient_penalty]", "n_critic=2,3", "lr=1e-4"]
    jobs = compose.jobs(typed[1:], multirun=True)
    assert len(jobs) == 4
    for job in jobs:
        assert remade(alone(job.config, *typed))[1] == run_directory(job.config)
    sweep = "sweep={cases:[{penalty:[r1],penalty.r1.weight:3},{model.d_norm:none},{augment:flip}]}"
    for job in compose.jobs([sweep], multirun=False):
        assert remade(alone(job.config, sweep))[1] == run_directory(job.config)


@pytest.mark.parametrize(
    "typed",
    [
        ("optimizer=rmsprop", "optimizer.alpha=0.9", "optimizer_g.momentum=0.5"),
        ("optimizer=rmsprop", "optimizer_d=adam", "beta1=0"),
        ("experiment=mnist_dcgan", "optimizer=sgd", "lr_decay=cosine"),
        ("optimizer.weight_decay=0.1", "optimizer_d._target_=torch.optim.NAdam"),
    ],
)
def test_typed_optimizers_are_in_the_command(typed):
    (job,) = compose.jobs(typed, multirun=False)
    settings, directory = remade(alone(job.config, *typed))
    assert directory == run_directory(job.config)
    if "optimizer_d=adam" not in typed:  # else each player has a word of its own
        assert {*settings} >= {text for text in typed if text.startswith("optimizer=")}


def test_where_no_command_is_found_none_is_printed():
    (job,) = compose.jobs([], multirun=False)
    gone = replace(job.config, choices=replace(job.config.choices, loss="gone"))
    assert command_of(alone(gone)) is None


# Last, because the file beside this one trains the study meanwhile.
def test_the_command_of_a_run_of_a_sweep_makes_that_run(study):
    for data in collect([str(study)], Path("nowhere")).runs:
        assert remade(data)[1].name == data.name


@pytest.mark.parametrize("dataset", ["digits", "celeba", "image_folder"])
def test_a_run_of_version_01_has_a_command_that_makes_it_anew(tmp_path, dataset):
    """Its config.yaml does not say how it reads and splits its files, which was said nowhere."""
    for place in ("celeba", "own"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "0.jpg").write_bytes(b"0")
    typed = [f"dataset={dataset}", f"data_root={tmp_path}"]
    typed += ["folder=own"] if dataset == "image_folder" else []
    (job,) = compose.jobs(typed, False)
    content = as_content(job.config)
    content["dataset"].pop("unhashed", None)
    for part in ("images", "listing"):
        for key in ("holdout", "layout"):
            content["dataset"].get(part, {}).pop(key, None)
    config = read_config(content)
    settings, directory = remade(alone(config, *typed))
    assert directory == run_directory(config)
    assert any(text.startswith("dataset.images.holdout=") for text in settings)
