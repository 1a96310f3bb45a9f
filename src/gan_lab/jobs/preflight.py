"""What is tried before any run starts: that networks can be built, and what the machine can do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gan_lab.common.errors import UsageError, unknown
from gan_lab.common.paths import config_names
from gan_lab.config.run_config import RunConfig, with_presumed_data
from gan_lab.evaluation.scores import load_score
from gan_lab.tracking.wandb_environment import check_names, connect_seconds, wandb_mode
from gan_lab.training import build
from gan_lab.training.device import check_threads, has_bf16

TO_WANDB = ("gan_lab.tracking.WandbTracker", "gan_lab.tracking.wandb_and_tensorboard")
# Configs that agree in these have the same networks and the same loss.
BUILT_OF = ("model", "loss", "penalty", "image_size", "channels", "latent_dim", "pack",
            "weight_init", "batch_size")  # fmt: skip


def check_surroundings(config: RunConfig) -> None:
    """Raise UsageError for what a run asks of its machine and the environment cannot give."""
    runtime = config.runtime
    for key in ("cache_dir", "runs_dir", "data_root"):
        _check_home(key, getattr(runtime, key))
    if runtime.logger and runtime.logger.target in TO_WANDB:
        wandb_mode(runtime.wandb.mode)
        connect_seconds()
        check_names(runtime.wandb)
    check_threads(runtime.threads)
    _check_scores(config)
    if config.precision == "bf16" and not has_bf16(runtime.device):
        raise UsageError(
            "precision=bf16 on a processor without bfloat16 is slower and no better: use "
            "precision=fp32, or device=cuda where there is one."
        )


def _check_home(key: str, place: str) -> None:
    try:
        Path(place).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{key}={place}: there is no home folder here; set {key}=FOLDER."
        ) from None


def _check_scores(config: RunConfig) -> None:
    """Raise UsageError for what scoring at the end would not find."""
    dataset, weights = config.dataset, config.runtime.evaluation.inception_weights
    for name in dict.fromkeys([*dataset.scores, *dataset.scores_during_training]):
        load_score(name)
    known = [value for name in config_names("score") for value in load_score(name).values()]
    if dataset.selection not in known:
        raise UsageError(unknown("score", dataset.selection, known))
    if weights and not Path(weights).expanduser().is_file():
        raise UsageError(f"evaluation.inception_weights={weights}: there is no such file.")


def check_builds(configs: Sequence[RunConfig]) -> None:
    """Build the networks and the loss of every config once, before any run starts.

    One's own networks wait for their data, whose channels only the data tell.
    Raises UsageError for a size that they cannot make, a setting that they do not take, or a batch
    of one where a layer averages over the batch.
    """
    seen: list[Any] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the runs may be forks of this process, and threads do not survive it
    try:
        for config in configs:
            kind = [getattr(config, key) for key in BUILT_OF]
            if kind in seen:
                continue
            seen.append(kind)
            build.loss(config)
            players = (config.model.generator, config.model.discriminator)
            if not all(str(player.target).startswith("gan_lab.") for player in players):
                continue
            generator, _ = build.networks(with_presumed_data(config))
            if config.batch_size == 1 and any(
                isinstance(layer, nn.BatchNorm1d) for layer in generator.modules()
            ):
                raise UsageError(
                    "batch norm of a vector has nothing to average over in a batch of one: use "
                    "batch_size=2 or more."
                )
    finally:
        torch.set_num_threads(threads)
