"""Requests per second, kept to by waiting: a bucket that fills steadily, and from which each request takes a token."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic


class TokenBucket:
    """At most `rate` requests a second, after as many at once. Safe for threads."""

    def __init__(self, rate: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = max(1.0, rate)
        self._filled_at = clock()

    def reserve(self, patience: float) -> float | None:
        """The seconds to wait before the request may go out; None, and nothing reserved, where it would be longer."""
        with self._lock:
            now = self._clock()
            self._tokens = min(max(1.0, self._rate), self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            wait = max(0.0, (1 - self._tokens) / self._rate)
            if wait > patience:
                return None
            self._tokens -= 1  # below zero for those who wait
            return wait
