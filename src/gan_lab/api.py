"""What notebooks and programs ask for: runs, datasets and losses, by name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gan_lab.config.compose import load_defaults, load_group
from gan_lab.data import ImageDataset
from gan_lab.losses import GanLoss
from gan_lab.training import build
from gan_lab.training.trained import TrainedRun, load_run

__all__ = ["TrainedRun", "load_dataset", "load_loss", "load_run"]


def load_loss(name: str, penalty: Sequence[str] = ()) -> GanLoss:
    """Return a loss of conf/loss with penalties of conf/penalty. Raises UsageError for others."""
    config = load_defaults()
    config.loss = load_group("loss", name)
    config.penalty = {term: load_group("penalty", term) for term in penalty}
    return build.loss({key: _plain(config[key]) for key in ("loss", "penalty")})


def load_dataset(name: str, root: str | Path | None = None, **arguments: Any) -> ImageDataset:
    """Return a dataset of conf/dataset, its files looked for under `root`.

    `arguments` are the loader's (image_size=28, split="test"). Raises UsageError for another name.
    """
    config = load_defaults()
    config.dataset = load_group("dataset", name)
    runtime = {
        "data_root": str(root) if root is not None else config.data_root,
        "cache_dir": config.cache_dir,
    }
    record = {"dataset": _plain(config.dataset), "runtime": runtime}
    return build.dataset(record, **arguments)


def _plain(config: DictConfig) -> Any:
    return OmegaConf.to_container(config, resolve=True)
