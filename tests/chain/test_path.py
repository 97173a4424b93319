"""The way from one tip to another, on chains by hand: what it costs, and a chain that moves while one asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from explorer.chain import tip
from explorer.chain.path import MOST, Path, Tip, only, path
from explorer.chain.tip import ChainState, Moved
from explorer.errors import NodeUnavailable
from explorer.node.client import NodeConnection
from tests.chain.nodes import FakeChain, hash_of
from tests.fakenode import FakeNode, RpcError, hangs_up


@pytest.fixture
def rpc(node: FakeNode) -> NodeConnection:
    return node.connect()


def at(height: int, branch: str = "a") -> Tip:
    return Tip(height, hash_of(branch, height))


def moved_to(state: ChainState, height: int, branch: str = "a") -> ChainState:
    """The same state at another tip."""
    chain = replace(state.chain, height=height, best_hash=hash_of(branch, height))
    return replace(state, status=replace(state.status, chain=chain))


def round_trips(rpc: NodeConnection, since: Tip, to: ChainState) -> int:
    before = rpc.round_trips
    path(rpc, since, to)
    return rpc.round_trips - before


def test_a_tip_is_written_as_height_and_hash() -> None:
    assert str(at(7)) == f"7:{hash_of('a', 7)}"


def test_where_nothing_happened_nothing_is_asked(rpc: NodeConnection) -> None:
    state = tip.look(rpc)
    assert path(rpc, at(25), state) == Path(at(25), (), ())
    assert round_trips(rpc, at(25), state) == 0


def test_the_next_block_takes_one_round_trip(rpc: NodeConnection) -> None:
    state = tip.look(rpc)
    assert path(rpc, at(24), state) == Path(at(24), (), (at(25),))
    assert round_trips(rpc, at(24), state) == 1


def test_many_take_three(rpc: NodeConnection) -> None:
    state = tip.look(rpc)
    assert path(rpc, at(5), state).arrived == tuple(at(height) for height in range(6, 26))
    assert round_trips(rpc, at(5), state) == 3


def test_of_very_many_the_newest_are_told(rpc: NodeConnection, chain: FakeChain) -> None:
    chain.height = 300
    found = path(rpc, at(300 - MOST - 1), tip.look(rpc))
    assert found == Path(at(199), (), tuple(at(height) for height in range(201, 301)), is_whole=False)
    assert path(rpc, at(300 - MOST), tip.look(rpc)).is_whole


def test_what_counts_is_the_hash(rpc: NodeConnection) -> None:
    assert path(rpc, Tip(3, hash_of("a", 24)), tip.look(rpc)) == Path(at(24), (), (at(25),))


def test_a_tip_that_nobody_knows(rpc: NodeConnection, node: FakeNode) -> None:
    header = node.answers["getblockheader"]

    def known(block_hash: str) -> object:
        if block_hash.startswith("f"):
            raise RpcError(-5, "Block not found")
        return header(block_hash)

    node.answers["getblockheader"] = known
    assert path(rpc, at(24, "f"), tip.look(rpc)) == only(at(25))


def test_a_branch_that_has_no_end(rpc: NodeConnection, node: FakeNode) -> None:
    header = node.answers["getblockheader"]
    node.answers["getblockheader"] = lambda block_hash: {
        **header(block_hash),
        **({"confirmations": -1} if block_hash.startswith("b") else {}),
    }
    assert path(rpc, at(500, "b"), tip.look(rpc)) == only(at(25))
    assert rpc.round_trips < MOST + 5


class TestMoved:
    def test_the_state_is_of_before(self, rpc: NodeConnection) -> None:
        """Another worker has seen the new block already."""
        state = moved_to(tip.look(rpc), 24)
        with pytest.raises(Moved):
            path(rpc, at(25), state)

    def test_the_state_is_not_of_this_chain(self, rpc: NodeConnection) -> None:
        for since in (at(25), at(24), at(5)):
            with pytest.raises(Moved):
                path(rpc, since, moved_to(tip.look(rpc), 25, "c"))

    def test_another_node_answers_that_does_not_know_the_tip(self, rpc: NodeConnection, node: FakeNode) -> None:
        state = tip.look(rpc)
        header = node.answers["getblockheader"]

        def behind(block_hash: str) -> object:
            if block_hash == state.chain.best_hash:
                raise RpcError(-5, "Block not found")
            return header(block_hash)

        node.answers["getblockheader"] = behind
        with pytest.raises(Moved):
            path(rpc, at(20), state)

    def test_the_chain_becomes_shorter_meanwhile(self, rpc: NodeConnection, chain: FakeChain) -> None:
        chain.height = 30
        state = tip.look(rpc)
        chain.height = 25
        with pytest.raises(Moved):
            path(rpc, at(20), state)

    def test_the_blocks_are_of_two_chains(self, rpc: NodeConnection, chain: FakeChain) -> None:
        state = tip.look(rpc)
        chain.branches = ["ab"]
        with pytest.raises(Moved):
            path(rpc, at(20), state)


def test_a_node_that_is_away(rpc: NodeConnection, node: FakeNode) -> None:
    state = tip.look(rpc)
    node.faults.extend([hangs_up] * 2)
    with pytest.raises(NodeUnavailable):
        path(rpc, at(20), state)
