"""`gan-lab modes RUN`: which classes a generator makes, and which it does not."""

from typing import Any

from gan_lab.commands.arguments import Trained, at_least, examining_parser, trained_run
from gan_lab.common.console import say, say_figures
from gan_lab.common.version import __version__
from gan_lab.data import PointDataset
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.figures.points import draw_scatter
from gan_lab.mode_figures import draw_census, draw_distances, draw_pairs, draw_sheet
from gan_lab.modes import as_many, describe_diversity
from gan_lab.training import build
from gan_lab.training.trained import trained_generators

FEWEST = 50  # of ten classes each is then expected five times
SCATTERED = 2500


def main(arguments: list[str]) -> int:
    """Count the classes of a run's samples; write the counts, a chart and a contact sheet."""
    takes = examining_parser("modes", "Count how many samples of a run fall on each class.")
    takes.add_argument(
        "--samples", type=at_least(FEWEST), default=10_000, help="default: %(default)s"
    )
    takes.add_argument(
        "--weights", choices=("ema", "raw"), default="ema", help="default: %(default)s"
    )
    options = takes.parse_args(arguments)
    trained = trained_run(options)
    result = examine(trained, options.samples, options.weights)
    say(result["conclusion"])
    run, weights = trained.run, options.weights
    say_figures(run.modes_figure(weights), run.modes_samples(weights))
    print(run.modes_path(weights))
    return 0


def examine(trained: Trained, count: int, weights: str) -> dict[str, Any]:
    """Sort `count` samples of a run; write what they are and return it."""
    run, record = trained.run, trained.record
    average, raw = trained_generators(record, trained.state, trained.device)
    evaluator = RunEvaluator(record, run, trained.device)
    drawn = evaluator.samples_of(average if weights == "ema" else raw)
    samples = drawn.seen_by(None, 0, count)
    data = build.dataset(record)
    order = evaluator.sort(drawn, count)
    if order is None:
        where = {"step": trained.step, "weights": weights, "seed": record["seed"]}
        found = {**where, "version": __version__, **describe_diversity(samples, data.images)}
        run.write_modes(weights, found)
        draw_distances(*as_many(samples, data.images), found, run.modes_figure(weights))
        draw_pairs(samples, found, run.modes_samples(weights))
        return found
    found = evaluator.census(drawn, order, weights, trained.step)
    draw_census(found, run.modes_figure(weights))
    if isinstance(data, PointDataset):
        real = data.images[:SCATTERED]
        draw_scatter(real, samples[:SCATTERED], run.modes_samples(weights))
    else:
        draw_sheet(samples, order.predicted, found, run.modes_samples(weights))
    return found
