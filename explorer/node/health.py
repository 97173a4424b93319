"""How an endpoint is: closed (asked as usual), open (left alone for a while), half open (tried by one, others wait).

The words are those of an electric circuit: an open one lets nothing through. Pure: no I/O, and a clock that can be set.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from time import monotonic
from typing import Final, Literal

from explorer.errors import ExplorerError

State = Literal["closed", "open", "half_open"]

OVERDUE: Final = 3.0  # seconds
LONGEST_WAIT: Final = 60.0  # seconds between two tries

_chance: Final = SystemRandom()


@dataclass(frozen=True, slots=True)
class MemberState:
    """An endpoint as the node page and the commands show it. Nothing in it is secret."""

    label: str
    is_own: bool
    state: State
    last_error: ExplorerError | None  # of the last failure, also where it is well again since
    latency_ms: float | None  # of its last answer
    height: int | None  # of its tip, when it was last looked at
    refused: ExplorerError | None  # why it may not answer in the own node's place; its words are in the catalogue


class Health:
    """Safe for threads. `first_wait` is how long it is left alone after a failure; `growth` lengthens the next ones."""

    def __init__(self, *, first_wait: float, growth: float, clock: Callable[[], float] = monotonic) -> None:
        self._first_wait = first_wait
        self._growth = growth
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """As at the beginning: well until the contrary shows."""
        self._lock = threading.Lock()
        self._state: State = "closed"
        self._wait = self._first_wait
        self._try_at = 0.0
        self._rests_until = 0.0
        self.last_error: ExplorerError | None = None
        self.latency: float | None = None  # seconds

    @property
    def state(self) -> State:
        return "open" if self._state == "closed" and self.rest_left else self._state

    @property
    def is_closed(self) -> bool:
        return self.state == "closed"

    @property
    def rest_left(self) -> float:
        """The seconds for which it has asked to be left alone, as far as it is well otherwise; else 0."""
        return max(0.0, self._rests_until - self._clock()) if self._state == "closed" else 0.0

    @property
    def is_overdue(self) -> bool:
        """Whether nobody has tried it for a while, although it is time."""
        return self._state == "open" and self._clock() > self._try_at + OVERDUE

    def member_state(
        self, label: str, *, is_own: bool, height: int | None, refused: ExplorerError | None
    ) -> MemberState:
        latency_ms = None if self.latency is None else self.latency * 1000
        return MemberState(label, is_own, self.state, self.last_error, latency_ms, height, refused)

    def succeeded(self, latency: float) -> bool:
        """It answered, within so many seconds. Whether it was ill before."""
        with self._lock:
            was_ill = self._state != "closed"
            self._state = "closed"
            self._wait = self._first_wait
            self.latency = latency
            return was_ill

    def failed(self, error: ExplorerError) -> bool:
        """It did not: it is left alone for a while that grows. Whether it was well."""
        with self._lock:
            was_well = self._state == "closed"
            if not was_well and self._state != "half_open":
                return False  # somebody who asked before has told already
            jitter = _chance.uniform(0.8, 1.2)  # so that processes do not try all at once
            self._try_at = self._clock() + self._wait * jitter
            self._wait = min(self._wait * self._growth, LONGEST_WAIT)
            self._state = "open"
            self.last_error = error
            return was_well

    def rest(self, error: ExplorerError) -> None:
        """It says that it is asked too often: until the time that it names it is left alone, then asked as usual."""
        with self._lock:
            self.last_error = error
            rest = min(error.retry_after or 1, LONGEST_WAIT)
            self._rests_until = max(self._rests_until, self._clock() + rest)
            if self._state == "half_open":
                self._state = "closed"

    def take_trial(self) -> bool:
        """Whether the caller may try it now, as the only one: it is half open then, until success or failure."""
        with self._lock:
            if self._state != "open" or self._clock() < self._try_at:
                return False
            self._state = "half_open"
            return True
