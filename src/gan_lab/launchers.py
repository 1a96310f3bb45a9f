"""How the runs of one command are run: one after another, or several at once.

A launcher takes the tasks and returns what became of each, in their order. conf/launcher/ names
them; none of it changes the result of a run.
"""

import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gan_lab.child import SIGNALS, Child, Ending, wait_for_any
from gan_lab.common.console import counted, say
from gan_lab.common.errors import Interrupted, UsageError
from gan_lab.task import Outcome, Task, conclude, is_settled, settled, train_task

PATIENCE = 1.0  # seconds between looks at runs that other processes hold


def order(tasks: Sequence[Task]) -> list[Outcome]:
    """Run tasks one after another, each in a process of its own, and show what they print."""
    return run_tasks(tasks, 1, quiet=False)


def parallel(tasks: Sequence[Task], n_jobs: int | None = None) -> list[Outcome]:
    """Run `n_jobs` tasks at once (None: as many as there are cores), with one thread each."""
    if n_jobs is not None and not (isinstance(n_jobs, int) and n_jobs >= 1):
        raise UsageError(f"n_jobs={n_jobs}: must be a whole number of at least 1.")
    count = n_jobs or len(os.sched_getaffinity(0))
    return run_tasks([with_threads(task, 1) for task in tasks], count, quiet=True)


def with_threads(task: Task, threads: int) -> Task:
    """Return the task with a number of threads, unless it has one."""
    runtime = task.record["runtime"]
    runtime = {**runtime, "threads": runtime["threads"] or threads}
    return replace(task, record={**task.record, "runtime": runtime})


def run_tasks(tasks: Sequence[Task], count: int, quiet: bool) -> list[Outcome]:
    """Run tasks, `count` at once. A run that another process holds is waited for.

    Raises Interrupted after Ctrl-C or SIGTERM, when all children have saved.
    """
    waiting = deque(enumerate(tasks))
    running: dict[int, Child] = {}
    outcomes: dict[int, Outcome] = {}
    said: set[int] = set()
    with passed_on(running) as stop:
        while running or (waiting and not stop):
            while waiting and len(running) < count and not stop:
                ready = _next(waiting, outcomes, said)
                if ready is None:
                    break
                index, task = ready
                say(f"run {index + 1} of {len(tasks)}  {task.name}  started")
                running[index] = Child(train_task, task, quiet)
                if stop:
                    running[index].process.terminate()
            if not running:
                time.sleep(PATIENCE if waiting and not stop else 0)
                continue
            wait_for_any(running.values(), PATIENCE)
            for index, ending in _ended(running):
                if ending.taken:
                    waiting.append((index, tasks[index]))
                elif not ending.interrupted:
                    outcomes[index] = conclude(tasks[index], ending)
                    say(f"run {index + 1} of {len(tasks)}  {outcomes[index].line}")
    if stop:
        raise Interrupted(stop[0])
    return [outcomes[index] for index in range(len(tasks))]


def _next(
    waiting: deque[tuple[int, Task]], outcomes: dict[int, Outcome], said: set[int]
) -> tuple[int, Task] | None:
    """Take the next task that can be started; None if other processes hold all that are left.

    One that needs no running is given its outcome on the way.
    """
    for _ in range(len(waiting)):
        index, task = waiting.popleft()
        if is_settled(task):
            outcomes[index] = settled(task)
        elif task.run.is_taken():
            waiting.append((index, task))
            if index not in said:
                say(f"{task.name} is being trained by another process; its turn comes after that")
                said.add(index)
        else:
            return index, task
    return None


def _ended(running: dict[int, Child]) -> list[tuple[int, Ending]]:
    """Take the children that have ended out of `running`."""
    found = [(index, child.ending()) for index, child in running.items()]
    ended = [(index, ending) for index, ending in found if ending is not None]
    for index, _ in ended:
        del running[index]
    return ended


@contextmanager
def passed_on(running: dict[int, Child]) -> Iterator[list[int]]:
    """Ask the children to save and stop at the first Ctrl-C or SIGTERM; kill them at the third.

    Yields the numbers of the signals that came.
    """
    stop: list[int] = []
    parent = os.getpid()

    def pass_on(number: int, frame: Any) -> None:
        if os.getpid() != parent:  # a fork that has not set its own handlers yet
            return
        stop.append(number)
        if len(stop) == 1:
            say(f"stopping {counted(len(running), 'run')}; what is done is being saved")
        for child in list(running.values()):
            if len(stop) == 1:
                child.process.terminate()
            elif len(stop) >= 3:
                child.process.kill()

    previous = {number: signal.signal(number, pass_on) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
