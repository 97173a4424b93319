"""Requests per second, kept to by waiting: in no second go out more than are allowed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

SECOND: Final = 1.05  # with room for those that are faster on their way than the ones before


class Turns:
    """At most `rate` requests in any second. Safe for threads."""

    def __init__(self, rate: int, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._given: deque[float] = deque([float("-inf")] * rate, maxlen=rate)  # the last turns, also those to come

    def reserve(self, patience: float) -> float | None:
        """The seconds to wait before the request may go out; None, and nothing reserved, where it would be longer."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._given[0] + SECOND)
            if turn - now > patience:
                return None
            self._given.append(turn)
            return turn - now
