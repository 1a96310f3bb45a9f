"""What a run's folder shows at its end: real beside generated images, early beside late ones."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lab.data import ImageDataset, PointDataset
from gan_lab.figures.panels import draw_panels
from gan_lab.figures.pictures import picture
from gan_lab.figures.tiles import grid
from gan_lab.runs.directory import Run
from gan_lab.training.loop import GRID_COLUMNS, GRID_IMAGES, drawn_classes
from gan_lab.training.rng import permutation
from gan_lab.training.sampling import generate, sample_latents
from gan_lab.training.state import TrainingState

EARLY = 10  # the early picture is that nearest to a tenth of the training


def draw_real_and_generated(
    state: TrainingState, real: ImageDataset, step: int, path: Path
) -> Path | None:
    """Draw as many held-out images as generated ones, in the same places: of a labelled run a row
    for each class. Writes PNG and PDF; nothing of points, whose samples are drawn over real ones.

    Latents and the order of the real images are those of fixed places: no stream of the training is
    drawn from.
    """
    if isinstance(real, PointDataset):
        return None
    seed, latent_dim = state.batches.seed, state.batches.latent_dim
    labels: Tensor | None = None
    if state.batches.labelled:
        classes = drawn_classes(state.batches.dataset)
        labels = classes.repeat_interleave(GRID_COLUMNS)
        latents = sample_latents(seed, GRID_COLUMNS, latent_dim).repeat(len(classes), 1)
    else:
        latents = sample_latents(seed, min(GRID_IMAGES, len(real)), latent_dim)
    fake = generate(state.average, latents, labels)
    shown = _same_places(real, labels) if labels is not None else _at_random(real, len(latents))
    count = f"{len(latents):,}"
    titles = [
        f"{count} held-out real images",
        f"{count} generated images, averaged weights (EMA), step {step:,}",
    ]
    return draw_panels([grid(shown), grid(fake)], titles, 2, path)


def _at_random(real: ImageDataset, count: int) -> Tensor:
    return real.images[permutation(0, 0, len(real))[:count]].cpu()


def _same_places(real: ImageDataset, labels: Tensor) -> Tensor:
    """Return an image of the class of each place [N]; white where there are not enough."""
    assert real.labels is not None, "only data with labels makes a labelled run"
    order = permutation(0, 0, len(real))
    of_class = real.labels.cpu()[order]
    shown = torch.full((len(labels), *real.images.shape[1:]), 255, dtype=torch.uint8)
    for label in labels.unique():
        (places,) = torch.nonzero(labels == label, as_tuple=True)
        rows = order[of_class == label][: len(places)]
        shown[places[: len(rows)]] = real.images[rows].cpu()
    return shown


def draw_early_and_late(run: Run, path: Path) -> Path | None:
    """Draw the first samples of a run, early ones and the last beside each other.

    From the pictures in samples/, of the same latents. Writes PNG and PDF; nothing where fewer than
    two of them can be read.
    """
    drawn = run.sample_steps()
    shown = _readable(run, early_and_late(drawn) if len(drawn) > 1 else [])
    if len(shown) < 2:
        return None
    titles = [f"step {step:,}" for step in shown]
    return draw_panels(list(shown.values()), titles, len(shown), path)


def early_and_late(steps: Sequence[int]) -> list[int]:
    """Return the first step, that nearest to a tenth of the last one, and the last; ascending."""
    first, *between, last = steps
    early = sorted(between, key=lambda step: abs(EARLY * step - last))[:1]
    return [first, *early, last]


def _readable(run: Run, steps: Sequence[int]) -> dict[int, np.ndarray]:
    """Return the pictures of steps that can be shown."""
    found = {}
    for step in steps:
        with suppress(ValueError):  # said by `gan-lab report`
            found[step] = picture(run.sample_path(step))
    return found
