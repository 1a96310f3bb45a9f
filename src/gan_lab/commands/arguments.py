"""How verbs read their arguments: as argparse does, with mistakes in one line."""

import argparse
import os
from collections.abc import Callable
from typing import Any, NoReturn

from gan_lab.errors import UsageError
from gan_lab.runs import Run


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


def add_run_options(takes: Parser) -> None:
    """Add what every verb takes that loads the networks of a run."""
    takes.add_argument("--device", help="default: as the run was trained")
    takes.add_argument("--data-root", help="where the datasets are")
    takes.add_argument("--trust", action="store_true", help="allow the config's own code")


def record_of(run: Run, options: argparse.Namespace) -> dict[str, Any]:
    """Return a run's record with what `add_run_options` changes in it."""
    from omegaconf import OmegaConf

    record: Any = OmegaConf.to_container(run.config())
    runtime = record["runtime"]
    runtime["device"] = options.device or runtime["device"]
    runtime["data_root"] = (
        options.data_root or os.environ.get("GAN_LAB_DATA") or runtime["data_root"]
    )
    return record


def at_least(lowest: int) -> Callable[[str], int]:
    """Return a type for argparse: a whole number of at least `lowest`."""

    def whole_number(text: str) -> int:
        if not text.isdigit() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {lowest}")
        return int(text)

    return whole_number
