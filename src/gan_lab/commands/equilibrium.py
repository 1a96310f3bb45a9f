"""`gan-lab equilibrium RUN`: how near a run is to the equilibrium of its game."""

import json
from collections.abc import Mapping
from typing import Any

from gan_lab.commands.arguments import Trained, at_least, examining_parser, trained_run
from gan_lab.common.console import say, say_figures
from gan_lab.common.files import replace_file
from gan_lab.common.version import __version__
from gan_lab.config.run_config import is_labelled
from gan_lab.data import PointDataset
from gan_lab.equilibrium import conclude, curve_means, duality_gap, fresh_accuracy, on_held_out
from gan_lab.equilibrium_figures import draw_equilibrium, draw_optimum
from gan_lab.optimal import compare_with_optimum
from gan_lab.runs.directory import Run
from gan_lab.training import build
from gan_lab.training.device import on_device
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step


def main(arguments: list[str]) -> int:
    """Measure what a run lacks to the equilibrium; write numbers, a figure and a conclusion."""
    takes = examining_parser("equilibrium", "Measure how near a run is to its equilibrium.")
    takes.add_argument(
        "--steps",
        type=at_least(1),
        default=200,
        help="that each player learns alone for the duality gap (default: %(default)s)",
    )
    takes.add_argument(
        "--fresh-steps",
        type=at_least(1),
        default=500,
        help="that a fresh discriminator learns (default: %(default)s)",
    )
    options = takes.parse_args(arguments)
    trained = trained_run(options)
    result = examine(trained, options.steps, options.fresh_steps)
    say(result["conclusion"])
    drawn = [trained.run.equilibrium_figure]
    if "optimum" in result:
        drawn.append(trained.run.optimum_figure)
    say_figures(*drawn)
    print(trained.run.equilibrium_path)
    return 0


def examine(trained: Trained, steps: int, fresh_steps: int) -> dict[str, Any]:
    """Measure a run's newest checkpoint, write what was found and return it."""
    run, record = trained.run, trained.record
    data = build.dataset(record)
    held_out = on_device(build.dataset(record, split="test"), trained.device)
    parts = build.parts(record, data, trained.device)
    parts.load(trained.state)
    metrics = run.metrics()
    has_value = parts.loss.output == "probability" and not record["label_smoothing"]
    result: dict[str, Any] = {
        "step": trained.step,
        "version": __version__,
        "curves": curve_means(metrics, has_value),
    }
    # A loss whose D gives no probability has neither this value nor this equilibrium.
    if parts.loss.output == "probability":
        result["held_out"] = on_held_out(parts, held_out)
        result["gap"] = duality_gap(parts, held_out, take_step, steps)
    _, fresh = build.networks({**record, "seed": record["seed"] + 1, "pack": 1})
    result["fresh"] = fresh_accuracy(fresh.to(trained.device), parts, held_out, fresh_steps)
    if isinstance(data, PointDataset) and _has_optimum(record, parts):
        result["optimum"] = _draw_optimum(run, record, parts, data)
    result["conclusion"] = conclude(result)
    draw_equilibrium(metrics, result, run.equilibrium_figure)
    replace_file(run.equilibrium_path, json.dumps(result, indent=1) + "\n")
    return result


def _has_optimum(record: Mapping[str, Any], parts: TrainingState) -> bool:
    """Whether D* is a function of one point that D could be: no pairs, no labels, a probability."""
    return record["pack"] == 1 and not is_labelled(record) and parts.loss.output == "probability"


def _draw_optimum(
    run: Run, record: Mapping[str, Any], parts: TrainingState, data: PointDataset
) -> dict[str, Any]:
    optimum = compare_with_optimum(
        parts.generator, parts.discriminator, data, record["seed"], record["latent_dim"]
    )
    draw_optimum(optimum, data.centers, data.std, run.optimum_figure)
    return optimum.numbers
