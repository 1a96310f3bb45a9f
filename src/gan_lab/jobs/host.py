"""A program or a notebook that trains runs in its own process, and is left as it was found."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch

from gan_lab.common.errors import Interrupted
from gan_lab.common.signals import forget_signals, interruption


@contextmanager
def as_found() -> Iterator[None]:
    """Let runs be trained, and leave threads, random numbers and the like as they were.

    What the program did before it called is no part of a run: its random numbers count for nothing.
    An interruption, after which a run is saved, becomes the program's own again: KeyboardInterrupt
    where it does not handle the signal itself.
    """
    forget_signals()
    threads, numbers = torch.get_num_threads(), torch.get_rng_state()
    exact = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    tuned, tiny, backend = torch.backends.cudnn.benchmark, _tiny_counts_as_0(), _backend()
    try:
        yield
    except Interrupted as error:
        _pass_on(error.number)
    except Exception as error:
        # A library may have made an error of its own of it.
        if came := interruption():
            _pass_on(came.number, error)
        raise
    finally:
        forget_signals()
        torch.set_num_threads(threads)
        torch.set_rng_state(numbers)
        torch.use_deterministic_algorithms(exact, warn_only=only_warned)
        torch.backends.cudnn.benchmark = tuned
        torch.set_flush_denormal(tiny)
        _set_backend(backend)


def _pass_on(number: int, cause: BaseException | None = None) -> None:
    """Raise a signal again, for the program's own handler, which is back by now."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt from cause
    signal.raise_signal(number)
    raise KeyboardInterrupt from cause  # the program has handled it, and the run is stopped


def _tiny_counts_as_0() -> bool:
    """Whether torch takes numbers below the least normal one for 0, which it does not tell."""
    return not bool(torch.tensor(1e-310, dtype=torch.float64) * 1)


def _backend() -> str | None:
    """Return how the program draws figures, as far as that is decided. Runs draw into files."""
    if "matplotlib.pyplot" in sys.modules:
        import matplotlib

        return str(matplotlib.get_backend())
    return os.environ.get("MPLBACKEND")  # of a notebook, where nothing was drawn yet


def _set_backend(name: str | None) -> None:
    if name is None or "matplotlib" not in sys.modules:
        return
    import matplotlib

    if name == matplotlib.get_backend():
        return
    # First the name: a notebook's backend asks for it when it is imported, and without it shows no
    # figure from then on.
    matplotlib.rcParams["backend"] = name
    if "matplotlib.pyplot" in sys.modules:
        with suppress(ImportError):
            sys.modules["matplotlib.pyplot"].switch_backend(name)
