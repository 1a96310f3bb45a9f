"""`gan-lab evaluate RUN ...`: score runs; `--real DIR --fake DIR`: score a folder of images."""

import argparse
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gan_lab.cli.arguments import add_place_options, at_least, parser, use_trusted_configs
from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.typed import plain
from gan_lab.config.run_config import RunConfig
from gan_lab.evaluation.scores import asked_scores, load_score, named_scores, scores_that_need
from gan_lab.evaluation.tables import folder_table, runs_table
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import ScoreLine
from gan_lab.runs.lookup import find_run

if TYPE_CHECKING:
    from gan_lab.training.trained import TrainedRun


def main(arguments: list[str]) -> int:
    """Score runs, on the averaged and the raw generator, or a folder against another."""
    takes = parser(
        "evaluate",
        "Score runs on their averaged (EMA) and raw generators.",
        ["latest", "latest --scores fid --samples 50000", "--real photographs --fake generated"],
    )
    takes.add_argument("runs", metavar="RUN", nargs="*", help="path, name, hash, latest or best")
    takes.add_argument("--real", metavar="DIR", help="a folder of real images, in place of runs")
    takes.add_argument("--fake", metavar="DIR", help="a folder of images to score against it")
    takes.add_argument(
        "--out",
        metavar="FILE",
        default="folder_scores.jsonl",
        help="what scores of folders are added to (default: %(default)s)",
    )
    takes.add_argument("--samples", type=at_least(2), help="images to generate (default: 10000)")
    takes.add_argument(
        "--scores",
        metavar="NAME,...",
        help="of conf/score, or fd, or all (also those that need Inception); default: the data's",
    )
    takes.add_argument("--inception-weights", metavar="FILE", help="a local file for FID")
    takes.add_argument("--inception-sha256", metavar="HEX", help="its hash, if it is your own")
    add_place_options(takes)
    options = takes.parse_args(arguments)
    use_trusted_configs(options)
    if options.real or options.fake:
        return _folders(options)
    if not options.runs:
        raise UsageError("evaluate what? RUN ..., or --real DIR --fake DIR.")
    for name in named_scores(options.scores or ""):
        if name != "all":
            _check_name(name, options)
    return _runs([find_run(name, Path(options.runs_dir)) for name in options.runs], options)


def _runs(runs: Sequence[Run], options: argparse.Namespace) -> int:
    """Score runs; with several, print a table of them."""
    from gan_lab.evaluation.run_evaluator import evaluate_run  # only now: torch takes 2 s

    found: dict[str, list[ScoreLine]] = {}
    for run in runs:
        opened = _opened(run, options)
        names = _names(options.scores, opened.config)
        found[run.directory.name] = evaluate_run(opened, options.samples, names)
    if len(runs) > 1:
        averaged = {
            name: [line for line in lines if line.weights == "ema"] for name, lines in found.items()
        }
        for text in runs_table(averaged):
            say(text)
    for run in runs:
        if found[run.directory.name]:
            say(str(run.evaluations_path))
    return 0 if all(found.values()) else 1


def _opened(run: Run, options: argparse.Namespace) -> "TrainedRun":
    """Open a run, with what was typed in place of its own runtime."""
    from gan_lab.training.trained import Places, open_run

    places = Places(options.data_root, options.device, options.folder)
    opened = open_run(run.directory, trusted=options.trust, places=places)
    settings = opened.config.runtime.evaluation
    config = opened.config.with_evaluation(
        inception_weights=options.inception_weights or settings.inception_weights,
        inception_sha256=options.inception_sha256 or settings.inception_sha256,
    )
    return replace(opened, config=config)


def _check_name(name: str, options: argparse.Namespace) -> None:
    """Raise UsageError for a score that there is not, before any run is opened."""
    try:
        load_score(name)
    except UsageError as error:
        with suppress(RunError):  # no such run, or damaged: that is said after this
            runs = [find_run(reference, Path(options.runs_dir)) for reference in options.runs]
            if all(name in run.config().dataset.own_scores for run in runs):
                return
        raise UsageError(f"--scores {name}: {error}") from None


def _names(asked: str | None, config: RunConfig) -> list[str] | None:
    """Return the scores that were typed; None if none were."""
    if asked is None:
        return None
    if asked == "all":
        every = dict.fromkeys([*config.dataset.scores, *scores_that_need("inception")])
        return asked_scores(list(every), config)[0]
    return named_scores(asked)


def _folders(options: argparse.Namespace) -> int:
    """Score one folder of images against another."""
    if not (options.real and options.fake) or options.runs:
        raise UsageError("folders are scored in a pair, and without runs: --real DIR --fake DIR.")
    from gan_lab.config.compose import load_defaults  # only now: torch and Hydra take 2 s
    from gan_lab.evaluation.folders import InceptionFile, default_scores, score_folders
    from gan_lab.training.device import choose_device

    settings = load_defaults()
    file = InceptionFile(
        options.inception_weights or settings.evaluation.inception_weights,
        options.inception_sha256 or settings.evaluation.inception_sha256,
    )
    device = choose_device(options.device or "auto")
    names = default_scores() if options.scores is None else options.scores.split(",")
    if options.scores == "all":
        names = [*default_scores(), *scores_that_need("inception")]
    lines = score_folders(Path(options.real), Path(options.fake), names, device, file)
    for text in folder_table(lines):
        say(text)
    out = Path(options.out)
    with out.open("a", encoding="utf-8") as written:
        written.writelines(_without_step(line) + "\n" for line in lines)
    say(str(out))
    return 0


def _without_step(line: ScoreLine) -> str:
    """Return a line in JSON as files of folders' scores have it: no training is behind those."""
    content = plain(line)
    del content["step"]
    return json.dumps(content)
