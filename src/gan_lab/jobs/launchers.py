"""How the runs of one command are run: one after another, or several at once.

conf/launcher/ names them; none of it changes the result of a run.
"""

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from gan_lab.common.console import counted, say, say_amid
from gan_lab.common.errors import Interrupted, UsageError
from gan_lab.common.signals import HANGUP, SIGNALS, handle, restore
from gan_lab.common.streams import leave_terminal
from gan_lab.common.threads import cores
from gan_lab.jobs.gpus import Places, use_gpus, visible_gpus
from gan_lab.jobs.job import Job, Outcome, conclude, is_settled, settled, train_job
from gan_lab.jobs.process import HANDS_ON, Ending, Worker, wait_for_any

MOST_AT_ONCE = 256  # processes, of which each takes some hundred MB
NO_PLACES = Places([], 1)
PATIENCE = 1.0  # seconds between looks at runs that other processes hold


class Launcher(Protocol):
    """How the runs of one command are run.

    `at_once` of them, each with `threads_each` threads unless it says otherwise (None: as many as
    there are cores). `elsewhere`: on machines whose speed this one does not tell. `alone_here`: a
    run that is the only one needs no process of its own.
    """

    n_jobs: int | None
    at_once: int
    threads_each: int | None
    elsewhere: bool
    alone_here: bool

    def run(self, jobs: Sequence[Job]) -> list[Outcome] | None:
        """Run jobs and return what became of each, in their order; None if nothing was to run."""


class Sequential:
    """Runs one job after another, each in a process of its own, and shows what they print."""

    n_jobs: int | None = 1
    at_once = 1
    threads_each: int | None = None
    elsewhere = False
    alone_here = True

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Run the jobs in their order."""
        return run_in_processes(jobs, 1, quiet=False)


class Parallel:
    """Runs `n_jobs` jobs at once, with one thread each.

    Where there are CUDA devices and no run names one by its number, each device has `runs_per_gpu`
    of them at once. `n_jobs=None`: as many as there are places on devices, or else cores. Raises
    UsageError for other numbers, and where no process can take over its parent's files.
    """

    threads_each: int | None = 1
    elsewhere = False
    alone_here = False

    def __init__(self, n_jobs: int | None = None, runs_per_gpu: int = 1):
        if not HANDS_ON:
            raise UsageError(
                "launcher=parallel needs a system on which processes take over open files (fork): "
                "use launcher=sequential."
            )
        if n_jobs is not None:
            _check_number("n_jobs", n_jobs)
        _check_number("runs_per_gpu", runs_per_gpu)
        self.n_jobs = n_jobs
        self.at_once = n_jobs or cores()
        self._runs_per_gpu = runs_per_gpu

    def run(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Run the jobs, each with its own threads or one."""
        jobs = [with_threads(job, 1) for job in jobs]
        places = Places(visible_gpus() if use_gpus(jobs) else [], self._runs_per_gpu)
        count = min(self.n_jobs or places.count, places.count) if places.count else self.at_once
        return run_in_processes(jobs, count, quiet=True, places=places)


def _check_number(name: str, value: int) -> None:
    if type(value) is not int or not 1 <= value <= MOST_AT_ONCE:
        raise UsageError(
            f"{name}={value}: must be a whole number, at least 1 and at most {MOST_AT_ONCE}."
        )


def with_threads(job: Job, threads: int) -> Job:
    """Return the job with a number of threads, unless it has one."""
    threads = job.config.runtime.threads or threads
    return replace(job, config=job.config.with_runtime(threads=threads))


def run_in_processes(
    jobs: Sequence[Job], count: int, quiet: bool, places: Places = NO_PLACES
) -> list[Outcome]:
    """Run jobs, `count` at once, each at one of the places if there are any.

    A run that another process holds is waited for.

    Raises Interrupted after Ctrl-C or SIGTERM, when all workers have saved.
    """
    waiting = deque(enumerate(jobs))
    running: dict[int, Worker] = {}
    outcomes: dict[int, Outcome] = {}
    said: set[int] = set()
    with passed_on(running) as stop:
        while running or (waiting and not stop):
            while waiting and len(running) < count and not stop:
                ready = _next(waiting, outcomes, said)
                if ready is None:
                    break
                index, job = ready
                say(f"run {index + 1} of {len(jobs)}  {job.name}  started")
                running[index] = Worker(train_job, job, quiet, places.take(index))
                if stop:
                    running[index].process.terminate()
            if not running:
                time.sleep(PATIENCE if waiting and not stop else 0)
                continue
            wait_for_any(running.values(), PATIENCE)
            for index, ending in _ended(running):
                places.give_back(index)
                if ending.taken:
                    waiting.append((index, jobs[index]))
                elif not (stop and (ending.interrupted or ending.killed)):
                    outcomes[index] = conclude(jobs[index], ending)
                    say(f"run {index + 1} of {len(jobs)}  {outcomes[index].line}")
    if stop:
        raise Interrupted(stop[0])
    return [outcomes[index] for index in range(len(jobs))]


def _next(
    waiting: deque[tuple[int, Job]], outcomes: dict[int, Outcome], said: set[int]
) -> tuple[int, Job] | None:
    """Take the next job that can be started; None if other processes hold all that are left.

    One that needs no running is given its outcome on the way.
    """
    for _ in range(len(waiting)):
        index, job = waiting.popleft()
        if is_settled(job):
            outcomes[index] = settled(job)
        elif job.run.is_taken():
            waiting.append((index, job))
            if index not in said:
                say(f"{job.name} is being trained by another process; its turn comes after that")
                said.add(index)
        else:
            return index, job
    return None


def _ended(running: dict[int, Worker]) -> list[tuple[int, Ending]]:
    """Take the workers that have ended out of `running`."""
    found = [(index, worker.ending()) for index, worker in running.items()]
    ended = [(index, ending) for index, ending in found if ending is not None]
    for index, _ in ended:
        del running[index]
    return ended


@contextmanager
def passed_on(running: dict[int, Worker]) -> Iterator[list[int]]:
    """Ask the workers to save and stop at the first signal; kill them at the third.

    Yields the numbers of the signals that came.
    """
    stop: list[int] = []
    parent = os.getpid()

    def pass_on(number: int, frame: Any) -> None:
        if os.getpid() != parent:  # a fork that has not set its own handlers yet
            return
        stop.append(number)
        if number == HANGUP:
            leave_terminal()
        if len(stop) == 1:
            say_amid(f"stopping {counted(len(running), 'run')}; what is done is being saved")
        for worker in list(running.values()):
            if len(stop) == 1:
                worker.process.terminate()
            elif len(stop) >= 3:
                worker.process.kill()

    previous = handle(SIGNALS, pass_on)
    try:
        yield stop
    finally:
        restore(previous)
