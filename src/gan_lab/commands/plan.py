"""`gan-lab plan KEY=VALUE ...`: what a command would do, and how long it would take."""

from gan_lab.commands.train import compose_jobs, launcher_of, tasks_of
from gan_lab.plan import print_plan


def main(arguments: list[str]) -> int:
    """Print the runs that the settings ask for, what is done of them, and what the rest takes."""
    jobs = compose_jobs(arguments)
    print_plan(tasks_of(jobs, arguments), launcher_of(jobs))
    return 0
