"""Where everything stands: asked for, or as the watcher saw it; one tip a page; generations that tell states apart."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any, NoReturn

import pytest

from explorer.chain import tip
from explorer.chain.batch import Batch
from explorer.chain.tip import TRIES, ChainState, Moved, TipCheck, at_one_tip
from explorer.errors import NodeBusy, NodeUnavailable
from explorer.node.client import NodeConnection
from tests.chain.nodes import FakeChain, hash_of
from tests.fakenode import FakeNode, hangs_up


@pytest.fixture
def rpc(node: FakeNode) -> NodeConnection:
    return node.connect()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that pass: `later[0] += 3`."""
    passed = [0.0]
    monkeypatch.setattr(tip, "monotonic", lambda: monotonic() + passed[0])
    return passed


# --- fresh and stale --------------------------------------------------------------------------------------------------


def test_it_is_asked_for_in_one_round_trip(rpc: NodeConnection) -> None:
    state = tip.look(rpc)
    assert rpc.round_trips == 1
    assert (state.chain.height, state.chain.best_hash) == (25, hash_of("a", 25))
    assert state.label == rpc.label
    assert tip.last_seen(rpc) is state


def test_where_nobody_watches_it_is_always_asked_for(rpc: NodeConnection, chain: FakeChain) -> None:
    assert tip.current(rpc).chain.height == 25
    assert tip.watched(rpc) is None
    chain.height = 26
    assert tip.current(rpc).chain.height == 26


def test_what_the_watcher_saw_a_moment_ago_is_used(rpc: NodeConnection, chain: FakeChain, later: list[float]) -> None:
    state = tip.look(rpc)
    tip.trust_watcher(rpc, good_for=2)
    chain.height = 26
    assert tip.current(rpc) is tip.watched(rpc) is state
    later[0] += 2
    assert tip.watched(rpc) is None
    assert tip.current(rpc).chain.height == 26
    assert tip.current(rpc) is tip.last_seen(rpc)  # fresh again
    assert rpc.round_trips == 2


def test_each_connection_has_its_own(node: FakeNode) -> None:
    one, other = node.connect(), node.connect()
    tip.look(one)
    tip.trust_watcher(one, good_for=60)
    assert tip.watched(other) is None
    assert tip.last_seen(other) is None


def test_a_failure_changes_nothing(rpc: NodeConnection, node: FakeNode) -> None:
    state = tip.look(rpc)
    node.faults.extend([hangs_up] * 2)
    with pytest.raises(NodeUnavailable):
        tip.look(rpc)
    assert tip.last_seen(rpc) is state


def test_an_answer_that_was_slow_does_not_replace_a_newer_one(rpc: NodeConnection, node: FakeNode) -> None:
    """While one waits for the node, somebody else asks and is answered."""
    info = node.answers["getblockchaininfo"]

    def slow() -> Any:
        answer = info()
        node.answers["getblockchaininfo"] = lambda: {**info(), "headers": 99}
        tip.look(rpc)
        return answer

    node.answers["getblockchaininfo"] = slow
    assert tip.look(rpc).chain.headers == 25
    seen = tip.last_seen(rpc)
    assert seen
    assert seen.chain.headers == 99


def test_it_knows_for_how_long_nobody_has_wanted_to_know(rpc: NodeConnection, later: list[float]) -> None:
    tip.wanted(rpc)
    later[0] += 50
    assert tip.idle_for(rpc) == pytest.approx(50, abs=1)
    tip.look(rpc)  # as the watcher does
    tip.last_seen(rpc)
    assert tip.idle_for(rpc) == pytest.approx(50, abs=1)
    tip.wanted(rpc)
    assert tip.idle_for(rpc) == pytest.approx(0, abs=1)


def test_it_knows_for_how_long_the_tip_has_stood_still(
    rpc: NodeConnection, chain: FakeChain, later: list[float]
) -> None:
    tip.look(rpc)
    tip.look(rpc)
    assert tip.still_for(rpc) == inf
    chain.height += 1
    tip.look(rpc)
    assert tip.still_for(rpc) < 1
    later[0] += 30
    tip.look(rpc)
    assert 30 <= tip.still_for(rpc) < 31


def test_what_is_given_is_used_where_it_is_given(rpc: NodeConnection, chain: FakeChain) -> None:
    state = tip.look(rpc)
    chain.height = 26
    with tip.given(state):
        assert tip.current(rpc) is state
        assert at_one_tip(rpc, lambda state: state) is state
        with pytest.raises(Moved):
            ask_with_check(rpc, tip.current(rpc))
        assert at_one_tip(rpc, lambda state: ask_with_check(rpc, state)).chain.height == 26
    assert tip.current(rpc).chain.height == 26


# --- one tip a page ---------------------------------------------------------------------------------------------------


def ask_with_check(rpc: NodeConnection, state: ChainState) -> ChainState:
    batch = Batch(rpc)
    check = TipCheck(batch, state)
    batch.send()
    check.read()
    return state


def test_a_page_of_a_tip_that_is_over_is_begun_anew(rpc: NodeConnection, chain: FakeChain) -> None:
    stale = tip.look(rpc)
    tip.trust_watcher(rpc, good_for=60)
    chain.height = 26
    with pytest.raises(Moved):
        ask_with_check(rpc, stale)
    begun: list[int] = []

    def ask(state: ChainState) -> ChainState:
        begun.append(state.chain.height)
        return ask_with_check(rpc, state)

    assert at_one_tip(rpc, ask).chain.height == 26
    assert begun == [25, 26]
    watched = tip.watched(rpc)
    assert watched
    assert watched.chain.height == 26  # others do not run into it as well


def test_nothing_is_asked_beside_where_the_state_is_fresh(rpc: NodeConnection) -> None:
    tip.look(rpc)
    tip.trust_watcher(rpc, good_for=60)
    at_one_tip(rpc, lambda state: state)
    assert rpc.round_trips == 1


def test_a_chain_that_never_stands_still(rpc: NodeConnection, chain: FakeChain) -> None:
    begun: list[int] = []

    def ask(state: ChainState) -> NoReturn:
        begun.append(state.chain.height)
        chain.height += 1
        ask_with_check(rpc, state)
        raise AssertionError("it moved")

    with pytest.raises(NodeBusy) as caught:
        at_one_tip(rpc, ask)
    assert (caught.value.message_id, caught.value.retry_after) == ("chain_moving", 1)
    assert begun == list(range(25, 25 + TRIES))


def test_an_error_is_not_asked_for_again(rpc: NodeConnection) -> None:
    tries = []

    def ask(state: ChainState) -> NoReturn:
        tries.append(state)
        raise NodeUnavailable

    with suppress(NodeUnavailable):
        at_one_tip(rpc, ask)
    assert len(tries) == 1


# --- generations ------------------------------------------------------------------------------------------------------

MEMPOOL = {"size": 3, "bytes": 500, "usage": 4_000, "total_fee": 0.00001, "mempoolminfee": 0.00001}
NETWORK = {"subversion": "/Satoshi:29.0.0/", "connections": 8}


@pytest.mark.parametrize(
    ("method", "changes", "expected"),
    [
        ("getblockchaininfo", {}, set()),
        ("getblockchaininfo", {"bestblockhash": "ab" * 32}, {"tip"}),
        ("getblockchaininfo", {"chain": "signet"}, {"tip"}),
        ("getblockchaininfo", {"verificationprogress": 0.99999}, set()),  # it is not catching up: nobody sees it
        ("getblockchaininfo", {"headers": 26}, {"node"}),
        ("getblockchaininfo", {"size_on_disk": 2}, {"node"}),
        ("getblockchaininfo", {"pruned": True, "pruneheight": 5}, {"node"}),
        ("getblockchaininfo", {"warnings": ["Take care"]}, {"node"}),
        ("getmempoolinfo", {"size": 4}, {"mempool"}),
        ("getmempoolinfo", {"bytes": 501}, {"mempool"}),
        ("getmempoolinfo", {"total_fee": 0.00002}, {"mempool"}),  # one that was replaced
        ("getmempoolinfo", {"mempoolminfee": 0.00002}, {"mempool"}),
        ("getmempoolinfo", {"usage": 4_001}, {"mempool"}),
        ("getnetworkinfo", {"connections": 9}, {"node"}),
        ("getnetworkinfo", {"subversion": "/Satoshi:30.0.0/"}, {"node"}),
    ],
)
def test_generations_change_exactly_with_what_they_stand_for(
    node: FakeNode, rpc: NodeConnection, method: str, changes: dict[str, Any], expected: set[str]
) -> None:
    node.answers |= {"getmempoolinfo": MEMPOOL, "getnetworkinfo": NETWORK}
    before = tip.look(rpc)
    answer = node.answers[method]
    node.answers[method] = {**(answer() if callable(answer) else answer), **changes}
    after = tip.look(rpc)
    assert {name for name in ("tip", "mempool", "node") if getattr(before, name) != getattr(after, name)} == expected


def test_progress_counts_as_far_as_it_is_shown(rpc: NodeConnection, chain: FakeChain) -> None:
    def node_generation(progress: float) -> str:
        chain.fields = {"initialblockdownload": True, "verificationprogress": progress}
        return tip.look(rpc).node

    assert node_generation(0.50001) == node_generation(0.50002) != node_generation(0.502)


def test_they_are_the_same_in_every_process(node: FakeNode) -> None:
    one, other = (tip.look(node.connect()) for _ in range(2))
    assert (one.tip, one.mempool, one.node) == (other.tip, other.mempool, other.node)


def test_a_state_that_comes_back_is_the_same(rpc: NodeConnection, chain: FakeChain) -> None:
    before = tip.look(rpc).tip
    chain.height = 26
    moved = tip.look(rpc).tip
    chain.height = 25
    assert tip.look(rpc).tip == before != moved
