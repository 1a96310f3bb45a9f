"""`gan-lab runs [STUDY]`: list what was run."""

from pathlib import Path

from gan_lab.cli.arguments import parser
from gan_lab.common.console import say
from gan_lab.common.errors import RunError


def main(arguments: list[str]) -> int:
    """List what was run."""
    takes = parser("runs", "List the runs of a study, or all.", ["", "mnist_dcgan"])
    takes.add_argument("study", nargs="?", default="*")
    options = takes.parse_args(arguments)
    from gan_lab.jobs.tables import print_table
    from gan_lab.runs.directory import run_directories

    runs_dir = Path(options.runs_dir)
    found = run_directories(runs_dir, options.study)
    if not found:
        where = runs_dir if options.study == "*" else runs_dir / options.study
        raise RunError(f"no runs under {where}; `gan-lab` lists commands that make some.")
    print_table(found)
    say(str(runs_dir))
    return 0
