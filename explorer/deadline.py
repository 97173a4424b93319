"""How long one may still take: set once for a whole request, and kept by whoever waits for something.

A deadline belongs to its context (a thread, as a rule). Where none is set, everybody keeps to a limit of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

_ends: ContextVar[float | None] = ContextVar("deadline", default=None)  # monotonic seconds


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """What happens inside ends within these seconds, or sooner where an outer deadline does."""
    outer = _ends.get()
    end = monotonic() + seconds
    token = _ends.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _ends.reset(token)


def left(default: float) -> float:
    """The seconds that are left, at most `default`; never less than 0."""
    end = _ends.get()
    return default if end is None else max(0.0, min(default, end - monotonic()))
