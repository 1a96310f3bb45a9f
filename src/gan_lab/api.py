"""What notebooks and programs ask for: runs, datasets and losses, by name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_lab.config import compose
from gan_lab.data import ImageDataset
from gan_lab.losses import GanLoss
from gan_lab.training import build
from gan_lab.training.trained import TrainedRun, load_run

__all__ = ["TrainedRun", "load_dataset", "load_loss", "load_run"]


def load_loss(name: str, penalty: Sequence[str] = ()) -> GanLoss:
    """Return a loss of conf/loss with penalties of conf/penalty. Raises UsageError for others."""
    (job,) = compose.jobs([f"loss={name}", f"penalty=[{','.join(penalty)}]"], multirun=False)
    return build.loss(job.config)


def load_dataset(name: str, root: str | Path | None = None, **arguments: Any) -> ImageDataset:
    """Return a dataset of conf/dataset, its files looked for under `root`.

    `arguments` are the loader's (image_size=28, split="test"). Raises UsageError for another name.
    """
    (job,) = compose.jobs([f"dataset={name}"], multirun=False)
    config = job.config if root is None else job.config.with_runtime(data_root=str(root))
    return build.dataset(config, **arguments)
