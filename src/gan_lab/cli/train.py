"""`gan-lab [train] KEY=VALUE ...`: train a run, or with -m a sweep."""

import sys

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config import compose, overrides, precedence
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

examples:
gan-lab train model=dcgan latent_dim=100
gan-lab train experiment=mnist_dcgan steps=10000
gan-lab train -m model=dcgan loss=nonsaturating,lsgan seed=0,1
"""
HYDRA_FLAGS = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")


def main(arguments: list[str]) -> int:
    """Train the run, or each of the runs, that the settings describe."""
    if {"-h", "--help"} & {*arguments}:
        print(HELP, end="")
        return 0
    if any(argument.split("=")[0] in HYDRA_FLAGS for argument in arguments):
        return _hydra(arguments)
    composed = compose_runs(arguments)
    if composed[0].search is not None:
        from gan_lab.jobs.search import search_settings  # only now: it imports optuna

        return search_settings(composed, arguments)
    from gan_lab.data import reading_once  # only now: torch takes 2 s

    with reading_once():
        return run_jobs(jobs_of(composed, arguments), launcher_of(composed))


def _hydra(arguments: list[str]) -> int:
    """Let Hydra answer what is its own: --cfg, --info, shell completion."""
    import hydra

    settings = [text for text in arguments if "=" in text and not text.startswith("-")]
    if {"--cfg", "-c"} & {arguments[-1]}:
        raise UsageError("--cfg shows one of job, hydra, all: --cfg job.")
    if {"-m", "--multirun"} & set(arguments):
        raise UsageError("this shows one run: leave out -m, and give each setting one value.")
    rewritten = arguments
    if not {"-sc", "--shell-completion"} & set(arguments):
        compose.jobs(settings, multirun=True)  # our one line for a mistake, not Hydra's ten
        flags = [text for text in arguments if text not in settings]
        typed = [text for text in overrides.canonical(settings) if text != "sweep=null"]
        rewritten = [*flags, *precedence.with_resets(typed)]
    sys.argv[1:] = rewritten
    entry = hydra.main(str(conf_directory()), "config", version_base="1.3")(lambda config: None)
    try:
        entry()
    except SystemExit as end:  # how Hydra ends, after its own errors too
        return end.code if isinstance(end.code, int) else 0
    return 0
