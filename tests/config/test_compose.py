"""Every file of conf/ composes, its targets take its keys, and what is set is recorded."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from gan_lab.common.paths import conf_directory
from gan_lab.config import overrides
from gan_lab.config.instantiate import locate
from gan_lab.config.length import make_schedule
from gan_lab.config.run_config import with_presumed_data
from gan_lab.config.schema import RESULT_KNOBS, RUNTIME_KNOBS, Config
from gan_lab.training import build
from small_runs import config_of, knobs

FILES = sorted(conf_directory().glob("*/*.yaml"))
# Sweeps, searches, launchers, scores and sheets are no part of a single run's config.
ELSEWHERE = (*overrides.RUNNING_GROUPS, "score", "sheet")
YAMLS = [path for path in FILES if path.parent.name not in ELSEWHERE]
EXPERIMENTS = [path.stem for path in YAMLS if path.parent.name == "experiment"]


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def specs(node: Any) -> list[dict[str, Any]]:
    """Everything in a YAML that names a target."""
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("_target_") else []
    return own + [spec for value in node.values() for spec in specs(value)]


# --- every file ----------------------------------------------------------------------------------


def test_the_groups_are_known():
    groups = {path.name for path in conf_directory().iterdir() if path.is_dir()}
    assert groups <= {*overrides.GROUPS, *ELSEWHERE, "augment"}
    assert {"model", "loss", "dataset", "logger", "experiment"} <= {p.parent.name for p in YAMLS}


@pytest.mark.parametrize("path", YAMLS, ids=named)
def test_every_yaml_composes_and_its_targets_take_its_keys(path):
    group, name = path.parent.name, path.stem
    chosen = f"[{name}]" if group == "penalty" else name
    assert config_of(f"{group}={chosen}").choices.as_plain()[group] in (name, [name])
    for spec in specs(OmegaConf.to_container(OmegaConf.load(path))):
        taken = inspect.signature(locate(spec["_target_"])).parameters
        assert spec.keys() - {"_target_"} <= taken.keys(), spec["_target_"]


@pytest.mark.parametrize("experiment", [None, *EXPERIMENTS])
def test_every_experiment_builds_its_networks_and_its_loss(experiment):
    made = config_of(*([f"experiment={experiment}"] if experiment else []))
    build.networks(with_presumed_data(made))  # which checks their shapes
    assert build.loss(made).discriminator_steps >= 1
    assert make_schedule(made, count=1000).steps > 0


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_trains(gan_lab_here, data_root, experiment):
    short = ("steps=2", "logger=none", "evaluation.samples=200", "sweep=null", "seeds=1")
    result = gan_lab_here(f"experiment={experiment}", f"data_root={data_root}", *short)
    assert result.returncode == 0, result.stderr


def test_every_knob_is_recorded():
    """What is neither a result nor runtime could change a run without a trace."""
    recorded = knobs().keys()
    assert {*RESULT_KNOBS, *RUNTIME_KNOBS} <= recorded
    assert Config.__dataclass_fields__.keys() - recorded <= {
        "experiment",
        "optimizer",  # which both players follow
        "restart",
        "seeds",
        *overrides.RUNNING_GROUPS,
    }
