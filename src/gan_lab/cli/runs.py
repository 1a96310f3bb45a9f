"""`gan-lab runs [STUDY]`: list what was run, and put runs into a bin."""

import argparse
import json
from pathlib import Path

from gan_lab.cli.arguments import parser
from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError


def main(arguments: list[str]) -> int:
    """List what was run, or put runs into the bin."""
    takes = parser(
        "runs",
        "List the runs of a study, or all: what varies between them, state, step, time, scores.",
        ["", "mnist_dcgan --sort fd_classifier", "--json", "--trash 3f9a0c12 mnist_dcgan/latest"],
    )
    takes.add_argument("study", nargs="?", default="*")
    takes.add_argument("--sort", metavar="COLUMN", help="a setting, a score, state, step or seed")
    takes.add_argument("--json", action="store_true", help="print a JSON list of the runs")
    takes.add_argument(
        "--trash",
        metavar="RUN",
        nargs="+",
        help="move runs to RUNS_DIR/.trash, from where they can be moved back",
    )
    options = takes.parse_args(arguments)
    if options.trash:
        return _trash(options)
    from gan_lab.report.listing import find_listed, in_order_of, list_rows, print_listed

    runs_dir = Path(options.runs_dir)
    found = find_listed(runs_dir, options.study)
    if not found:
        where = runs_dir if options.study == "*" else runs_dir / options.study
        raise RunError(f"no runs under {where}; `gan-lab` lists commands that make some.")
    if options.sort:
        found = in_order_of(found, options.sort)
    if options.json:
        print(json.dumps(list_rows(found), indent=1))
        return 0
    print_listed(found)
    say(str(runs_dir))
    return 0


def _trash(options: argparse.Namespace) -> int:
    from gan_lab.runs.lookup import find_run
    from gan_lab.runs.trash import put_into_trash

    if options.study != "*" or options.sort or options.json:
        raise UsageError("--trash RUN ... stands alone: write STUDY/RUN, or the run's path.")
    runs_dir = Path(options.runs_dir)
    # All are looked for before any is moved, so that a mistyped name moves none.
    for run in [find_run(reference, runs_dir) for reference in options.trash]:
        say(f"trash     {put_into_trash(run, runs_dir)}")
    return 0
