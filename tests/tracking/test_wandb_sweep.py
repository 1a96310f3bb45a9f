"""The YAML for `wandb sweep`: what W&B's agent would run is what this program takes."""

import json

import pytest
import yaml
from omegaconf import OmegaConf

from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import jobs
from gan_lab.runs.directory import Run, run_directories
from small_runs import knobs_of

PATH = conf_directory().parent / "docs" / "wandb_sweep.yaml"
pytestmark = pytest.mark.skipif(not PATH.is_file(), reason="docs/ is not beside this installation")


@pytest.fixture
def sweep() -> dict:
    return yaml.safe_load(PATH.read_text())


def agent_command(sweep: dict, values: dict) -> list[str]:
    """What wandb's agent makes of a sweep's command, by wandb's own functions."""
    from wandb.sdk.launch.sweeps import utils

    arguments = {"args": {key: {"value": value} for key, value in values.items()}}
    variables = utils.create_sweep_command_args(arguments) | {"env": ["/usr/bin/env"]}
    parts: list[str] = []
    for part in utils.create_sweep_command(sweep["command"]):
        named = part.startswith("${") and part.endswith("}")
        parts += variables[part[2:-1]] if named else [part]
    return parts


def choose(parameter: dict):
    if "value" in parameter:
        return parameter["value"]
    return parameter["values"][-1] if "values" in parameter else parameter["min"]


def test_every_number_is_one(sweep):
    for name, parameter in sweep["parameters"].items():
        for key in ("min", "max"):
            assert isinstance(parameter.get(key, 0.0), float), f"{name}: YAML reads 1e-5 as a text"


def test_every_choice_composes(sweep):
    for key, parameter in sweep["parameters"].items():
        for value in parameter.get("values", [choose(parameter)]):
            (job,) = jobs([f"{key}={value}"], multirun=False)
            chosen = job.config.choices.as_plain().get(key) or OmegaConf.select(
                OmegaConf.create(knobs_of(job.config)), key
            )
            assert chosen == value


@pytest.mark.slow
def test_the_agents_command_trains_a_run_under_the_agents_id(sweep, gan_lab, tmp_path):
    values = {key: choose(parameter) for key, parameter in sweep["parameters"].items()}
    values |= {"steps": 2, "latent_dim": 4, "hidden_dim": 4, "evaluation.samples": 60}
    env, program, *settings = agent_command(sweep, values)
    assert (env, program) == ("/usr/bin/env", "gan-lab")
    agent = {"WANDB_SWEEP_ID": "abcd1234", "WANDB_RUN_ID": "xyz98765", "WANDB_MODE": "offline"}
    result = gan_lab(*settings, **agent)
    assert result.returncode == 0, result.stderr
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    assert json.loads(run.tracker_path.read_text())["id"] == "xyz98765"
    assert directory.parent.name == "wandb_sweep"
    assert run.config().lr_g == values["lr_g"]
    _, score = sweep["metric"]["name"].rsplit("/", 1)
    assert score in run.final_scores()
