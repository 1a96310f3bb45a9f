"""The words under figures: what was trained, how, and which weights are shown."""

from collections.abc import Mapping
from typing import Any

WEIGHTS = {"ema": "averaged weights (EMA)", "raw": "raw weights"}


def caption(record: Mapping[Any, Any], step: int) -> str:
    """Return a run's caption: networks, loss, data, and the four settings that lab sheets ask for.

    `record` is a run's config, `step` the updates of the generator behind the picture.
    """
    choices = record["choices"]
    return (
        f"{choices['model']}, {choices['loss']} on {choices['dataset']}: "
        f"latent_dim = {record['latent_dim']}, {capacity(record)}, "
        f"batch_size = {record['batch_size']}, num_train_steps = {step:,}, "
        f"seed = {record['seed']}"
    )


def capacity(record: Mapping[Any, Any]) -> str:
    """Return hidden_dim, or ngf and ndf where they differ."""
    if record["ngf"] == record["ndf"]:
        return f"hidden_dim = {record['ngf']}"
    return f"ngf = {record['ngf']}, ndf = {record['ndf']}"
