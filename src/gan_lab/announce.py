"""The first lines of a run, and what they record of the machine."""

import platform
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import nn

from gan_lab.common.console import duration, say
from gan_lab.common.paths import PACKAGE
from gan_lab.config.schedule import Schedule
from gan_lab.data import PointDataset, folder_size, human_size
from gan_lab.parts import Parts
from gan_lab.runs import Run

PACKAGES = ("gan-lab", "torch", "numpy", "hydra-core", "omegaconf", "wandb")


def announce(
    record: Mapping[str, Any],
    run: Run,
    parts: Parts,
    schedule: Schedule,
    step: int,
    device: torch.device,
    tracker: Any,
    seconds_per_step: float,
) -> None:
    """Say what is about to be trained, on what, for how long, and where it goes."""
    data = parts.inputs.dataset
    size = "x".join(str(side) for side in data.shape)
    classes = f", {len(data.classes)} classes" if data.classes else ""
    kind = "points" if isinstance(data, PointDataset) else "images"
    shown = schedule.steps * parts.inputs.discriminator_steps * parts.inputs.batch_size
    left = duration((schedule.steps - step) * seconds_per_step)
    say(f"data      {record['choices']['dataset']}: {len(data):,} {kind} {size}{classes}")
    if data.cache:
        here, everything = folder_size(data.cache), folder_size(data.cache.parent)
        say(f"cache     {data.cache} ({human_size(here)}; all of it {human_size(everything)})")
    say(
        f"networks  {record['choices']['model']}: G {count(parts.generator):,} parameters, "
        f"D {count(parts.discriminator):,}"
    )
    say(f"loss      {record['choices']['loss']}")
    say(f"device    {device}, {torch.get_num_threads()} threads")
    say(
        f"length    {schedule.steps:,} steps of batch {parts.inputs.batch_size} "
        f"({shown / len(data):.3g} epochs), about {left} left"
    )
    say(f"run       {run.directory}")
    say(f"logger    {tracker.description if tracker else 'none beside metrics.jsonl'}")


def count(network: nn.Module) -> int:
    """Return the number of parameters of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def environment(device: torch.device, command: str) -> dict[str, Any]:
    """Describe one start of a run: versions, commit, device, threads, command."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": command,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit of a checkout of gan_lab; None for an installed wheel."""
    if not (PACKAGE.parents[1] / ".git").exists():
        return None
    arguments = ["git", "-C", str(PACKAGE), "rev-parse", "HEAD"]
    answer = subprocess.run(arguments, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None
