"""Heavy questions: a few at a time, a few in line, and everybody else is told to come back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from explorer import places
from explorer.deadline import deadline
from explorer.errors import NodeBusy
from explorer.places import RETRY_SECONDS, Places, heavy


class Worker:
    """A thread that takes a place and stays there until it is told to leave."""

    def __init__(self, taken: Places) -> None:
        self._places = taken
        self.is_inside, self._may_leave = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        with self._places.take():
            self.is_inside.set()
            self._may_leave.wait(10)

    def leave(self) -> None:
        self._may_leave.set()
        self._thread.join(10)


def test_so_many_are_at_work_and_the_next_follow() -> None:
    line = Places(2, waiting=2)
    at_work = [Worker(line) for _ in range(2)]
    assert all(worker.is_inside.wait(10) for worker in at_work)
    waiting = Worker(line)
    assert not waiting.is_inside.wait(0.1)
    at_work[0].leave()
    assert waiting.is_inside.wait(10)
    at_work[1].leave()
    waiting.leave()


def test_where_the_line_is_full_one_is_sent_away_at_once() -> None:
    line = Places(1, waiting=1)
    first = Worker(line)
    assert first.is_inside.wait(10)
    second = Worker(line)
    assert not second.is_inside.wait(0.1)
    begun = time.monotonic()
    with pytest.raises(NodeBusy) as caught, line.take():
        pass
    assert time.monotonic() - begun < 0.5
    assert (caught.value.message_id, caught.value.retry_after) == ("too_many_heavy", RETRY_SECONDS)
    first.leave()
    assert second.is_inside.wait(10)
    second.leave()
    with line.take():
        pass


def test_nobody_waits_beyond_the_deadline() -> None:
    line = Places(1, waiting=1)
    first = Worker(line)
    assert first.is_inside.wait(10)
    begun = time.monotonic()
    with deadline(0.2), pytest.raises(NodeBusy) as caught, line.take():
        pass
    assert 0.15 < time.monotonic() - begun < 2
    assert caught.value.message_id == "too_many_heavy"
    first.leave()
    with line.take():  # who gave up left the line, too
        pass


def test_an_error_leaves_the_place() -> None:
    line = Places(1, waiting=0)
    for _ in range(3):
        with pytest.raises(LookupError), line.take():
            raise LookupError


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> Places:
    one = Places(1, waiting=0)
    monkeypatch.setattr(places, "_places", one)
    return one


def test_one_inside_another_takes_no_second_place(one_place: Places) -> None:
    with heavy(), heavy(), ThreadPoolExecutor(1) as threads, pytest.raises(NodeBusy):
        threads.submit(_take).result()
    _take()


def test_after_the_outer_one_a_place_is_taken_again(one_place: Places) -> None:
    with ExitStack() as stack:
        stack.enter_context(heavy())
    with one_place.take(), pytest.raises(NodeBusy), heavy():
        pass


def _take() -> None:
    with heavy():
        pass
