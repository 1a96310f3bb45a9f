"""Settings of runs that take a second, and what tests look at in a run or in an answer."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from gan_lab.common.paths import own_folders
from gan_lab.config import compose
from gan_lab.config.run_config import RunConfig, as_content
from gan_lab.runs.directory import Run, run_directories

CONSOLE_SCRIPT = Path(sys.executable).with_name("gan-lab")
USAGE, FAILED = 2, 1  # exit codes
FEW_SAMPLES = ("evaluation.samples=60", "evaluation.samples_during=60")
FEW_SCORES = "dataset.scores=[fd_classifier,class_shares]"  # of digits; swd takes a second a set
QUICK = ("logger=none", "image_size=16", *FEW_SAMPLES, FEW_SCORES)
SHORT = (*QUICK, "hidden_dim=4", "steps=2")
SMALL = [
    *("image_size=16", "hidden_dim=16", "batch_size=16", "logger=none"),
    *("log_every=1", "sample_every=10", "score_every=20", *FEW_SAMPLES, FEW_SCORES),
]


def assert_one_line(result: subprocess.CompletedProcess[str], code: int, *pieces: str) -> None:
    """The mistake is answered by one line on stderr that holds all the pieces."""
    assert result.returncode == code, result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("gan-lab: "), result.stderr
    assert "Traceback" not in result.stdout
    for piece in pieces:
        assert piece in lines[0]


def config_of(*settings: str) -> RunConfig:
    """The config of the run that settings ask for, of a study its baseline."""
    return _config_of(settings, (compose.conf_directory(), *own_folders()))


@cache
def _config_of(settings: tuple[str, ...], folders: tuple[Path, ...]) -> RunConfig:
    """Composing takes a tenth of a second, and much is compared with one and the same run."""
    if any(text.startswith("experiment=") for text in settings):
        settings = (*settings, "sweep=null", "seeds=1")
    (job,) = compose.jobs(settings, multirun=False)
    return job.config


def knobs(*settings: str) -> dict[str, Any]:
    """Its knobs by name, those of the runtime among them."""
    return knobs_of(config_of(*settings))


def knobs_of(config: RunConfig) -> dict[str, Any]:
    """The knobs of a config by name, those of the runtime among them."""
    content = as_content(config)
    return {**content, **content["runtime"]}


def runs_in(folder: Path) -> dict[str, Run]:
    """The runs below a working directory, by name."""
    return {path.name: Run(path) for path in run_directories(folder / "runs")}


def the_run(folder: Path) -> Run:
    """The one run below a working directory."""
    (run,) = runs_in(folder).values()
    return run


def states(folder: Path) -> list[str]:
    return [run.status().state for run in runs_in(folder).values()]
