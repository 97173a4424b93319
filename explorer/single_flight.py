"""One does the work, the others wait for that one outcome, be it a result or an error."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from explorer.deadline import left

T = TypeVar("T")

PATIENCE = 60  # seconds that somebody waits for another's work before doing it alone


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.landed = threading.Event()
        self.result: T
        self.error: BaseException | None = None


class SingleFlight(Generic[T]):
    """Of all who ask for the same key at the same time, the first works. Safe for threads, and after a fork."""

    def __init__(self) -> None:
        self._start_anew()
        _all.add(self)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[T]] = {}

    def do(self, key: Hashable, work: Callable[[], T]) -> T:
        """The outcome of `work`, or of somebody else's who was already at it. Raises what the work raised."""
        with self._lock:
            flight = self._flights.get(key)
            if is_first := flight is None:
                flight = self._flights[key] = _Flight()
        if not is_first:
            if not flight.landed.wait(left(PATIENCE)):
                return work()
            if flight.error is not None:
                raise flight.error.with_traceback(None)
            return flight.result
        try:
            flight.result = work()
            return flight.result
        except BaseException as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                self._flights.pop(key, None)
            flight.landed.set()


_all: weakref.WeakSet[SingleFlight[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    """Nobody in the child does the work that a thread of the parent was at."""
    for flights in list(_all):
        flights._start_anew()


os.register_at_fork(after_in_child=_after_fork)
