"""`gan-lab new FOLDER`: a small project of one's own."""

import argparse
import shlex
from pathlib import Path

from gan_lab.cli.arguments import Parser
from gan_lab.common.console import say


def main(arguments: list[str]) -> int:
    """Write a project and say how to go on."""
    takes = Parser(
        prog="gan-lab new",
        description="Write a small project of your own: two networks, a loss, an experiment, "
        "a sweep, and a README with six commands.",
        epilog="examples:\ngan-lab new mine",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    takes.add_argument("folder", metavar="FOLDER", help="a new one, or one that is empty")
    options = takes.parse_args(arguments)
    from gan_lab.config.own.project import write_project  # only now: omegaconf

    for path in write_project(Path(options.folder)):
        say(str(path))
    say(f"README.md says what is there; cd {shlex.quote(options.folder)} and type")
    say("gan-lab experiment=first steps=20")
    return 0
