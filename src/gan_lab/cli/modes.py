"""`gan-lab modes RUN`: which classes a generator makes, and which it does not."""

from gan_lab.cli.arguments import at_least, examining_parser, opened_run
from gan_lab.common.console import say, say_figures

FEWEST = 50  # of ten classes each is then expected five times


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
    say(result.conclusion)
    run, weights = opened.run, options.weights
    say_figures(run.modes_figure(weights), run.modes_samples(weights))
    say(str(run.modes_path(weights)))
    return 0
