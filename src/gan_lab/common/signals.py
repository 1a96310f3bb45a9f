"""Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP) while a step is under way."""

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from gan_lab.common.errors import Interrupted

SIGNALS: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


Handler = Callable[[int, Any], None]


def raise_interrupted(number: int, frame: Any) -> None:
    """Handle a signal by raising Interrupted."""
    raise Interrupted(number)


def handle(numbers: Iterable[int], handler: Handler) -> dict[int, Any]:
    """Set the handler of signals, and return those before by number.

    A signal that is ignored stays so: under nohup, say, or where a parent answers it.
    """
    before = {number: signal.getsignal(number) for number in numbers}
    for number in [number for number in before if before[number] is signal.SIG_IGN]:
        del before[number]
    for number in before:
        signal.signal(number, handler)
    return before


class Stop:
    """Remembers a signal, so that a step is never cut in half."""

    number: int | None = None


@contextmanager
def catch_signals() -> Iterator[Stop]:
    """Turn the first signal into a wish to stop; a second Ctrl-C stops at once."""
    from gan_lab.common.console import say  # only now: the program's --help does without rich

    stop = Stop()

    def remember(number: int, frame: Any) -> None:
        stop.number = number
        signal.signal(number, previous[number])
        say("stopping after this step; the state is being saved")

    previous = handle(SIGNALS, remember)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
