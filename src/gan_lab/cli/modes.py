"""`gan-lab modes RUN`: which classes a generator makes, and which it does not."""

from gan_lab.cli.arguments import at_least, examining_parser, opened_run
from gan_lab.common.console import NOTHING, percent, print_rows, say, say_figures
from gan_lab.runs.census import ClassCensus, ClassCount, Share

FEWEST = 50  # of ten classes each is then expected five times
MOST_CLASSES = 20  # that are listed


def main(arguments: list[str]) -> int:
    """Count the classes of a run's samples; write the counts, a chart and a contact sheet."""
    takes = examining_parser(
        "modes",
        "Count how many samples of a run fall on each class.",
        ["latest", "latest --samples 2000 --weights raw"],
    )
    takes.add_argument(
        "--samples", type=at_least(FEWEST), default=10_000, help="default: %(default)s"
    )
    takes.add_argument(
        "--weights", choices=("ema", "raw"), default="ema", help="default: %(default)s"
    )
    options = takes.parse_args(arguments)
    opened = opened_run(options)
    from gan_lab.analysis.modes import examine_modes

    result = examine_modes(opened, options.samples, options.weights)
    if isinstance(result, ClassCensus):
        print_rows(class_rows(result))
    say(result.conclusion)
    run, weights = opened.run, options.weights
    say_figures(run.modes_figure(weights), run.modes_samples(weights))
    say(str(run.modes_path(weights)))
    return 0


def class_rows(census: ClassCensus) -> list[list[str]]:
    """Return a table of the samples of each class; of many classes those furthest below their real
    share."""
    classes = list(census.classes)
    if len(classes) > MOST_CLASSES:
        ordered = sorted(classes, key=lambda one: one.share - one.compared_share)
        classes = sorted(ordered[:MOST_CLASSES], key=classes.index)
    rows = [["class", "samples", "share", "95 % interval", "real"]]
    for one in classes:
        share, interval = _share(one) if census.has_shares else (NOTHING, NOTHING)
        rows.append([one.name, f"{one.count:,}", share, interval, percent(one.compared_share)])
    left_out = len(census.classes) - len(classes)
    if left_out:
        rows.append([f"and {left_out:,} more", "", "", "", ""])
    rows.append(["unsure", f"{census.unsure.count:,}", *_share(census.unsure), ""])
    return rows


def _share(counted: ClassCount | Share) -> tuple[str, str]:
    """Return a share and its interval."""
    low, high = counted.interval
    return percent(counted.share), f"{percent(low)} to {percent(high)}"
