"""The study that faults are planted in: one run with every file a run may hold, and two others."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grid_calls import call

SETTINGS = (
    *("model=cdcgan", "image_size=16", "latent_dim=8", "batch_size=16", "threads=1"),
    *("log_every=2", "sample_every=10", "score_every=10", "checkpoint_every=10"),
    *("evaluation.samples=60", "evaluation.samples_during=60"),
    *("dataset.scores=[fd_classifier,class_shares]", "study=torture"),
)
# The run with every file begins with the weights of another.
VICTIM = (*SETTINGS, "hidden_dim=4", "from=before/latest")
FOREIGN = ("WANDB_", "GAN_LAB_")


@dataclass(frozen=True)
class Study:
    """A folder in which `gan-lab` was called: its runs are in FOLDER/runs/torture."""

    folder: Path
    run: str  # the name of the run with every file
    whole: tuple[str, ...]  # the names of the others
    environment: Mapping[str, str]

    @property
    def victim(self) -> Path:
        """The directory of the run with every file, below the folder."""
        return Path("runs/torture", self.run)

    def files(self) -> list[Path]:
        """Every file that the run holds, below its directory."""
        root = self.folder / self.victim
        return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())


def environment_in(folder: Path) -> dict[str, str]:
    """An environment without anybody's settings, and without a network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    home = folder / "home"
    return kept | nowhere | {
        "HOME": str(home),
        "NETRC": str(home / "netrc"),
        "TORCH_HOME": str(home / "torch"),
        "GAN_LAB_CACHE": str(folder / "cache"),
        "WANDB_MODE": "offline",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "300",
    }  # fmt: skip


def make_study(folder: Path) -> Study:
    """Train the study in a folder; one that is there is taken as it is."""
    environment = environment_in(folder)
    root = folder / "study"
    if not (folder / "made").exists():
        root.mkdir(parents=True)
        (folder / "home").mkdir()

        def gan_lab(*arguments: str) -> None:
            answer = call(root, arguments, environment, seconds=300, memory=None)
            if answer.code:
                raise RuntimeError(f"gan-lab {' '.join(arguments)}: {answer.text}")

        alike = [text for text in SETTINGS if not text.startswith("study=")]
        gan_lab(*alike, "hidden_dim=4", "steps=2", "study=before", "logger=none")
        gan_lab(*VICTIM, "steps=20", "logger=both")
        (directory,) = (root / "runs/torture").iterdir()
        run = str(directory.relative_to(root))
        gan_lab("modes", run, "--samples", "60")
        gan_lab("modes", run, "--samples", "60", "--weights", "raw")
        gan_lab("equilibrium", run, "--steps", "2", "--fresh-steps", "2")
        gan_lab("sample", run, "--count", "4")
        gan_lab("interpolate", run, "--pairs", "1")
        gan_lab("export", run)
        for width in (6, 8):
            gan_lab(*SETTINGS, f"hidden_dim={width}", "steps=20", "logger=none")
        gan_lab("report", "torture")
        shutil.rmtree(root / "runs/wandb")
        (folder / "made").write_text(directory.name, encoding="utf-8")
    name = (folder / "made").read_text("utf-8")
    others = sorted(path.parent.name for path in root.glob("runs/torture/*/config.yaml"))
    others.remove(name)
    return Study(root, name, tuple(others), environment)


LENGTH = 20  # steps of the study's runs


def numbers_of(path: Path) -> list[str]:
    """What the lines of a file of JSON lines are about, sorted; [] if there is no file.

    A wrong number of the right form cannot be noticed: of the steps that the run had before a
    fault was planted, a line counts by its step and names, of later ones by its numbers too.
    """
    found = []
    for text in path.read_text("utf-8", "replace").splitlines() if path.is_file() else ():
        try:
            line = json.loads(text)
        except ValueError:
            line = text
        found.append(json.dumps(_about(line) if isinstance(line, dict) else line, sort_keys=True))
    return sorted(found)


def _about(line: dict[str, Any]) -> object:
    line.pop("seconds", None)
    step = line.get("step")
    if isinstance(step, int) and step > LENGTH:
        return line
    protocol = line.get("protocol")
    names = sorted(protocol) if isinstance(protocol, dict) else []
    weights = protocol.get("weights") if isinstance(protocol, dict) else None
    return [step, line.get("score"), weights, names, sorted(line)]
