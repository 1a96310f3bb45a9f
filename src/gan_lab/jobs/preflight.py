"""What is tried before any run starts: that networks can be built, and what the machine can do."""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gan_lab.common.errors import UsageError, unknown
from gan_lab.common.paths import config_file, config_names, expanded
from gan_lab.config.instantiate import locate, unknown_keys
from gan_lab.config.own.folders import chosen_files
from gan_lab.config.own.yaml_files import line_of_key
from gan_lab.config.run_config import RunConfig, adam, with_presumed_data
from gan_lab.config.spec import Spec
from gan_lab.evaluation.scores import load_score, score_of
from gan_lab.tracking.wandb_environment import check_names, connect_seconds, wandb_mode
from gan_lab.training import build
from gan_lab.training.device import check_threads, has_bf16
from gan_lab.training.weights import after_a_step

TO_WANDB = ("gan_lab.tracking.WandbTracker", "gan_lab.tracking.wandb_and_tensorboard")
# Configs that agree in these have the same networks and the same loss.
BUILT_OF = ("model", "loss", "penalty", "image_size", "channels", "latent_dim", "pack",
            "weight_init", "batch_size", "optimizer_g", "optimizer_d")  # fmt: skip


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
        expanded(place)
    except UsageError:
        raise UsageError(
            f"{key}={place}: there is no such home folder here; set {key}=FOLDER."
        ) from None


def _check_scores(config: RunConfig) -> None:
    """Raise UsageError for what scoring at the end would not find."""
    dataset, weights = config.dataset, config.runtime.evaluation.inception_weights
    for name in dict.fromkeys([*dataset.scores, *dataset.scores_during_training]):
        if name in config_names("score"):
            load_score(name)  # says file and line, of one's own too
        score_of(config, name)
    names = dict.fromkeys([*config_names("score"), *dataset.own_scores])
    known = [value for name in names for value in score_of(config, name).values()]
    if dataset.selection not in known:
        raise UsageError(unknown("score", dataset.selection, known))
    if weights and not expanded(weights).is_file():
        raise UsageError(f"evaluation.inception_weights={weights}: there is no such file.")


def _try_optimizers(config: RunConfig, generator: nn.Module, discriminator: nn.Module) -> None:
    """Raise UsageError for an optimizer that does not take its settings, or wants more of a step
    than gradients."""
    specs = (config.optimizer_g, config.optimizer_d)
    made = build.optimizers(config, generator, discriminator)
    for spec, optimizer in zip(specs, made, strict=True):
        if spec == adam(config.beta1, config.beta2):
            continue
        try:
            after_a_step(optimizer)
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"{spec.target} cannot train these networks: {reason}.") from error


def with_noise_apart(config: RunConfig) -> RunConfig:
    """Return the config of a new run. Where its loss compares pairs, and noise or augmentation is
    added to the images, real ones have their own random numbers: see training.steps.Critics."""
    is_noisy = config.instance_noise or build.augmentation(config).differentiable
    return replace(config, noise_apart=bool(is_noisy and build.loss(config).relativistic))


def check_own_keys(config: RunConfig) -> None:
    """Raise UsageError for a key in a file of one's own that what it names does not take.

    What gan_lab's files set beside a `_target_` that was typed is left out instead.
    """
    chosen = {**config.choices.as_plain(), "penalty": ",".join(config.choices.penalty)}
    files = chosen_files([f"{group}={name}" for group, name in chosen.items()])
    parts = {
        "generator": config.model.generator,
        "discriminator": config.model.discriminator,
        "images": config.dataset.images,
        **config.penalties,
        "": config.loss,
    }
    for part, spec in parts.items() if files else ():
        _check_own_spec(spec, part, files)
    for name in config.dataset.own_scores:
        _check_own_spec(score_of(config, name).measure, "measure", [config_file("score", name)])


def _check_own_spec(spec: Spec, part: str, files: Sequence[Path]) -> None:
    for key in unknown_keys(spec):
        if place := line_of_key(files, f"{part}.{key}".lstrip(".")):
            names = ", ".join(inspect.signature(locate(str(spec.target))).parameters)
            raise UsageError(f"{place}: {spec.target} takes no {key!r}; it takes {names}.")


def check_builds(configs: Sequence[RunConfig]) -> None:
    """Build the networks, the loss and the optimizers of every config once, before any run starts.

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
            generator, discriminator = build.networks(with_presumed_data(config))
            _try_optimizers(config, generator, discriminator)
            if config.batch_size == 1 and any(
                isinstance(layer, nn.BatchNorm1d) for layer in generator.modules()
            ):
                raise UsageError(
                    "batch norm of a vector has nothing to average over in a batch of one: use "
                    "batch_size=2 or more."
                )
    finally:
        torch.set_num_threads(threads)
