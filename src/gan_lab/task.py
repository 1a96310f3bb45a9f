"""One run of a command that has several: what it is, whether it is done, what became of it."""

import traceback
from dataclasses import dataclass
from typing import Any

from gan_lab.child import Ending
from gan_lab.common.console import duration
from gan_lab.common.errors import RunError, Taken, UsageError
from gan_lab.config.identity import run_directory
from gan_lab.runs.directory import COLLAPSED, Run


@dataclass(frozen=True)
class Task:
    """A run to be trained; `setting` is what sets it apart from the others."""

    record: dict[str, Any]
    setting: tuple[str, ...]
    command: str
    restart: bool
    before: str = "new"  # its state when the command began

    @property
    def run(self) -> Run:
        return Run(run_directory(self.record))

    @property
    def name(self) -> str:
        return " ".join(self.setting) or self.run.directory.name


@dataclass(frozen=True)
class Outcome:
    """What became of a task: the state of its run, and the reason if it did not finish."""

    task: Task
    state: str
    reason: str = ""

    @property
    def failed(self) -> bool:
        return self.state not in ("finished", "taken")

    @property
    def line(self) -> str:
        run = self.task.run
        metrics = run.metrics()
        seconds = f" in {duration(metrics[-1]['seconds'])}" if metrics else ""
        reason = f": {self.reason}" if self.reason else f"{seconds}"
        return f"{self.task.name}  {self.state}{reason}"


def is_settled(task: Task) -> bool:
    """Whether a run needs no training: it is complete, or has diverged and would do so again.

    One that stop_on_collapse has stopped is settled only while that is still asked for.
    """
    from gan_lab.runner import is_complete

    if task.restart:
        return False
    status = task.run.status()
    if status["state"] == "diverged":
        stopped = status["reason"].startswith(COLLAPSED)
        return not stopped or task.record["runtime"]["stop_on_collapse"]
    return is_complete(task.run, task.record)


def settled(task: Task) -> Outcome:
    """Return the outcome of a task that needs no training."""
    status = task.run.status()
    if status["state"] != "diverged":
        return Outcome(task, status["state"])
    collapsed = status["reason"].startswith(COLLAPSED)
    again = "stop_on_collapse=false goes on" if collapsed else "restart=true tries again"
    return Outcome(task, status["state"], f"{status['reason']}; {again}")


def train_task(task: Task) -> None:
    """Train the run of a task; if its code raises, the traceback is in its directory.

    Raises what `runner.train_run` does.
    """
    from gan_lab.runner import train_run

    try:
        train_run(task.record, task.command, task.restart)
    except (Taken, RunError):
        raise
    except UsageError as error:
        if error.__cause__ is not None:  # nothing wrong was typed: code failed
            _write_failure(task, error)
        raise
    except Exception as error:
        _write_failure(task, error)
        raise


def conclude(task: Task, ending: Ending) -> Outcome:
    """Return what became of a task whose process has ended; keep what a crash left behind."""
    run = task.run
    status = run.status()
    if not ending.error:
        return Outcome(task, status["state"])
    if ending.taken:
        return Outcome(task, "taken", ending.error)
    if ending.interrupted:
        return Outcome(task, "interrupted", ending.error)
    if ending.output or "killed by" in ending.error:
        if run.directory.is_dir():
            run.error_path.write_text(f"{ending.error}\n{ending.output}")
        again = f"{ending.error} at step {status['step']}; the same command goes on from there"
        return Outcome(task, "killed", again)
    state = "diverged" if status["state"] == "diverged" else "failed"
    return Outcome(task, state, ending.error)


def _write_failure(task: Task, error: Exception) -> None:
    """Leave the traceback of a run that failed before it began."""
    run = task.run
    run.take()
    try:
        run.error_path.write_text("".join(traceback.format_exception(error)))
        if run.status()["state"] == "new":
            run.write_config(task.record)
            run.set_status("failed", 0, str(error))
    finally:
        run.release()
