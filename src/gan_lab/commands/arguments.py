"""How verbs read their arguments: as argparse does, with mistakes in one line."""

import argparse
import os
from collections.abc import Callable
from typing import NoReturn

from gan_lab.errors import UsageError


class Parser(argparse.ArgumentParser):
    """argparse's, whose errors are the program's own."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (`{self.prog} --help` lists what there is).")


def parser(verb: str, description: str) -> Parser:
    """Return a parser for `gan-lab VERB`, with the folder that all verbs look for runs in."""
    made = Parser(prog=f"gan-lab {verb}", description=description)
    made.add_argument(
        "--runs-dir",
        metavar="DIR",
        default=os.environ.get("GAN_LAB_RUNS", "./runs"),
        help="where the runs are (default: %(default)s)",
    )
    return made


def at_least(lowest: int) -> Callable[[str], int]:
    """Return a type for argparse: a whole number of at least `lowest`."""

    def whole_number(text: str) -> int:
        if not text.isdigit() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {lowest}")
        return int(text)

    return whole_number
