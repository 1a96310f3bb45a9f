"""Whether a dataset that is not there may be downloaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_allowed = ContextVar("downloads allowed", default=True)


@contextmanager
def downloads(allowed: bool) -> Iterator[None]:
    """Allow downloads inside this context, or not: into a place that is not the user's choice."""
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)


def may_download() -> bool:
    """Whether a dataset may be downloaded here."""
    return _allowed.get()
