"""What notebooks ask for: runs, datasets and losses, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from gan_lab import build
from gan_lab.data import ImageDataset
from gan_lab.errors import RunError, UsageError
from gan_lab.lookup import find_run
from gan_lab.losses import GanLoss
from gan_lab.paths import conf_directory
from gan_lab.record import is_labelled
from gan_lab.runs import Run
from gan_lab.sampling import generate, sample_labels, sample_latents


@dataclass
class LoadedRun:
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

    def sample(self, count: int, seed: int | None = None, label: int | None = None) -> Tensor:
        """Return images (uint8 [count, C, H, W]) of the averaged generator; row i is latent i.

        A conditional run draws the labels in the proportions of its data, or all are `label`.
        """
        seed = self.config.seed if seed is None else seed
        latents = sample_latents(seed, count, self.config.latent_dim)
        if not is_labelled(self.config):
            return generate(self.generator, latents)
        labels = sample_labels(seed, self.config.class_counts, count)
        if label is not None:
            labels = torch.full_like(labels, label)
        return generate(self.generator, latents, labels)


def load_run(run: str | Path, runs_dir: str | Path = "runs", trust: bool = False) -> LoadedRun:
    """Load a run by path, directory name, prefix of its hash, `latest` or `best`.

    `trust` allows a config that names code outside gan_lab and torch. Raises RunError if there is
    no such run or no checkpoint in it.
    """
    found = find_run(str(run), Path(runs_dir))
    config = found.config()
    record: Any = OmegaConf.to_container(config)
    state = found.load_checkpoint(print)
    if state is None:
        raise RunError(f"{found.directory} has no checkpoint yet; train it first.")
    average, raw = build.trained_generators(record, state, torch.device("cpu"), trust)
    _, discriminator = build.networks(record, trust)
    discriminator.load_state_dict(state["discriminator"])
    return LoadedRun(
        found.directory, config, average, raw, discriminator.eval(), state["progress"]["step"]
    )


def load_loss(name: str, penalty: Sequence[str] = ()) -> GanLoss:
    """Return a loss of conf/loss with penalties of conf/penalty. Raises UsageError for others."""
    config = _defaults()
    config.loss = _group_file("loss", name)
    config.penalty = {term: _group_file("penalty", term) for term in penalty}
    return build.loss({key: _plain(config[key]) for key in ("loss", "penalty")})


def load_dataset(name: str, root: str | Path | None = None, **arguments: Any) -> ImageDataset:
    """Return a dataset of conf/dataset, its files looked for under `root`.

    `arguments` are the loader's (image_size=28, split="test"). Raises UsageError for another name.
    """
    config = _defaults()
    config.dataset = _group_file("dataset", name)
    runtime = {
        "data_root": str(root) if root is not None else config.data_root,
        "cache_dir": config.cache_dir,
    }
    record = {"dataset": _plain(config.dataset), "runtime": runtime}
    return build.dataset(record, **arguments)


def _defaults() -> DictConfig:
    config = OmegaConf.load(conf_directory() / "config.yaml")
    assert isinstance(config, DictConfig)
    return config


def _group_file(group: str, name: str) -> DictConfig:
    path = conf_directory() / group / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml")))
        raise UsageError(f"no {group} called {name!r}; choose from {names}.")
    config = OmegaConf.load(path)
    assert isinstance(config, DictConfig)
    return config


def _plain(config: DictConfig) -> Any:
    return OmegaConf.to_container(config, resolve=True)
