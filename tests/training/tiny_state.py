"""The state of a training so small that a step takes a hundredth of a second."""

from functools import cache

import torch

from gan_lab.config.compose import Composed, jobs
from gan_lab.config.run_config import RunConfig, with_data
from gan_lab.data import digits
from gan_lab.training import build
from gan_lab.training.state import TrainingState

SIZE, BATCH = 16, 12
TINY = ["dataset=digits", f"image_size={SIZE}", f"batch_size={BATCH}", "latent_dim=3"]
DATA = digits(SIZE)


@cache
def job_of(*settings: str) -> Composed:
    return jobs([*TINY, "hidden_dim=4", *settings], False)[0]


def config_of(*settings: str) -> RunConfig:
    return with_data(job_of(*settings).config, DATA)


def make_state(*settings: str) -> TrainingState:
    return build.training_state(config_of(*settings), DATA, torch.device("cpu"))
