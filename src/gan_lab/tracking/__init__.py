"""Where a run's numbers and pictures go: metrics.jsonl always, W&B and TensorBoard if asked."""

from gan_lab.tracking.base import JsonLines, Tracker, open_tracker
from gan_lab.tracking.tensorboard_tracker import TensorBoardTracker, wandb_and_tensorboard
from gan_lab.tracking.wandb_tracker import WandbTracker

__all__ = [
    "JsonLines",
    "TensorBoardTracker",
    "Tracker",
    "WandbTracker",
    "open_tracker",
    "wandb_and_tensorboard",
]
