"""The way from one tip to another, where a real node takes blocks back."""

from __future__ import annotations

import pytest

from explorer.chain import tip
from explorer.chain.path import Path, Tip, only, path
from explorer.node.client import NodeConnection
from explorer.node.failover import FailoverConnection
from tests.bitcoind import Bitcoind
from tests.coins import draft
from tests.pages import Explorer


@pytest.fixture
def rpc(explorer: Explorer) -> FailoverConnection:
    return explorer.connection


def tip_of(node: Bitcoind) -> Tip:
    return Tip(node.rpc("getblockcount"), node.rpc("getbestblockhash"))


def way(rpc: FailoverConnection | NodeConnection, since: Tip) -> Path:
    return path(rpc, since, tip.look(rpc))


def test_blocks_arrive(rpc: FailoverConnection, regtest: Bitcoind) -> None:
    before = tip_of(regtest)
    assert way(rpc, before) == Path(before, (), ())
    hashes = regtest.mine(3)
    arrived = tuple(Tip(before.height + n, block_hash) for n, block_hash in enumerate(hashes, 1))
    assert way(rpc, before) == Path(before, (), arrived)
    assert way(rpc, arrived[1]) == Path(arrived[1], (), arrived[2:])


def test_from_the_beginning_of_the_chain(rpc: FailoverConnection, regtest: Bitcoind) -> None:
    found = way(rpc, Tip(0, regtest.rpc("getblockhash", 0)))
    assert found.fork == Tip(0, regtest.rpc("getblockhash", 0))
    assert not found.is_whole
    assert [block.hash for block in found.arrived] == [
        regtest.rpc("getblockhash", block.height) for block in found.arrived
    ]
    assert found.arrived[-1] == tip_of(regtest)
    assert len(found.arrived) == 100


def test_blocks_are_replaced(rpc: FailoverConnection, regtest: Bitcoind) -> None:
    fork = tip_of(regtest)
    stale = regtest.mine(2)
    before = tip_of(regtest)
    regtest.rpc("invalidateblock", stale[0])
    assert way(rpc, before) == Path(fork, (stale[1], stale[0]), ())  # the chain has only become shorter
    instead = regtest.mine(3)
    arrived = tuple(Tip(fork.height + n, block_hash) for n, block_hash in enumerate(instead, 1))
    assert way(rpc, before) == Path(fork, (stale[1], stale[0]), arrived)
    assert way(rpc, Tip(fork.height + 1, stale[0])) == Path(fork, (stale[0],), arrived)
    assert way(rpc, fork) == Path(fork, (), arrived)

    regtest.rpc("invalidateblock", instead[0])
    regtest.rpc("reconsiderblock", stale[0])  # the first two come back
    back = tuple(Tip(fork.height + n, block_hash) for n, block_hash in enumerate(stale, 1))
    assert way(rpc, arrived[-1]) == Path(fork, tuple(reversed(instead)), back)
    assert way(rpc, before) == Path(before, (), ())


def test_a_block_that_was_never_in_the_best_chain(rpc: FailoverConnection, regtest: Bitcoind) -> None:
    fork = tip_of(regtest)
    side, block = draft(regtest, [])
    regtest.mine(2)
    assert regtest.rpc("submitblock", block) == "inconclusive"
    found = way(rpc, Tip(fork.height + 1, side))
    assert (found.fork, found.left, len(found.arrived)) == (fork, (side,), 2)


@pytest.mark.parametrize("digest", ["00" * 32, "ff" * 32, "ab" * 32])
def test_a_block_that_nobody_knows(rpc: FailoverConnection, regtest: Bitcoind, digest: str) -> None:
    assert way(rpc, Tip(5, digest)) == only(tip_of(regtest))
