"""Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP) while a step is under way."""

import errno
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from gan_lab.common.errors import Interrupted
from gan_lab.common.streams import leave_terminal

HANGUP: int | None = getattr(signal, "SIGHUP", None)  # not every system has it
SIGNALS: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM, *([] if HANGUP is None else [HANGUP]))
_came: list[int] = []  # what has asked this process to stop

Handler = Callable[[int, Any], None]
Handlers = dict[int, Handler | int | None]  # by signal, as the system has them


def raise_interrupted(number: int, frame: Any) -> None:
    """Handle a signal by raising Interrupted."""
    _note(number)
    raise Interrupted(number)


def raise_once(number: int, frame: Any) -> None:
    """Handle the first signal so, and no other: it would cut off the saving of the state."""
    if not _came:
        raise_interrupted(number, frame)


def close_terminal(number: int, frame: Any) -> None:
    """Handle SIGHUP where a parent answers it: what is printed goes nowhere from now on."""
    leave_terminal()


def interruption() -> Interrupted | None:
    """Return the interruption by the first signal that came, if one did.

    It may not have arrived as such: a library's C code can make an error of its own of what a
    handler raises, and what is raised while an object is being deleted is lost.
    """
    return Interrupted(_came[0]) if _came else None


def hung_up(error: BaseException) -> Interrupted | None:
    """Return the interruption behind an error of writing to a terminal that was closed.

    Its signal may come a moment later than the error.
    """
    if isinstance(error, OSError) and error.errno == errno.EIO and not error.filename:
        _note(HANGUP or signal.SIGTERM)
    return interruption()


def forget_signals() -> None:
    """Begin anew: what came before was answered, or was meant for the parent of this fork."""
    _came.clear()


def _note(number: int) -> None:
    _came.append(number)
    if number == HANGUP:
        leave_terminal()


def handle(numbers: Iterable[int], handler: Handler) -> Handlers:
    """Set the handler of signals, and return those before by number.

    A signal that is ignored stays so: under nohup, say, or where a parent answers it. Python lets
    the main thread alone set handlers: in another one none is set.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    before = {number: signal.getsignal(number) for number in numbers}
    for number in [one for one in before if before[one] in (signal.SIG_IGN, None)]:
        del before[number]
    for number in before:
        signal.signal(number, handler)
    return before


def restore(handlers: Handlers) -> None:
    """Set the handlers that `handle` has returned."""
    for number, handler in handlers.items():
        signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals wait meanwhile, where a system can do that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """Take the signals that a parent has held back when it made this process."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


class Stop:
    """Remembers a signal, so that a step is never cut in half."""

    number: int | None = None


@contextmanager
def catch_signals() -> Iterator[Stop]:
    """Turn the first signal into a wish to stop; a second Ctrl-C stops at once.

    Raises Interrupted at its end if the wish came too late for a step.
    """
    from gan_lab.common.console import say_amid  # only now: the program's --help does without rich

    stop = Stop()
    stop.number = _came[0] if _came else None

    def remember(number: int, frame: Any) -> None:
        _note(number)
        stop.number = number
        signal.signal(number, previous[number])
        say_amid("stopping after this step; the state is being saved")

    previous = handle(SIGNALS, remember)
    try:
        yield stop
    finally:
        restore(previous)
    if stop.number:
        raise Interrupted(stop.number)
