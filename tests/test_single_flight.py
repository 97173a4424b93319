from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from explorer.single_flight import SingleFlight


def together(flights: SingleFlight[int], work: object, count: int = 8) -> list[object]:
    """What each of `count` threads gets that ask for the same key at once."""
    barrier = threading.Barrier(count)

    def ask() -> object:
        barrier.wait()
        try:
            return flights.do("key", work)  # type: ignore[arg-type]
        except LookupError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(ask) for _ in range(count)]]


def test_one_works_for_all() -> None:
    calls: list[int] = []

    def work() -> int:
        time.sleep(0.2)
        calls.append(1)
        return 7

    assert together(SingleFlight(), work) == [7] * 8
    assert len(calls) == 1


def test_a_failure_is_everybodys_and_is_not_repeated_one_after_another() -> None:
    calls: list[int] = []

    def work() -> int:
        time.sleep(0.2)
        calls.append(1)
        raise LookupError("gone")

    errors = together(SingleFlight(), work)
    assert all(isinstance(error, LookupError) for error in errors)
    assert len(calls) == 1


def test_the_next_one_begins_anew() -> None:
    flights: SingleFlight[int] = SingleFlight()
    with pytest.raises(ZeroDivisionError):
        flights.do("key", lambda: 1 // 0)
    assert flights.do("key", lambda: 2) == 2
