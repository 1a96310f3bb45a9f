"""One run of a command that has several: what it is, whether it is done, what became of it."""

import traceback
from contextlib import suppress
from dataclasses import dataclass, field

from gan_lab.common.console import duration
from gan_lab.common.errors import RunError, Taken, UsageError
from gan_lab.common.signals import interruption
from gan_lab.config.identity import run_directory
from gan_lab.config.run_config import RunConfig
from gan_lab.jobs.process import Ending
from gan_lab.runs.directory import MONITOR, Run
from gan_lab.runs.initial import InitialWeights


@dataclass(frozen=True)
class Job:
    """A run to be trained; `setting` is what sets it apart from the others, and `initial` what it
    begins with if that was taken from another run."""

    config: RunConfig
    setting: tuple[str, ...]
    command: str
    restart: bool
    before: str = "new"  # its state when the command began
    initial: InitialWeights | None = field(default=None, repr=False, compare=False)

    @property
    def run(self) -> Run:
        return Run(run_directory(self.config))

    @property
    def name(self) -> str:
        return " ".join(self.setting) or self.run.directory.name


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the state of its run, and the reason if it did not finish."""

    job: Job
    state: str
    reason: str = ""

    @property
    def failed(self) -> bool:
        return self.state not in ("finished", "taken")

    @property
    def line(self) -> str:
        reason = f": {self.reason}" if self.reason else _took(self.job.run)
        return f"{self.job.name}  {self.state}{reason}"


def _took(run: Run) -> str:
    """Return how long a run took, and how much of that was its training."""
    training, total = run.seconds(), run.status().total_seconds
    if training is None:
        return ""
    if total is None:  # an older version has begun it
        return f": {duration(training)} of training"
    return f" in {duration(total)}, {duration(training)} of it training"


def is_settled(job: Job) -> bool:
    """Whether a run needs no training: it is complete, or has diverged and would do so again.

    One that stop_on_collapse has stopped is settled only while that is still asked for.
    """
    from gan_lab.jobs.train_run import is_complete

    if job.restart:
        return False
    status = job.run.status()
    if status.state == "diverged":
        stopped = status.stopped_by == MONITOR
        return not stopped or job.config.runtime.stop_on_collapse
    return is_complete(job.run, job.config)


def settled(job: Job) -> Outcome:
    """Return the outcome of a job that needs no training."""
    status = job.run.status()
    if status.state != "diverged":
        return Outcome(job, status.state)
    collapsed = status.stopped_by == MONITOR
    again = "stop_on_collapse=false goes on" if collapsed else "restart=true tries again"
    return Outcome(job, status.state, f"{status.reason}; {again}")


def train_job(job: Job) -> None:
    """Train the run of a job; if its code raises, the traceback is in its directory.

    Raises what `train_run` does.
    """
    from gan_lab.jobs.train_run import train_run

    try:
        train_run(job.config, job.command, job.restart, job.initial)
    except (Taken, RunError):
        raise
    except UsageError as error:
        if came := interruption():
            raise came from error
        if error.__cause__ is not None:  # nothing wrong was typed: code failed
            _write_failure(job, error)
        raise
    except Exception as error:
        if came := interruption():
            raise came from error
        _write_failure(job, error)
        raise


def conclude(job: Job, ending: Ending) -> Outcome:
    """Return what became of a job whose process has ended; keep what a crash left behind."""
    run = job.run
    status = run.status()
    if not ending.error:
        return Outcome(job, status.state)
    if ending.taken:
        return Outcome(job, "taken", ending.error)
    if ending.interrupted:
        return Outcome(job, "interrupted", ending.error)
    if ending.killed:
        if run.directory.is_dir():
            run.write_error(f"{ending.error}\n{ending.output}")
        again = f"{ending.error} at step {status.step}; the same command goes on from there"
        return Outcome(job, "killed", again)
    if status.state == "new" and not run.is_taken():  # it ended before it began: its data, say
        _write_failed(job, ending.error)
    state = "diverged" if status.state == "diverged" else "failed"
    return Outcome(job, state, ending.error)


def _write_failed(job: Job, reason: str) -> None:
    """Give a job that could not begin its directory, so that it is listed like any other."""
    run = job.run
    with suppress(RunError):  # somewhere else, or where nothing can be written
        run.take()
        try:
            run.write_config(job.config)
            run.set_status("failed", 0, reason)
        finally:
            run.release()


def _write_failure(job: Job, error: Exception) -> None:
    """Leave the traceback of a run that failed before it began."""
    run = job.run
    run.take()
    try:
        run.write_error("".join(traceback.format_exception(error)))
        if run.status().state == "new":
            run.write_config(job.config)
            run.set_status("failed", 0, str(error))
    finally:
        run.release()
