"""`gan-lab [train] KEY=VALUE ...`: train a run, or with -m a sweep."""

import os
import re
import shlex
import sys
from contextlib import suppress

from gan_lab.cli.arguments import Parser, use_own_configs
from gan_lab.common.console import say
from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config import compose, grammar, overrides, precedence
from gan_lab.config.own import search_path
from gan_lab.config.own.folders import remarks
from gan_lab.jobs.sweep import compose_runs, jobs_of, launcher_of, run_jobs

HELP = """\
usage: gan-lab [train] KEY=VALUE ...

Train a run. The same command resumes it, or does nothing if it has finished.

  KEY=VALUE            a setting; `gan-lab --cfg job` prints all of them
  -m                   a sweep: a list of values makes a run of each
  seeds=N              N runs that differ in their seed; the table shows mean and interval
  sweep=NAME           a sweep of conf/sweep
  search=NAME          a search; `gan-lab search --help`
  launcher=parallel    as many runs at once as there are cores
  restart=true         begin anew
  from=RUN[@STEP]      begin with the weights of another run
  debug=true           ten steps of tiny networks: every file of a run in a few seconds
  --config-dir DIR     configs of your own, DIR/GROUP/NAME.yaml; those of ./conf are found anyway

examples:
gan-lab train model=dcgan latent_dim=100
gan-lab train experiment=mnist_dcgan steps=10000
gan-lab train -m model=dcgan loss=nonsaturating,lsgan seed=0,1
"""
HYDRA_FLAGS = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")
TOPICS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")  # of --info


def main(arguments: list[str]) -> int:
    """Train the run, or each of the runs, that the settings describe."""
    if {"-h", "--help"} & {*arguments}:
        print(HELP, end="")
        return 0
    settings = use_own_configs(arguments)
    if any(argument.split("=")[0] in HYDRA_FLAGS for argument in settings):
        return _hydra(settings)
    for line in remarks():
        say(line)
    composed = compose_runs(settings)
    if composed[0].search is not None:
        from gan_lab.jobs.search import search_settings  # only now: it imports optuna

        return search_settings(composed, settings, arguments)
    from gan_lab.data import reading_once  # only now: torch takes 2 s

    with reading_once():
        return run_jobs(jobs_of(composed, arguments), launcher_of(composed))


def _use_folders_of(line: str) -> None:
    """Use the folders of configs that a line names which the shell asks to complete."""
    with suppress(ValueError, UsageError):  # half a word, as yet
        use_own_configs(shlex.split(line))


def _hydra(arguments: list[str]) -> int:
    """Let Hydra answer what is its own: --cfg, --info, shell completion."""
    import hydra

    if {"-sc", "--shell-completion"} & set(arguments):
        _check_completion(arguments)
        _use_folders_of(os.environ.get("COMP_LINE", ""))
    else:
        arguments = _checked(arguments)
    sys.argv[1:] = arguments
    search_path.register()
    entry = hydra.main(str(conf_directory()), "config", version_base="1.3")(lambda config: None)
    try:
        entry()
    except SystemExit as end:  # how Hydra ends, after its own errors too
        return end.code if isinstance(end.code, int) else 0
    return 0


def _check_completion(arguments: list[str]) -> None:
    """Raise UsageError unless shell completion is asked as Hydra takes it."""
    _, *asked = arguments
    query = [text for text in asked if re.fullmatch(r"(install|uninstall|query)=\w+", text)]
    if arguments[0] not in ("-sc", "--shell-completion") or len(asked) != 1 or not query:
        raise UsageError('shell completion of bash: eval "$(gan-lab -sc install=bash)".')


def _checked(arguments: list[str]) -> list[str]:
    """Return what Hydra is called with: its flags, and settings that make one run.

    Raises UsageError, so that a mistake gets our one line and not Hydra's ten.
    """
    if {"-m", "--multirun"} & set(arguments):
        raise UsageError("this shows one run: leave out -m, and give each setting one value.")
    settings = _parser().parse_intermixed_args(arguments).settings
    typed = overrides.canonical(settings)
    if swept := next(filter(grammar.is_sweep, typed), None):
        raise UsageError(f"{swept} lists several values, and this shows one run: choose one.")
    compose.jobs(settings, multirun=False)
    typed = [grammar.values_of(text)[0] for text in typed if text != "sweep=null"]
    flags = [text for text in arguments if text not in settings]
    return [*flags, *precedence.with_resets(typed)]


def _parser() -> Parser:
    """Return a parser of what Hydra answers, beside shell completion."""
    takes = Parser(prog="gan-lab", add_help=False, allow_abbrev=False)
    takes.add_argument("settings", nargs="*")
    takes.add_argument("--cfg", "-c", choices=("job", "hydra", "all"))
    takes.add_argument("--info", "-i", nargs="?", choices=TOPICS)
    takes.add_argument("--package", "-p")
    takes.add_argument("--resolve", action="store_true")
    takes.add_argument("--hydra-help", action="store_true")
    return takes
