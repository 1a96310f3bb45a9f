"""The first lines of a run, and what they record of the machine."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from gan_lab.common.console import duration, say
from gan_lab.config.schedule import Schedule
from gan_lab.data import PointDataset, folder_size, human_size
from gan_lab.runs.directory import Run
from gan_lab.training.state import TrainingState


def announce(
    record: Mapping[str, Any],
    run: Run,
    parts: TrainingState,
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
