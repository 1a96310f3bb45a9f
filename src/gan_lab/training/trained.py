"""A trained run: how it is opened, and what it draws."""

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError
from gan_lab.config.compose import load_defaults
from gan_lab.config.run_config import is_labelled
from gan_lab.config.trust import refuse_untrusted
from gan_lab.data import ImageDataset
from gan_lab.runs.directory import Run
from gan_lab.runs.lookup import find_run
from gan_lab.training import build
from gan_lab.training.device import set_up_device
from gan_lab.training.sampling import generate_each, sample_labels, sample_latents


@dataclass(frozen=True)
class OpenedRun:
    """A run that is examined: its record, its newest checkpoint and where to compute."""

    run: Run
    record: dict[str, Any]
    checkpoint: dict[str, Any]
    device: torch.device

    @property
    def step(self) -> int:
        """The updates of the generator behind the checkpoint."""
        step: int = self.checkpoint["progress"]["step"]
        return step


@dataclass
class TrainedRun:
    """A run as it was left: its config, its networks in eval mode (on the CPU), its numbers."""

    directory: Path
    config: DictConfig
    generator: nn.Module  # the averaged one
    raw_generator: nn.Module
    discriminator: nn.Module
    step: int

    @cached_property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl."""
        return Run(self.directory).metrics()

    @cached_property
    def evaluations(self) -> list[dict[str, Any]]:
        """The lines of evaluations.jsonl: scores with their protocol."""
        return Run(self.directory).evaluations()

    def weights(self, name: str) -> nn.Module:
        """The generator of these weights: "ema" (averaged) or "raw"."""
        return {"ema": self.generator, "raw": self.raw_generator}[name]

    def latents(self, count: int, seed: int | None = None) -> Tensor:
        """The first latents [count, latent_dim] of a seed; the run's own unless told."""
        seed = self.config.seed if seed is None else seed
        return sample_latents(seed, count, self.config.latent_dim)

    def labels(
        self, count: int, seed: int | None = None, label: int | None = None
    ) -> Tensor | None:
        """The labels [count] that go with a seed's latents, in the proportions of the data.

        All are `label` if there is one. None unless the run is conditional; raises UsageError for
        a label that there is not.
        """
        if not is_labelled(self.config):
            if label is not None:
                raise UsageError(f"{self.directory} is not conditional: it has no classes.")
            return None
        classes = len(self.config.class_counts)
        if label is not None and not 0 <= label < classes:
            raise UsageError(f"there is no class {label}: they go from 0 to {classes - 1}.")
        seed = self.config.seed if seed is None else seed
        labels = sample_labels(seed, self.config.class_counts, count)
        return labels if label is None else torch.full_like(labels, label)

    def sample(
        self, count: int, seed: int | None = None, label: int | None = None, weights: str = "ema"
    ) -> Tensor:
        """Return images (uint8 [count, C, H, W]); row i is latent i, whatever the count."""
        return generate_each(
            self.weights(weights), self.latents(count, seed), self.labels(count, seed, label)
        )


def load_run(
    run: str | Path, runs_dir: str | Path | None = None, trust: bool = False
) -> TrainedRun:
    """Load a run by path, directory name, prefix of its hash, `latest` or `best`.

    Names are looked for in `runs_dir`, by default GAN_LAB_RUNS or else ./runs.
    `trust` allows a config that names code outside gan_lab and torch. Raises RunError if there is
    no such run, no checkpoint in it, or one of other networks.
    """
    found = find_run(str(run), Path(runs_dir or os.environ.get("GAN_LAB_RUNS", "runs")))
    record = read_record(found, trust)
    checkpoint = found.trained(print)
    average, raw = trained_generators(record, checkpoint, torch.device("cpu"))
    _, discriminator = build.networks(record)
    set_weights(discriminator, checkpoint["discriminator"])
    step = checkpoint["progress"]["step"]
    config = OmegaConf.create(record)
    return TrainedRun(found.directory, config, average, raw, discriminator.eval(), step)


def open_run(
    run: Run, trusted: bool = False, data_root: str | None = None, device: str | None = None
) -> OpenedRun:
    """Read a run's record by `read_record`, choose its device and load its newest checkpoint.

    Raises what `read_record` raises, and RunError if there is no checkpoint.
    """
    record = read_record(run, trusted, data_root, device)
    chosen = set_up_device(record["runtime"])
    return OpenedRun(run, record, run.trained(say), chosen)


def read_record(
    run: Run, trusted: bool = False, data_root: str | None = None, device: str | None = None
) -> dict[str, Any]:
    """Return what config.yaml of a run holds, for whoever builds from it: all do so by this door.

    Places are the reader's own: the cache, and the data where `data_root` or GAN_LAB_DATA says.
    Raises UsageError, unless `trusted`, for a config that names what may be anybody's code, and
    RunError for one that cannot be read.
    """
    content: Any = OmegaConf.to_container(run.config())
    record: dict[str, Any] = content
    if not trusted:
        refuse_untrusted(record)
    runtime = record["runtime"]
    runtime["cache_dir"] = load_defaults().cache_dir
    runtime["data_root"] = data_root or os.environ.get("GAN_LAB_DATA") or runtime["data_root"]
    runtime["device"] = device or runtime["device"]
    return record


def load_data_of(config: DictConfig, data_root: str | None = None) -> ImageDataset:
    """Load the training data of a loaded run, found under `data_root` or where its config says."""
    record: Any = OmegaConf.to_container(config)
    runtime = record["runtime"]
    runtime["data_root"] = data_root or runtime["data_root"]
    return build.dataset(record)


def trained_generators(
    record: Mapping[str, Any], checkpoint: Mapping[str, Any], device: torch.device
) -> tuple[nn.Module, nn.Module]:
    """Return the averaged and the raw generator of a checkpoint, in eval mode on `device`."""
    raw, _ = build.networks(record)
    raw.to(device).to(memory_format=torch.channels_last).requires_grad_(False).eval()
    average = copy.deepcopy(raw)
    set_weights(raw, checkpoint["generator"])
    set_weights(average, checkpoint["average"])
    return average, raw


def set_weights(network: nn.Module, weights: Mapping[str, Any]) -> None:
    """Set a network's weights to those of a checkpoint. Raises RunError if they do not fit."""
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:  # torch names each weight, a line each
        mismatch = str(error).splitlines()[1].strip().rstrip(".")
        raise RunError(
            "the checkpoint does not fit the networks of the run's config.yaml, which must have "
            f"been changed since ({mismatch}): put back what it was."
        ) from error
