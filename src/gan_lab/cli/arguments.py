"""How verbs read their arguments: as argparse does, with mistakes in one line."""

import argparse
import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from gan_lab.common.errors import Answered, UsageError
from gan_lab.common.paths import use_folders

if TYPE_CHECKING:
    from gan_lab.training.trained import TrainedRun


NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
MOST = 10_000_000  # of images, steps and the like


class Parser(argparse.ArgumentParser):
    """argparse's, whose errors are the program's own."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise Answered(status)  # only after --help: `error` raises

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (`{self.prog} --help` lists what there is).")


def parser(verb: str, description: str, examples: Sequence[str]) -> Parser:
    """Return a parser for `gan-lab VERB`, with the folder that all verbs look for runs in.

    `examples` are what is typed after the verb; --help prints each as a whole line.
    """
    made = Parser(
        prog=f"gan-lab {verb}",
        description=description,
        epilog="\n".join(
            ["examples:", *(f"gan-lab {verb} {example}".rstrip() for example in examples)]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--runs-dir",
        metavar="DIR",
        default=os.environ.get("GAN_LAB_RUNS", "./runs"),
        help="where the runs are (default: %(default)s)",
    )
    return made


def add_place_options(takes: Parser) -> None:
    """Add what every verb takes that computes with the networks and the data of runs."""
    takes.add_argument("--device", help="default: as the run was trained")
    add_data_options(takes)
    add_trust_options(takes)


def add_trust_options(takes: Parser) -> None:
    """Add what every verb takes that opens a run, which may need its sender's code."""
    takes.add_argument("--trust", action="store_true", help="allow the config's own code")
    takes.add_argument(
        "--config-dir",
        metavar="DIR",
        help="with --trust: own configs, with the code beside DIR (./conf is found anyway)",
    )


def use_trusted_configs(options: argparse.Namespace) -> None:
    """Use one's own configs where the options of `add_trust_options` allow them.

    Raises UsageError for a folder of them without trust.
    """
    if options.trust:
        use_own_configs(["--config-dir", options.config_dir] if options.config_dir else [])
    elif options.config_dir:
        raise UsageError("--config-dir is for code that you trust: add --trust.")


def add_data_options(takes: Parser) -> None:
    """Add what every verb takes that needs the data of a run, which may lie elsewhere by now."""
    takes.add_argument("--data-root", help="where the datasets are")
    takes.add_argument("--folder", metavar="DIR", help="where the images of a folder dataset are")


def examining_parser(verb: str, description: str, examples: Sequence[str]) -> Parser:
    """Return a parser with what all verbs take that examine one run beside its data."""
    made = parser(verb, description, examples)
    made.add_argument("run", metavar="RUN", help="path, name, hash, latest or best")
    add_place_options(made)
    return made


def opened_run(options: argparse.Namespace) -> "TrainedRun":
    """Open the run that the options of `examining_parser` name. Raises RunError for none."""
    use_trusted_configs(options)
    from gan_lab.runs.lookup import find_run

    run = find_run(options.run, Path(options.runs_dir))
    from gan_lab.training.trained import Places, open_run  # only now: torch takes 2 s

    places = Places(options.data_root, options.device, options.folder)
    return open_run(run.directory, trusted=options.trust, places=places)


def use_own_configs(arguments: Sequence[str]) -> list[str]:
    """Use the configs of ./conf and of the folders that arguments name; return the other arguments.

    For verbs that compose a run of what is typed. Those that open a run must not: its config would
    find what lies in a stranger's folder.
    """
    from gan_lab.config.own.folders import folder_here, folders_named  # only now: omegaconf

    rest, named = folders_named(arguments)
    use_folders(list(dict.fromkeys([*named, *folder_here()])))
    return rest


def at_least(lowest: int, highest: int = MOST) -> Callable[[str], int]:
    """Return a type for argparse: a whole number from `lowest` to `highest`."""

    def whole_number(text: str) -> int:
        if not re.fullmatch("[0-9]{1,19}", text) or not lowest <= int(text) <= highest:
            shown = text if len(text) <= 40 else f"{text[:37]}..."
            reason = f"{shown!r} is not a whole number of at least {lowest}, at most {highest}"
            raise argparse.ArgumentTypeError(reason)
        return int(text)

    return whole_number


def within(lowest: float, highest: float) -> Callable[[str], float]:
    """Return a type for argparse: a number from `lowest` to `highest`."""

    def number(text: str) -> float:
        value = float(text) if NUMBER.fullmatch(text) else math.nan
        if not lowest <= value <= highest:  # nan is not
            reason = f"{text!r} is not a number from {lowest:g} to {highest:g}"
            raise argparse.ArgumentTypeError(reason)
        return value

    return number


def network_parser(verb: str, description: str, examples: Sequence[str]) -> Parser:
    """Return a parser with what all verbs take that open a trained generator."""
    made = parser(verb, description, examples)
    made.add_argument("run", metavar="RUN", help="path, name, hash, latest or best")
    made.add_argument(
        "--weights", choices=("ema", "raw"), default="ema", help="averaged (default) or raw"
    )
    made.add_argument("--out", metavar="PATH", help="where to (default: in the run's folder)")
    add_trust_options(made)
    return made


def latent_parser(verb: str, description: str, examples: Sequence[str]) -> Parser:
    """Return a parser with what all verbs take that draw what a generator makes of latents."""
    made = network_parser(verb, description, examples)
    made.add_argument(
        "--seed", type=at_least(0, 2**63 - 1), help="of the latents (default: the run's)"
    )
    made.add_argument(
        "--class", dest="label", metavar="CLASS", help="of a conditional run, by name or number"
    )
    return made


def opened(options: argparse.Namespace) -> "TrainedRun":
    """Load the run that the options of `network_parser` name."""
    use_trusted_configs(options)
    from gan_lab.runs.lookup import find_run

    found = find_run(options.run, Path(options.runs_dir))
    from gan_lab.training.trained import Places, load_run  # only now: torch takes 2 s

    # Of these verbs, only those that show data take the two options.
    places = Places(getattr(options, "data_root", None), folder=getattr(options, "folder", None))
    return load_run(found.directory, trust=options.trust, places=places)


def output_path(options: argparse.Namespace, run: "TrainedRun", name: str) -> Path:
    """Return where to write: --out itself if its ending is that of `name`, else `name` in it.

    Without --out it lies in the run's own folder of figures.
    """
    if options.out is None:
        from gan_lab.runs.directory import Run

        return Run(run.directory).figures / name
    out = Path(options.out)
    return out if out.suffix == Path(name).suffix else out / name
