"""What is tried before any run starts: that networks can be built, and what the machine can do."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from gan_lab.common.errors import UsageError
from gan_lab.config.run_config import presumed_data_facts
from gan_lab.tracking.wandb_environment import connect_seconds, wandb_mode
from gan_lab.training import build
from gan_lab.training.device import has_bf16


def check_surroundings(record: Mapping[str, Any]) -> None:
    """Raise UsageError for what a run asks of its machine and the environment cannot give."""
    logger = record["runtime"]["logger"] or {}
    if "wandb" in str(logger.get("_target_")).lower():
        wandb_mode(record["runtime"]["wandb"]["mode"])
        connect_seconds()
    if record["precision"] == "bf16" and not has_bf16(record["runtime"]["device"]):
        raise UsageError(
            "precision=bf16 on a processor without bfloat16 is slower and no better: use "
            "precision=fp32, or device=cuda where there is one."
        )


def check_builds(records: Sequence[Mapping[str, Any]]) -> None:
    """Build the networks and the loss of every record once, before any run starts.

    One's own networks wait for their data, whose channels only the data tell.
    Raises UsageError for a size that they cannot make, a setting that they do not take, or a batch
    of one where a layer averages over the batch.
    """
    seen: list[Any] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the runs may be forks of this process, and threads do not survive it
    try:
        for record in records:
            kind = [record[key] for key in ("model", "loss", "penalty", "image_size", "channels")]
            kind += [record[key] for key in ("latent_dim", "pack", "weight_init", "batch_size")]
            if kind in seen:
                continue
            seen.append(kind)
            build.loss(record)
            players = (record["model"]["generator"], record["model"]["discriminator"])
            if not all(str(player["_target_"]).startswith("gan_lab.") for player in players):
                continue
            generator, _ = build.networks({**record, **presumed_data_facts(record)})
            if record["batch_size"] == 1 and any(
                isinstance(layer, nn.BatchNorm1d) for layer in generator.modules()
            ):
                raise UsageError(
                    "batch norm of a vector has nothing to average over in a batch of one: use "
                    "batch_size=2 or more."
                )
    finally:
        torch.set_num_threads(threads)
