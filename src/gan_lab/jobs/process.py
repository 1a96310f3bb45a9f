"""Work in a process of its own, which may raise, run out of memory or crash and touch no other.

A worker is a fork where the program itself is the parent (a tenth of a second, for torch is there
already), else a fresh Python: forks of a process that has computed can hang. `cli.main` says which.
"""

import faulthandler
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType
from typing import Any

from gan_lab.common.errors import Interrupted, RunError, Taken, UsageError
from gan_lab.common.paths import own_folders, use_folders
from gan_lab.common.signals import (
    HANGUP,
    close_terminal,
    forget_signals,
    handle,
    held_back,
    interruption,
    let_through,
    raise_once,
)
from gan_lab.common.streams import print_plainly

start_method = "spawn"  # cli.main sets it
NOTHING: Mapping[str, str] = {}
# Whether a process can take over a file that has no name. Elsewhere it shows what it prints.
HANDS_ON = hasattr(os, "fork")
TAIL = 20_000  # bytes of output that a crash is told with


@dataclass(frozen=True)
class Ending:
    """How a worker ended: with a value, or with an error (one line)."""

    value: Any = None
    error: str = ""
    output: str = ""  # the end of what it wrote, if it was killed or crashed
    taken: bool = False  # what it should work on is another process's
    interrupted: bool = False
    killed: bool = False  # by a signal, a crash or a cluster, rather than by its own code


class Worker:
    """A process that calls `work(argument)`. Both, and the result, must be picklable.

    `variables` are set in its environment first.
    """

    def __init__(
        self,
        work: Callable[[Any], Any],
        argument: Any,
        quiet: bool,
        variables: Mapping[str, str] = NOTHING,
    ):
        context: Any = multiprocessing.get_context(start_method)
        self._output = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._answer, sender = context.Pipe(duplex=False)
        sys.stdout.flush()
        sys.stderr.flush()
        # The file has no name that a kill could leave behind: its handle itself is handed on.
        output = Connection(os.dup(self._output.fileno()), readable=False) if HANDS_ON else None
        place = (own_folders(), variables)
        arguments = (work, argument, *place, sender, output, quiet, os.getpid())
        self.process = context.Process(target=_main, args=arguments)
        # A signal that comes while it starts waits until the worker can answer it.
        with held_back(), _without_main():
            self.process.start()
        sender.close()
        if output is not None:
            output.close()

    def ending(self) -> Ending | None:
        """Return how it ended; None if it has not."""
        if self.process.is_alive():
            return None
        try:
            ending: Ending = self._answer.recv()
            return ending
        except EOFError:
            self._output.seek(0, os.SEEK_END)
            self._output.seek(max(0, self._output.tell() - TAIL))
            output = self._output.read().decode(errors="replace").partition("Extension modules:")[0]
            return Ending(error=_death(self.process.exitcode), output=output, killed=True)
        finally:
            self._answer.close()
            self._output.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """Let a fresh process begin without the program that starts it: a script that trains would
    train again, and a notebook has no file."""
    if start_method == "fork":
        yield
        return
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def wait_for_any(workers: Iterable[Worker], seconds: float) -> None:
    """Return when a worker has ended, or after some seconds."""
    wait([worker.process.sentinel for worker in workers], seconds)


def _death(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"its process ended with exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    cause = " (by hand, or for want of memory)" if name == "SIGKILL" else ""
    return f"its process was killed by {name}{cause}"


def _main(
    work: Callable[[Any], Any],
    argument: Any,
    folders: Sequence[Path],
    variables: Mapping[str, str],
    sender: Any,
    output: Any,
    quiet: bool,
    parent: int,
) -> None:
    os.environ.update(variables)
    forget_signals()
    use_folders(folders)
    try:
        ending = _ending_of(work, argument, output.fileno() if output else 2, quiet, parent)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except Interrupted:  # as it began or ended
        ending = Ending(error="interrupted", interrupted=True)
    try:
        sys.stdout.flush()
        sender.send(ending)
    except OSError:  # the parent is gone, or the disk of the output is full
        pass


def _ending_of(
    work: Callable[[Any], Any], argument: Any, output: int, quiet: bool, parent: int
) -> Ending:
    # The terminal sends Ctrl-C to parent and workers alike; the parent passes on one SIGTERM.
    # So it does when the terminal is closed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if HANGUP is not None:
        handle([HANGUP], close_terminal)
    signal.signal(signal.SIGTERM, raise_once)
    let_through()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    print_plainly()
    faulthandler.enable(output)
    if quiet:
        os.dup2(output, 1)
        os.dup2(output, 2)
    try:
        ending = Ending(work(argument))
    except Taken as error:
        ending = Ending(error=str(error), taken=True)
    except (UsageError, RunError) as error:
        ending = Ending(error=str(error))
    except (Interrupted, KeyboardInterrupt):
        ending = Ending(error="interrupted", interrupted=True)
    except BaseException as error:
        traceback.print_exc()
        ending = Ending(error=f"{type(error).__name__}: {error}".splitlines()[0])
    if ending.error and interruption():
        return Ending(error="interrupted", interrupted=True)
    return ending


def _end_with(parent: int) -> None:
    """Ask this process to save and stop when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
