"""`gan-lab [train] KEY=VALUE ...`: train a run, or with -m a sweep."""

import shlex
import sys
from typing import Any

from omegaconf import OmegaConf

from gan_lab.common.console import say
from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config import compose, overrides, precedence
from gan_lab.config.checks import check_fit, check_ranges
from gan_lab.config.run_config import make_record
from gan_lab.config.sweep import Settings
from gan_lab.data import reading_once
from gan_lab.jobs.preflight import check_builds, check_surroundings
from gan_lab.sweep import make_tasks, run_tasks
from gan_lab.task import Task

HYDRA_FLAGS = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")


def main(arguments: list[str]) -> int:
    """Train the run, or each of the runs, that the settings describe."""
    if any(argument.split("=")[0] in HYDRA_FLAGS for argument in arguments):
        return _hydra(arguments)
    jobs = compose_jobs(arguments)
    if jobs[0].config.search is not None:
        return _search(jobs, arguments)
    with reading_once():
        return run_tasks(tasks_of(jobs, arguments), launcher_of(jobs))


def _search(jobs: list[compose.Composed], arguments: list[str]) -> int:
    """Run a search; `jobs` is its baseline, once a seed."""
    from gan_lab.search import run_search

    if any(part.partition("=")[0] != "seed" for job in jobs for part in job.setting):
        raise UsageError("a search chooses its settings itself: leave out -m and sweep=.")
    search: Any = OmegaConf.to_container(jobs[0].config.search, resolve=True)
    settings = [text for text in arguments if text not in ("-m", "--multirun")]
    typed = [text.partition("=")[0] for text in overrides.canonical(settings)]

    def make_tasks(point: Settings) -> list[Task]:
        jobs = compose.jobs(settings, False, [point])
        for job in jobs:
            check_ranges(job.config)
        return tasks_of(jobs, arguments)

    return run_search(search, launcher_of(jobs), typed, make_tasks)


def compose_jobs(arguments: list[str]) -> list[compose.Composed]:
    """Compose the runs that KEY=VALUE settings, with or without -m, describe.

    Raises UsageError before any is started.
    """
    multirun = any(argument in ("-m", "--multirun") for argument in arguments)
    settings = [text for text in arguments if text not in ("-m", "--multirun")]
    if flag := next((text for text in settings if text.startswith("-")), None):
        raise UsageError(f"there is no flag {flag}; settings are written KEY=VALUE.")
    if any(text in ("loss=bce", "loss_type=bce") for text in settings):
        print(overrides.BCE_NOTE)
    jobs = compose.jobs(settings, multirun)
    for job in jobs:
        check_ranges(job.config)
    beaten = dict.fromkeys(text for job in jobs for text in job.beaten)
    if beaten:
        say(f"note      settings of the sweep that typed ones replace: {', '.join(beaten)}")
    return jobs


def tasks_of(jobs: list[compose.Composed], arguments: list[str]) -> list[Task]:
    """Return the distinct runs of composed jobs, checked."""
    records = [make_record(job.config, job.choices) for job in jobs]
    for remark in dict.fromkeys(remark for record in records for remark in check_fit(record)):
        say(f"note      {remark}")
    for record in records:
        check_surroundings(record)
    check_builds(records)
    command = f"gan-lab {shlex.join(arguments)}"
    settings = [job.setting for job in jobs]
    return make_tasks(records, settings, command, jobs[0].config.restart)


def launcher_of(jobs: list[compose.Composed]) -> dict[str, Any]:
    """Return how the runs are run: one choice for all of a command."""
    launchers: list[Any] = [OmegaConf.to_container(job.config.launcher) for job in jobs]
    if any(launcher != launchers[0] for launcher in launchers):
        raise UsageError("a command has one launcher; give launcher= one value.")
    return launchers[0]


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
    entry()
    return 0
