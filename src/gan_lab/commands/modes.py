"""`gan-lab modes RUN`: which classes a generator makes, and which it does not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from gan_lab import __version__, build
from gan_lab.commands.arguments import add_run_options, at_least, parser, record_of
from gan_lab.console import say
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.errors import RunError
from gan_lab.figures import scatter
from gan_lab.lookup import find_run
from gan_lab.metrics import count_modes
from gan_lab.mode_figures import draw_census, draw_distances, draw_pairs, draw_sheet
from gan_lab.modes import (
    Sorted,
    describe_census,
    describe_diversity,
    sort_samples,
    with_high_quality,
)
from gan_lab.record import is_labelled
from gan_lab.runs import Run, replace_file
from gan_lab.sampling import generate, sample_labels, sample_latents, save_png

FEWEST = 50  # of ten classes each is then expected five times
SCATTERED = 2500


def main(arguments: list[str]) -> int:
    """Count the classes of a run's samples; write the counts, a chart and a contact sheet."""
    takes = parser("modes", "Count how many samples of a run fall on each class.")
    takes.add_argument("run", metavar="RUN", help="path, name, hash, latest or best")
    takes.add_argument(
        "--samples", type=at_least(FEWEST), default=10_000, help="default: %(default)s"
    )
    takes.add_argument(
        "--weights", choices=("ema", "raw"), default="ema", help="default: %(default)s"
    )
    add_run_options(takes)
    options = takes.parse_args(arguments)
    run = find_run(options.run, Path(options.runs_dir))
    result = examine(run, record_of(run, options), options.samples, options.weights, options.trust)
    say(result["conclusion"])
    print(run.modes_path(options.weights))
    return 0


def examine(
    run: Run, record: Mapping[str, Any], count: int, weights: str, trusted: bool
) -> dict[str, Any]:
    """Sort `count` samples of a run's newest checkpoint; write what they are and return it.

    Raises RunError if the run has no checkpoint.
    """
    device = build.device(record["runtime"])
    state = run.load_checkpoint(say)
    if state is None:
        raise RunError(f"{run.directory} has no checkpoint yet; train it first.")
    average, raw = build.trained_generators(record, state, device, trusted)
    data = build.dataset(record, trusted)
    seed = record["seed"]
    asked = sample_labels(seed, record["class_counts"], count) if is_labelled(record) else None
    latents = sample_latents(seed, count, record["latent_dim"])
    samples = generate(average if weights == "ema" else raw, latents, asked)
    order = sort_samples(samples, record, data, device, trusted)
    if order is None:
        found = describe_diversity(samples, data.images)
        draw_distances(samples, data.images, found, run.modes_figure(weights))
        draw_pairs(samples, found, run.modes_samples(weights))
    else:
        found = _census(samples, order, data, asked)
        draw_census(found, run.modes_figure(weights))
        if isinstance(data, PointDataset):
            shown = scatter(data.images[:SCATTERED], samples[:SCATTERED])
            save_png(shown, run.modes_samples(weights))
        else:
            draw_sheet(samples, order.predicted, found, run.modes_samples(weights))
    step = state["progress"]["step"]
    where = {"step": step, "weights": weights, "seed": seed, "version": __version__}
    result = {**where, **found}
    replace_file(run.modes_path(weights), json.dumps(result, indent=1) + "\n")
    return result


def _census(
    samples: Tensor, order: Sorted, data: ImageDataset, asked: Tensor | None
) -> dict[str, Any]:
    assert data.labels is not None, "what can be sorted has classes"
    real_counts = data.labels.bincount(minlength=len(data.classes)).tolist()
    census = count_modes(order.predicted, real_counts)
    found = {"judge": order.judge, **describe_census(census, data.classes, order.predicted, asked)}
    return with_high_quality(found, samples, data) if isinstance(data, PointDataset) else found
