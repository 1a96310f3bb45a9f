"""Runs as an array of Slurm jobs, through submitit."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.common.console import say
from gan_lab.common.errors import Interrupted, RunError, Taken, UsageError
from gan_lab.common.paths import own_folders, use_folders
from gan_lab.common.signals import raise_interrupted
from gan_lab.jobs.job import Job, Outcome, conclude, is_settled, settled, train_job
from gan_lab.jobs.launchers import with_threads
from gan_lab.jobs.process import Ending

PATIENCE = 5.0  # seconds between looks at the queue
TAIL = 20_000  # bytes of a log that a lost job is told with

Wishes = Mapping[str, str | float]  # what submitit is asked for, by its names


@dataclass(frozen=True)
class Slurm:
    """Submits runs as one array of Slurm jobs and waits for its end; `n_jobs` run at once.

    With `dry_run` it prints the sbatch script instead. Two minutes before its time is over a job
    saves and stops; the same command resumes it.
    """

    n_jobs: int | None = None
    partition: str | None = None
    timeout_min: int = 240
    cpus_per_task: int = 1
    gpus_per_node: int | None = None
    mem_gb: float | None = None
    dry_run: bool = False

    at_once = 1
    elsewhere = True
    alone_here = False

    @property
    def threads_each(self) -> int | None:
        """As many as a job has cores."""
        return self.cpus_per_task

    def run(self, jobs: Sequence[Job]) -> list[Outcome] | None:
        """Submit the jobs that are left, wait for them, and return what became of each.

        Raises UsageError where there is no Slurm or submitit, RunError if Slurm refuses the array.
        """
        jobs = [with_threads(job, self.cpus_per_task) for job in jobs]
        left = [job for job in jobs if not is_settled(job)]
        folder = jobs[0].run.directory.parent / ".slurm" / "%j"
        if self.dry_run:
            print(_script(folder, self._asked(), max(1, len(left))), end="")
            return None
        submitted = _submit(folder, self._asked(), left)
        if submitted:
            _wait(submitted[0].job_id.partition("_")[0], len(submitted))
        endings = {id(job): _ending(one) for job, one in zip(left, submitted, strict=True)}
        return [
            conclude(job, endings[id(job)]) if id(job) in endings else settled(job) for job in jobs
        ]

    def _asked(self) -> Wishes:
        """Return what submitit is asked for."""
        wishes = {
            "job_name": "gan_lab",
            "partition": self.partition,
            "timeout_min": self.timeout_min,
            "cpus_per_task": self.cpus_per_task,
            "gpus_per_node": self.gpus_per_node,
            "mem_gb": self.mem_gb,
            "array_parallelism": self.n_jobs,
            "signal_delay_s": 120,
        }
        return {key: value for key, value in wishes.items() if value is not None}


def _executor(folder: Path, asked: Wishes, here: bool) -> Any:
    try:
        from submitit import SlurmExecutor
    except ImportError:
        raise UsageError('launcher=slurm needs submitit: pip install "gan-lab[slurm]".') from None

    class Anywhere(SlurmExecutor):
        """Writes scripts on a machine without Slurm too."""

        @classmethod
        def affinity(cls) -> int:
            return 2

    try:
        executor = (SlurmExecutor if here else Anywhere)(folder)
    except RuntimeError:
        raise UsageError(
            "there is no Slurm here (no srun): launcher.dry_run=true prints the script."
        ) from None
    executor.update_parameters(**executor._convert_parameters(dict(asked)))
    return executor


def _script(folder: Path, asked: Wishes, count: int) -> str:
    executor = _executor(folder, asked, here=False)
    if count > 1:
        executor.parameters["map_count"] = count
    command = executor._submitit_command_str
    script: str = executor._make_submission_file_text(command, "dry_run")
    return script


def _submit(folder: Path, asked: Wishes, jobs: Sequence[Job]) -> list[Any]:
    if not jobs:
        return []
    executor = _executor(folder, asked, here=True)
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        submitted: list[Any] = executor.map_array(train_in_job, jobs, [own_folders()] * len(jobs))
        return submitted
    except (FailedJobError, FailedSubmissionError) as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise RunError(f"Slurm refuses: {lines[-1] if lines else error}") from None


def train_in_job(job: Job, folders: Sequence[Path]) -> Ending:
    """Train a job's run inside of a Slurm job, with one's own configs in use, and say how it
    ended."""
    use_folders(folders)
    signal.signal(signal.SIGTERM, raise_interrupted)
    signal.signal(signal.SIGUSR2, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
    try:
        train_job(job)
        return Ending()
    except Taken as error:
        return Ending(error=str(error), taken=True)
    except (UsageError, RunError) as error:
        return Ending(error=str(error))
    except Interrupted:
        return Ending(error="stopped by Slurm; the same command goes on", interrupted=True)


def _wait(array: str, count: int) -> None:
    """Wait until no job of an array is in the queue. (`sacct`, which not every cluster has, would
    be asked for ever for a job that was killed.)"""
    say(f"{count} Slurm jobs: {array}; `scancel {array}` saves and stops them, Ctrl-C leaves them")
    while True:
        command = ["squeue", "--noheader", "--format=%i", "--jobs", array]
        listed = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        # An array that has been forgotten is an error: "Invalid job id specified".
        if not listed.stdout.strip() and (not listed.returncode or "Invalid job" in listed.stderr):
            return
        time.sleep(PATIENCE)


def _ending(submitted: Any) -> Ending:
    if submitted.paths.result_pickle.exists():
        outcome, value = submitted._get_outcome_and_result()
        if outcome == "success":
            ending: Ending = value
            return ending
        return Ending(error=str(value).strip().splitlines()[-1], output=str(value), killed=True)
    log = Path(submitted.paths.stderr)
    output = log.read_text(encoding="utf-8", errors="replace")[-TAIL:] if log.exists() else ""
    error = "its Slurm job was killed by signal, memory or time limit"
    return Ending(error=error, output=output, killed=True)
