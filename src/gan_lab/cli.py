"""The command line: `gan-lab [VERB] ...`, where the default verb is train."""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from gan_lab import __version__
from gan_lab.errors import Interrupted, RunError, UsageError

HELP = """\
gan-lab: train, compare and explain GANs.

  gan-lab [train] KEY=VALUE ...        train a run, or go on with it; -m makes a sweep
  gan-lab evaluate RUN ...             score runs (RUN: a path, a name, a hash, latest, best)
  gan-lab runs [STUDY]                 list what was run
  gan-lab explain KEY=VALUE ...        formula, source and curves of a loss; layers of a model

Six to begin with:
  gan-lab model=dcgan                                 a DCGAN on the embedded digits
  gan-lab model=dcgan latent_dim=100 logger=none      a larger latent space, no W&B
  gan-lab loss=minimax steps=500                      the original loss: watch D win
  gan-lab -m seed=0,1,2 steps=1000                    a sweep of three runs
  gan-lab experiment=mnist_dcgan                      MNIST (downloaded if it is not there)
  gan-lab evaluate latest                             score the latest run

Settings: `gan-lab --cfg job` prints them all, `gan-lab --info` says where they come from.
Synonyms: nz, nc, conv_dim, num_train_steps, n_critic, loss_type ...
Completion: eval "$(gan-lab -sc install=bash)"
The same command again resumes an interrupted run and does nothing for a finished one.
"""
HYDRA_FLAGS = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")


def main() -> None:
    """Run the program with the arguments of the process, and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the program and return its exit code: 0, 1 failed, 2 usage, 130 / 143 interrupted."""
    # Before torch is imported: with busy neighbours, threads that spin at barriers cost 30 times.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    if arguments[0] == "--version":
        print(f"gan-lab {__version__}")
        return 0
    signal.signal(signal.SIGTERM, _raise_interrupted)
    try:
        verb, rest = _verb(list(arguments))
        return VERBS[verb](rest)
    except UsageError as error:
        print(f"gan-lab: {error}", file=sys.stderr)
        return 2
    except RunError as error:
        print(f"gan-lab: {error}", file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt) as error:
        return getattr(error, "exit_code", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def train(arguments: list[str]) -> int:
    """Train the run, or with -m each of the runs, that the settings describe."""
    if any(argument.split("=")[0] in HYDRA_FLAGS for argument in arguments):
        return _hydra(arguments)
    from gan_lab import overrides
    from gan_lab.checks import check_fit, check_ranges
    from gan_lab.console import say
    from gan_lab.record import make_record
    from gan_lab.sweep import run_jobs

    if {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    multirun = any(argument in ("-m", "--multirun") for argument in arguments)
    settings = [text for text in arguments if text not in ("-m", "--multirun")]
    if flag := next((text for text in settings if text.startswith("-")), None):
        raise UsageError(f"there is no flag {flag}; settings are written KEY=VALUE.")
    if any(text in ("loss=bce", "loss_type=bce") for text in settings):
        print(overrides.BCE_NOTE)
    jobs = overrides.jobs(settings, multirun)
    for job in jobs:
        check_ranges(job.config)
    records = [make_record(job.config, job.choices) for job in jobs]
    for remark in dict.fromkeys(remark for record in records for remark in check_fit(record)):
        say(f"note      {remark}")
    return run_jobs(records, f"gan-lab {shlex.join(arguments)}", jobs[0].config.restart)


def evaluate(arguments: list[str]) -> int:
    """Score runs, on the averaged and the raw generator."""
    parser = _parser("evaluate", "Score runs on their averaged (EMA) and raw generators.")
    parser.add_argument("runs", metavar="RUN", nargs="+", help="path, name, hash, latest or best")
    parser.add_argument("--samples", type=_positive, help="images to generate (default: 10000)")
    parser.add_argument("--scores", choices=("fd", "fid", "all"), help="default: what can be had")
    parser.add_argument("--inception-weights", metavar="FILE", help="a local file for FID")
    parser.add_argument("--inception-sha256", metavar="HEX", help="its hash, if it is your own")
    parser.add_argument("--device", help="default: as the run was trained")
    parser.add_argument("--data-root", help="where the datasets are")
    parser.add_argument("--runs-dir", default=os.environ.get("GAN_LAB_RUNS", "./runs"))
    parser.add_argument("--trust", action="store_true", help="allow the config's own code")
    options = parser.parse_args(arguments)
    from omegaconf import OmegaConf

    from gan_lab.evaluate import evaluate_run
    from gan_lab.lookup import find_run

    extractors = {"fd": ["classifier"], "fid": ["inception"], "all": ["classifier", "inception"]}
    failed = False
    for reference in options.runs:
        run = find_run(reference, Path(options.runs_dir))
        record: Any = OmegaConf.to_container(run.config())
        runtime = record["runtime"]
        runtime["device"] = options.device or runtime["device"]
        runtime["data_root"] = (
            options.data_root or os.environ.get("GAN_LAB_DATA") or runtime["data_root"]
        )
        for key in ("inception_weights", "inception_sha256"):
            runtime["evaluation"][key] = getattr(options, key) or runtime["evaluation"][key]
        chosen = extractors.get(options.scores)
        records = evaluate_run(run, record, options.samples, chosen, options.trust)
        failed = failed or not records
        print(run.evaluations_path)
    return 1 if failed else 0


def runs(arguments: list[str]) -> int:
    """List what was run."""
    parser = _parser("runs", "List the runs of a study, or all.")
    parser.add_argument("study", nargs="?", default="*")
    parser.add_argument("--runs-dir", default=os.environ.get("GAN_LAB_RUNS", "./runs"))
    options = parser.parse_args(arguments)
    from gan_lab.runs import run_directories
    from gan_lab.sweep import print_table

    runs_dir = Path(options.runs_dir)
    found = run_directories(runs_dir, options.study)
    if not found:
        where = runs_dir if options.study == "*" else runs_dir / options.study
        raise RunError(f"no runs under {where}; `gan-lab` lists commands that make some.")
    print_table(found)
    print(runs_dir)
    return 0


def explain(arguments: list[str]) -> int:
    """Explain the losses, penalties and models that the settings name."""
    settings = [text for text in arguments if not text.startswith("-")]
    keys = {text.partition("=")[0] for text in settings}
    named = keys & {"loss", "loss_type", "penalty", "model"}
    if not named or len(settings) < len(arguments):
        raise UsageError("explain what? loss=NAME, penalty=[NAME] or model=NAME (KEY=VALUE ...).")
    from gan_lab import explain, overrides
    from gan_lab.checks import check_ranges
    from gan_lab.record import make_record, presumed_data_facts

    (job,) = overrides.jobs(settings, multirun=False)
    check_ranges(job.config)
    record = make_record(job.config, job.choices)
    record |= presumed_data_facts(record)
    lines: list[str] = []
    if "model" in named:
        lines += [*explain.explain_model(record), ""]
    if named & {"loss", "loss_type"}:
        lines += [*explain.explain_loss(record), ""]
    if "penalty" in named:
        for name, spec in record["penalty"].items():
            lines += [*explain.explain_penalty(name, spec), ""]
    print("\n".join(lines).rstrip())
    return 0


VERBS: dict[str, Callable[[list[str]], int]] = {
    "train": train,
    "evaluate": evaluate,
    "runs": runs,
    "explain": explain,
}


def _verb(arguments: list[str]) -> tuple[str, list[str]]:
    first = arguments[0]
    if first in VERBS:
        return first, arguments[1:]
    if "=" in first or first.startswith(("-", "~", "+")):
        return "train", arguments
    from difflib import get_close_matches

    from gan_lab.overrides import SYNONYMS
    from gan_lab.schema import Config

    if first in SYNONYMS or first in Config.__dataclass_fields__:
        raise UsageError(f"settings are written with a sign of equality: {first}=VALUE.")
    near = get_close_matches(first, VERBS, n=1)
    advice = f" Did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"there is no verb {first!r}.{advice} There are {', '.join(VERBS)}.")


def _hydra(arguments: list[str]) -> int:
    """Let Hydra answer what is its own: --cfg, --info, shell completion."""
    import hydra

    from gan_lab import overrides
    from gan_lab.paths import conf_directory

    settings = [text for text in arguments if "=" in text and not text.startswith("-")]
    rewritten = arguments
    if not {"-sc", "--shell-completion"} & set(arguments):
        overrides.jobs(settings, multirun=True)  # our one line for a mistake, not Hydra's ten
        flags = [text for text in arguments if text not in settings]
        rewritten = [*flags, *overrides.with_resets(overrides.canonical(settings))]
    sys.argv[1:] = rewritten
    entry = hydra.main(str(conf_directory()), "config", version_base="1.3")(lambda config: None)
    entry()
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (`{self.prog} --help` lists what there is).")


def _parser(verb: str, description: str) -> argparse.ArgumentParser:
    return _Parser(prog=f"gan-lab {verb}", description=description)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 2")
    return int(text)


def _raise_interrupted(number: int, frame: Any) -> None:
    raise Interrupted(number)
