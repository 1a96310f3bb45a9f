"""The command line: `gan-lab [VERB] ...`, where the default verb is train."""

import contextvars
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module

from gan_lab.common.errors import (
    Answered,
    Interrupted,
    RunError,
    UsageError,
    advice,
    complain,
    is_out_of_memory,
)
from gan_lab.common.signals import (
    SIGNALS,
    forget_signals,
    handle,
    interruption,
    raise_interrupted,
    restore,
)
from gan_lab.common.streams import print_plainly
from gan_lab.common.threads import wait_briefly
from gan_lab.common.version import __version__
from gan_lab.jobs import process

HELP = """\
gan-lab: train, compare and explain GANs.

  gan-lab [train] KEY=VALUE ...        train a run, or go on with it; -m makes a sweep
  gan-lab evaluate RUN ...             score runs (RUN: a path, a name, a hash, latest, best)
  gan-lab modes RUN                    count its samples by class: what is missing, and how sure
  gan-lab equilibrium RUN              V, D = 1/2, duality gap: how near it is, and why not
  gan-lab sample RUN                   draw samples; --layout files, classes, plane, nearest
  gan-lab interpolate RUN              draw the way from one latent to another, and beyond
  gan-lab report STUDY|RUN ...         a page, tables and figures that compare runs
  gan-lab report STUDY --sheet A       a lab sheet (A to E, or your own), answered from runs
  gan-lab export RUN                   the generator for other programs
  gan-lab pack RUN                     a zip to send, without this machine's places
  gan-lab dashboard                    panels of Weights & Biases; saving them needs an account
  gan-lab runs [STUDY]                 list what was run
  gan-lab plan KEY=VALUE ...           what a command would do, and the time and disk it takes
  gan-lab verify RUN                   repeat a run's first steps, and compare
  gan-lab explain KEY=VALUE ...|RUN    formula, source and curves of a loss; layers of a model;
                                       what a run trained, and how
  gan-lab new FOLDER                   a project of your own: model, loss, experiment, sweep

Six to begin with:
  gan-lab model=dcgan                                 a DCGAN on the embedded digits
  gan-lab model=dcgan latent_dim=100 logger=none      a larger latent space, no W&B
  gan-lab loss=minimax steps=500                      the original loss: watch D win
  gan-lab -m seed=0,1,2 steps=1000                    a sweep of three runs
  gan-lab experiment=mnist_dcgan                      MNIST (downloaded if it is not there)
  gan-lab evaluate latest                             score the latest run

Help: `gan-lab VERB --help`, and `gan-lab search --help` for searches.
Settings: `gan-lab --cfg job` prints them all, `gan-lab --info` says where they come from.
Synonyms: nz, nc, conv_dim, num_train_steps, n_critic, loss_type ...
Completion: eval "$(gan-lab -sc install=bash)"
The same command again resumes an interrupted run and does nothing for a finished one.
"""
SEARCH_HELP = """\
A search looks for the best settings with optuna. It is a setting of `gan-lab [train]`, not a verb:

gan-lab search=losses trials=30
gan-lab search=network trials=20 dataset=mnist seeds=2 launcher=parallel n_jobs=2

  search=NAME       a file of conf/search: `score:`, `direction:` and a `space:` of settings
  trials=N          how many; the same command again goes on until there are so many
  KEY=VALUE         what you type is fixed, and the search leaves it alone

In a space, a list is a choice and {low: ..., high: ..., log: true} a range. Each trial is an
ordinary run. Needs `pip install "gan-lab[optuna]"`.
"""
VERBS = (
    "train", "evaluate", "modes", "equilibrium", "sample", "interpolate", "report", "runs", "plan",
    "verify", "export", "pack", "dashboard", "explain", "new",
)  # fmt: skip


def main() -> None:
    """Run the program with the arguments of the process, and exit with its code."""
    if sys.platform == "linux" and hasattr(os, "fork"):
        # This process computes nothing before it forks: see `gan_lab.jobs.process`.
        process.start_method = "fork"
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the program; return its exit code: 0, 1 failed, 2 usage, 130, 143, 129 interrupted."""
    wait_briefly()
    print_plainly()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    if arguments[0] == "--version":
        print(f"gan-lab {__version__}")
        return 0
    if arguments[0] == "search" and {"-h", "--help"} & {*arguments}:
        print(SEARCH_HELP, end="")
        return 0
    forget_signals()
    before = handle(SIGNALS, raise_interrupted)
    try:
        # In a context of its own: which folders of configs a verb uses is forgotten when it ends.
        return contextvars.copy_context().run(_answer, arguments)
    finally:
        restore(before)


def _answer(arguments: Sequence[str]) -> int:
    try:
        return _called(arguments)
    except UsageError as error:
        complain(error)
        return 2
    except RunError as error:
        complain(error)
        return 1
    except (Interrupted, KeyboardInterrupt) as error:
        return getattr(error, "exit_code", 130)
    except SystemExit as end:
        if isinstance(end, Answered):
            return 0
        complain(_bug(end))
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            from gan_lab.common.console import silence  # only now: it imports rich

            silence()
            return 1
        complain(_reason(error))
        return 1
    except Exception as error:
        if is_out_of_memory(error):
            complain("this needs more memory than there is: ask for fewer or smaller images.")
            return 1
        complain(_bug(error))
        return 1


def _called(arguments: Sequence[str]) -> int:
    try:
        verb, rest = _verb(list(arguments))
        module = import_module(f"gan_lab.cli.{verb}")  # only now: torch takes 2 s
        exit_code: int = module.main(rest)
        return exit_code
    except Exception as error:
        if came := interruption():  # and a library has made an error of its own of it
            raise came from error
        raise


def _reason(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}: {advice(error)}."


def _bug(error: BaseException) -> str:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="gan-lab-", suffix=".txt", delete=False
    ) as file:
        traceback.print_exception(error, file=file)
    first = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"{first} (this should not happen; the traceback is in {file.name})."


def _verb(arguments: list[str]) -> tuple[str, list[str]]:
    first = arguments[0]
    if first in VERBS:
        return first, arguments[1:]
    if "=" in first or first.startswith(("-", "~", "+")):
        return "train", arguments
    from gan_lab.config.advice.meanings import meant_verb
    from gan_lab.config.overrides import SYNONYMS
    from gan_lab.config.schema import Config

    if first in SYNONYMS or first in Config.__dataclass_fields__:
        raise UsageError(f"settings are written with a sign of equality: {first}=VALUE.")
    advice = meant_verb(first, VERBS)
    raise UsageError(f"there is no verb {first!r}.{advice} There are {', '.join(VERBS)}.")
