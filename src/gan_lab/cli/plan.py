"""`gan-lab plan KEY=VALUE ...`: what a command would do, and how long it would take."""

from gan_lab.cli.train import compose_runs, jobs_of, launcher_of
from gan_lab.jobs.plan import print_plan


def main(arguments: list[str]) -> int:
    """Print the runs that the settings ask for, what is done of them, and what the rest takes."""
    composed = compose_runs(arguments)
    print_plan(jobs_of(composed, arguments), launcher_of(composed))
    return 0
