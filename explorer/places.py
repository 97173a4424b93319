"""Heavy questions share a few places, so that a crawler on huge blocks leaves the others their threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from explorer.deadline import left
from explorer.errors import NodeBusy

PLACES: Final = 2  # at the same time in a process: a node answers no more of them any faster
RETRY_SECONDS: Final = 2
PATIENCE: Final = 60.0


class Places:
    """`count` at work, `waiting` in line at most: who comes after them is told to come back later."""

    def __init__(self, count: int, waiting: int) -> None:
        self._count = count
        self._waiting = waiting
        self.reset()

    def reset(self) -> None:
        self._taken = 0
        self._left_at = -PATIENCE
        self._counting = threading.Lock()
        self._free = threading.BoundedSemaphore(self._count)
        self._line = threading.BoundedSemaphore(self._count + self._waiting)

    def quiet_for(self) -> float:
        """Seconds since somebody left a place; 0 while one is taken."""
        return 0.0 if self._taken else time.monotonic() - self._left_at

    def set_waiting(self, waiting: int) -> None:
        self._waiting = waiting
        self.reset()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Raises NodeBusy where the line is full, or nobody leaves a place in time."""
        if not self._line.acquire(blocking=False):
            raise NodeBusy("too_many_heavy", retry_after=RETRY_SECONDS)
        self._count_in(1)
        try:
            if not self._free.acquire(timeout=left(PATIENCE)):
                raise NodeBusy("too_many_heavy", retry_after=RETRY_SECONDS)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._count_in(-1)
            self._line.release()

    def _count_in(self, change: int) -> None:
        with self._counting:
            self._taken += change
            self._left_at = time.monotonic()


_places = Places(PLACES, waiting=2)
_has_place: ContextVar[bool] = ContextVar("has_place", default=False)
os.register_at_fork(after_in_child=_places.reset)


def let_wait(count: int) -> None:
    """How many may wait for a place; set once, before the first visitor."""
    _places.set_waiting(max(0, count))


def quiet_for() -> float:
    """Seconds since the last heavy question of a visitor; 0 while there is one."""
    return _places.quiet_for()


@contextmanager
def heavy() -> Iterator[None]:
    """What happens inside is a lot of work for the node or for us. One inside another takes no second place."""
    if _has_place.get():
        yield
        return
    with _places.take():
        token = _has_place.set(True)
        try:
            yield
        finally:
            _has_place.reset(token)
