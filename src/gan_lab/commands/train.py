"""`gan-lab [train] KEY=VALUE ...`: train a run, or with -m a sweep."""

import shlex
import sys

from gan_lab import overrides
from gan_lab.checks import check_fit, check_ranges
from gan_lab.console import say
from gan_lab.data import reading_once
from gan_lab.errors import UsageError
from gan_lab.paths import conf_directory
from gan_lab.record import make_record
from gan_lab.sweep import run_jobs

HYDRA_FLAGS = ("--cfg", "-c", "--info", "-i", "--hydra-help", "--shell-completion", "-sc")


def main(arguments: list[str]) -> int:
    """Train the run, or with -m each of the runs, that the settings describe."""
    if any(argument.split("=")[0] in HYDRA_FLAGS for argument in arguments):
        return _hydra(arguments)
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
    with reading_once():
        return run_jobs(records, f"gan-lab {shlex.join(arguments)}", jobs[0].config.restart)


def _hydra(arguments: list[str]) -> int:
    """Let Hydra answer what is its own: --cfg, --info, shell completion."""
    import hydra

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
