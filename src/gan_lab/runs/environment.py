"""What environment.json records of one start of a run."""

import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from gan_lab.common.paths import PACKAGE

PACKAGES = ("gan-lab", "torch", "numpy", "hydra-core", "omegaconf", "wandb")


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
    answer = subprocess.run(
        arguments, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return answer.stdout.strip() or None
