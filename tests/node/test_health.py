"""The circuit of an endpoint, the bucket of its rate, the waits between tries, and the deadline over all of them."""

from __future__ import annotations

import pytest

from explorer.deadline import deadline, left
from explorer.errors import NodeBusy, NodeUnavailable, NotFound
from explorer.node import retry
from explorer.node.health import Health
from explorer.node.rate import SECOND, Turns
from explorer.node.retry import pause


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(first_wait=1, growth=2, clock=clock)


ERROR = NodeUnavailable(endpoint="node", reason="Connection refused")


def test_it_is_well_until_the_contrary_shows(health: Health) -> None:
    assert (health.state, health.is_closed, health.last_error) == ("closed", True, None)
    assert not health.take_trial()
    assert not health.succeeded(0.002)
    state = health.member_state("node", is_own=True, height=7, refused=None)
    assert (state.state, state.latency_ms, state.height) == ("closed", 2, 7)


def test_a_failure_opens_it_and_a_trial_that_succeeds_closes_it(health: Health, clock: Clock) -> None:
    assert health.failed(ERROR)
    assert (health.state, health.last_error) == ("open", ERROR)
    assert not health.take_trial()  # too early
    clock.now += 1.3
    assert health.take_trial()
    assert health.state == "half_open"
    assert not health.take_trial()  # one is enough
    assert health.succeeded(0.1)
    assert (health.state, health.last_error) == ("closed", ERROR)


def test_it_is_left_alone_for_longer_and_longer(health: Health, clock: Clock) -> None:
    health.failed(ERROR)
    for wait in (1, 2, 4, 8, 16, 32, 60, 60):
        clock.now += wait * 0.75
        assert not health.take_trial()
        clock.now += wait * 0.5
        assert health.take_trial()
        assert not health.failed(ERROR)
    health.succeeded(0.1)
    health.failed(ERROR)
    clock.now += 1.3
    assert health.take_trial()  # the first wait again


def test_several_who_fail_at_once_count_as_one(health: Health, clock: Clock) -> None:
    assert [health.failed(ERROR) for _ in range(5)] == [True] + [False] * 4
    clock.now += 1.3
    assert health.take_trial()


def test_a_rest_ends_at_the_time_that_was_named(health: Health, clock: Clock) -> None:
    health.rest(NodeBusy("node_limit", retry_after=7))
    assert (health.state, health.rest_left) == ("open", 7)
    assert not health.take_trial()
    clock.now += 6.9
    assert not health.is_closed
    clock.now += 0.2
    assert health.is_closed


# --- rate -------------------------------------------------------------------------------------------------------------


def test_no_second_has_more_turns_than_allowed(clock: Clock) -> None:
    turns = Turns(2, clock)
    assert [turns.reserve(10) for _ in range(5)] == pytest.approx([0, 0, SECOND, SECOND, 2 * SECOND])
    clock.now += 60
    assert [turns.reserve(10) for _ in range(3)] == pytest.approx([0, 0, SECOND])


def test_who_has_no_patience_takes_nothing(clock: Clock) -> None:
    turns = Turns(1, clock)
    assert turns.reserve(0) == 0
    assert [turns.reserve(0.5) for _ in range(3)] == [None] * 3
    assert turns.reserve(2) == pytest.approx(SECOND)


# --- retries ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(retry, "sleep", waits.append)
    return waits


def test_waits_grow_and_differ(slept: list[float]) -> None:
    for _ in range(100):
        assert [pause(ERROR, tries) for tries in (1, 2, 3, 4)] == [True, True, True, False]
    for position, usual in enumerate(retry.WAITS):
        waits = slept[position :: len(retry.WAITS)]
        assert usual * 0.5 <= min(waits) < max(waits) <= usual * 1.5
        assert len(set(waits)) > 50


@pytest.mark.parametrize(
    "error", [NotFound(), NodeBusy("node_warming_up", retry_after=5), NodeUnavailable("node_not_json")]
)
def test_what_does_not_pass_is_not_waited_for(slept: list[float], error: Exception) -> None:
    assert not pause(error, 1)  # type: ignore[arg-type]  # any ExplorerError
    assert not slept


def test_retry_after_is_honoured_within_the_deadline(slept: list[float]) -> None:
    limit = NodeBusy("node_limit", retry_after=3)
    with deadline(10):
        assert pause(limit, 1)
    assert 3 <= slept[0] <= 3.2
    with deadline(2):
        assert not pause(limit, 1)
        assert pause(ERROR, 1)
    with deadline(0.01):
        assert not pause(ERROR, 3)


# --- the deadline -----------------------------------------------------------------------------------------------------


def test_an_inner_deadline_only_shortens() -> None:
    assert left(20) == 20
    with deadline(5):
        assert 4.9 < left(20) <= 5
        assert left(1) == 1
        with deadline(60):
            assert left(20) <= 5
        with deadline(0):
            assert left(20) == 0
        assert left(20) > 4.9
    assert left(20) == 20
