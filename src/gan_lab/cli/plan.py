"""`gan-lab plan KEY=VALUE ...`: what a command would do, and how long it would take."""

from gan_lab.cli.arguments import use_own_configs
from gan_lab.common.console import say
from gan_lab.config.own.folders import remarks
from gan_lab.jobs.sweep import compose_runs, jobs_of, launcher_of

HELP = """\
usage: gan-lab plan KEY=VALUE ...

Print the runs that these settings ask for, what is done of them, and the time and disk that the
rest takes. Each kind of run is measured for a few steps; nothing is written.

examples:
gan-lab plan experiment=mnist_dcgan
gan-lab plan experiment=mnist_baseline sweep=capacity launcher=parallel
"""


def main(arguments: list[str]) -> int:
    """Print the runs that the settings ask for, what is done of them, and what the rest takes."""
    if {"-h", "--help"} & {*arguments}:
        print(HELP, end="")
        return 0
    settings = use_own_configs(arguments)
    for line in remarks():
        say(line)
    composed = compose_runs(settings)
    from gan_lab.jobs.plan import print_plan  # only now: torch takes 2 s

    print_plan(jobs_of(composed, arguments), launcher_of(composed))
    return 0
