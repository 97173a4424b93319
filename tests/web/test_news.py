"""What a listener is told, and in which order: before a chain by hand, and the demo chain from beginning to end."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from explorer.chain import tip
from explorer.chain.path import MOST, Tip, path
from explorer.chain.tip import ChainState
from explorer.errors import ExplorerError, NodeUnavailable
from explorer.node.client import NodeConnection
from explorer.node.demo import DemoConnection
from explorer.node.demo.connection import ANCHOR
from explorer.web import news
from explorer.web.news import TRIES, News
from tests.chain.nodes import FakeChain, hash_of
from tests.events import Event, read
from tests.fakenode import FakeNode

DOWN = NodeUnavailable()


@pytest.fixture
def rpc(node: FakeNode) -> NodeConnection:
    return node.connect()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of the clock: `now[0] += 3`."""
    time = [100.0]
    monkeypatch.setattr(news, "monotonic", lambda: time[0])
    return time


def at(height: int, branch: str = "a") -> Tip:
    return Tip(height, hash_of(branch, height))


def told(events: str) -> list[tuple[str, Any]]:
    """Kind, and what the data says in short."""
    return [(event.kind, next(iter(event.data.values()))) for event in read(events)]


def settled(rpc: NodeConnection, since: Tip | None = None) -> News:
    """Of a listener who knows how everything stands."""
    listener = News(rpc, since)
    listener.of(tip.look(rpc))
    return listener


def with_mempool(state: ChainState, count: int) -> ChainState:
    mempool = replace(state.status.mempool, count=count)
    return replace(state, status=replace(state.status, mempool=mempool), mempool=f"of {count}")


def test_events_as_they_are_sent(rpc: NodeConnection) -> None:
    assert News(rpc, at(24)).of(tip.look(rpc)) == (
        f'event: node\nid: {at(24)}\ndata: {{"up": true}}\n\n'
        f'event: tip\nid: {at(25)}\ndata: {{"height": 25, "hash": "{at(25).hash}"}}\n\n'
        f'event: mempool\nid: {at(25)}\ndata: {{"count": 0}}\n\n'
    )


class TestBeginning:
    def test_who_knows_nothing_is_told_how_everything_stands(self, rpc: NodeConnection) -> None:
        events = read(News(rpc, None).of(tip.look(rpc)))
        assert events == [
            Event("node", None, {"up": True}),
            Event("tip", str(at(25)), {"height": 25, "hash": at(25).hash}),
            Event("mempool", str(at(25)), {"count": 0}),
        ]

    def test_who_is_at_the_tip_is_told_of_no_block(self, rpc: NodeConnection) -> None:
        assert told(News(rpc, at(25)).of(tip.look(rpc))) == [("node", True), ("mempool", 0)]

    def test_who_missed_blocks_is_told_of_each(self, rpc: NodeConnection) -> None:
        events = read(News(rpc, at(22)).of(tip.look(rpc)))
        assert [(event.kind, event.id) for event in events] == [
            ("node", str(at(22))),
            *(("tip", str(at(height))) for height in (23, 24, 25)),
            ("mempool", str(at(25))),
        ]

    def test_who_missed_very_many_is_told_of_the_newest(self, rpc: NodeConnection, chain: FakeChain) -> None:
        chain.height = 300
        tips = [event for event in read(News(rpc, at(2)).of(tip.look(rpc))) if event.kind == "tip"]
        assert [event.data["height"] for event in tips] == list(range(301 - MOST, 301))

    def test_a_wrong_height_is_put_right(self, rpc: NodeConnection) -> None:
        events = read(News(rpc, Tip(999, at(25).hash)).of(tip.look(rpc)))
        assert [event.kind for event in events] == ["node", "mempool"]
        assert events[-1].id == str(at(25))


class TestGoingOn:
    def test_nothing_new_is_no_news(self, rpc: NodeConnection, now: list[float]) -> None:
        listener = settled(rpc)
        for _ in range(3):
            now[0] += 5
            assert listener.of(tip.look(rpc)) == ""

    def test_a_block(self, rpc: NodeConnection, chain: FakeChain) -> None:
        listener = settled(rpc)
        chain.height = 26
        assert told(listener.of(tip.look(rpc)))[0] == ("tip", 26)

    def test_the_mempool_changes_once_a_second_at_most(self, rpc: NodeConnection, now: list[float]) -> None:
        listener, state = settled(rpc), tip.look(rpc)
        now[0] += 2
        assert told(listener.of(with_mempool(state, 1))) == [("mempool", 1)]
        now[0] += 0.5
        assert listener.of(with_mempool(state, 2)) == ""
        now[0] += 0.5
        assert told(listener.of(with_mempool(state, 3))) == [("mempool", 3)]

    def test_with_a_block_it_is_told_at_once(self, rpc: NodeConnection, chain: FakeChain, now: list[float]) -> None:
        listener = settled(rpc)
        chain.height = 26
        events = told(listener.of(with_mempool(tip.look(rpc), 7)))
        assert [event for event in events if event[0] != "node"] == [("tip", 26), ("mempool", 7)]

    def test_something_about_the_node(self, rpc: NodeConnection, now: list[float]) -> None:
        listener = settled(rpc)
        now[0] += 1
        assert told(listener.of(replace(tip.look(rpc), node="other"))) == [("node", True)]


class TestAway:
    def test_it_is_told_once_and_then_what_was_missed(self, rpc: NodeConnection, chain: FakeChain) -> None:
        listener = settled(rpc)
        assert read(listener.of(DOWN)) == [Event("node", str(at(25)), {"up": False})]
        assert listener.of(DOWN) == listener.of(DOWN) == ""
        chain.height = 27
        assert told(listener.of(tip.look(rpc)))[:3] == [("node", True), ("tip", 26), ("tip", 27)]

    def test_from_the_beginning_on(self, rpc: NodeConnection) -> None:
        listener = News(rpc, None)
        assert read(listener.of(DOWN)) == [Event("node", None, {"up": False})]
        assert told(listener.of(tip.look(rpc))) == [("node", True), ("tip", 25), ("mempool", 0)]


class TestNoWay:
    """The way from one tip to the other cannot be found at once."""

    def test_it_is_asked_for_again(self, rpc: NodeConnection, monkeypatch: pytest.MonkeyPatch) -> None:
        failures: list[ExplorerError | tip.Moved] = [tip.Moved(), DOWN]

        def stumbling(*asked: Any) -> Any:
            if failures:
                raise failures.pop()
            return path(*asked)

        monkeypatch.setattr(news, "path", stumbling)
        listener = News(rpc, at(23))
        state = tip.look(rpc)
        assert told(listener.of(state)) == [("node", True)]
        assert listener.of(state) == ""
        assert told(listener.of(state)) == [("tip", 24), ("tip", 25), ("mempool", 0)]

    def test_in_the_end_the_present_tip_has_to_do(self, rpc: NodeConnection, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_way(*_: Any) -> Any:
            raise tip.Moved

        monkeypatch.setattr(news, "path", no_way)
        listener = News(rpc, at(23))
        state = tip.look(rpc)
        events = [told(listener.of(state)) for _ in range(TRIES)]
        assert events == [[("node", True)], *[[]] * (TRIES - 2), [("tip", 25), ("mempool", 0)]]


def test_the_demo_chain_from_beginning_to_end_and_over() -> None:
    clock = [float(ANCHOR)]
    demo = DemoConnection(clock=lambda: clock[0])
    listener = News(demo, None)
    events: list[Event] = []
    for _ in range(2 * demo.duration // 7):
        events += read(listener.of(tip.look(demo)))
        clock[0] += 7
    heights = [event.data["height"] for event in events if event.kind == "tip"]
    steps = [upper - lower for lower, upper in pairwise(heights)]
    assert len(heights) > 4
    assert sum(step != 1 for step in steps) == 1  # where it starts over, which is no reorganisation
    assert {event.kind for event in events} == {"tip", "mempool", "node"}
