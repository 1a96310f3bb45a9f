"""Ctrl-C and SIGTERM while a step is under way."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gan_lab.common.errors import Interrupted

SIGNALS: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM)


def raise_interrupted(number: int, frame: Any) -> None:
    """Handle a signal by raising Interrupted."""
    raise Interrupted(number)


class Stop:
    """Remembers a signal, so that a step is never cut in half."""

    number: int | None = None


@contextmanager
def catch_signals() -> Iterator[Stop]:
    """Turn the first Ctrl-C or SIGTERM into a wish to stop; a second Ctrl-C stops at once.

    A signal that is ignored stays so: the parent of this process answers it.
    """
    from gan_lab.common.console import say  # only now: the program's --help does without rich

    stop = Stop()

    def remember(number: int, frame: Any) -> None:
        stop.number = number
        signal.signal(number, previous[number])
        say("stopping after this step; the state is being saved")

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    previous = {n: handler for n, handler in handlers.items() if handler is not signal.SIG_IGN}
    for number in previous:
        signal.signal(number, remember)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
