"""`gan-lab equilibrium RUN`: how near a run is to the equilibrium of its game."""

from gan_lab.cli.arguments import at_least, examining_parser, opened_run
from gan_lab.common.console import say, say_figures


def main(arguments: list[str]) -> int:
    """Measure what a run lacks to the equilibrium; write numbers, a figure and a conclusion."""
    takes = examining_parser(
        "equilibrium",
        "Measure how near a run is to its equilibrium.",
        ["latest", "latest --steps 500"],
    )
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
    opened = opened_run(options)
    from gan_lab.analysis.equilibrium import examine_equilibrium

    result = examine_equilibrium(opened, options.steps, options.fresh_steps)
    say(result.conclusion)
    drawn = [opened.run.equilibrium_figure]
    if result.optimum:
        drawn.append(opened.run.optimum_figure)
    say_figures(*drawn)
    say(str(opened.run.equilibrium_path))
    return 0
