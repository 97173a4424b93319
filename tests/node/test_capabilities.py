"""What a node can answer: asked for in two round trips, remembered for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from explorer.errors import NodeBusy, NodeRefused, NodeUnavailable
from explorer.node import capabilities
from explorer.node.capabilities import get_capabilities
from tests.fakenode import FakeNode, RpcError, nothing_wrong, says, waits

CHAIN = {"chain": "main", "blocks": 900_000, "bestblockhash": "ab" * 32, "pruned": False}
ASKED = 2  # round trips: one for all that is asked by RPC, one for what REST has
HELP = '== Blockchain ==\ngetblock "blockhash" ( verbosity )\ngetblockcount\n\n== Control ==\nhelp ( "command" )\n'


def index(*, synced: bool = True, height: int = 900_000) -> dict[str, Any]:
    return {"synced": synced, "best_block_height": height}


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode({"getblockchaininfo": CHAIN, "getindexinfo": {}, "help": HELP}) as node:
        yield node


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that pass: `later[0] += 61`."""
    passed = [0.0]
    monkeypatch.setattr(capabilities, "monotonic", lambda: monotonic() + passed[0])
    return passed


def test_a_node_without_indexes(node: FakeNode) -> None:
    found = get_capabilities(node.connect())
    assert (found.chain, found.pruned, found.prune_height) == ("main", False, None)
    assert (found.txindex, found.block_filters, found.coin_stats, found.spender_index, found.rest) == (False,) * 5
    assert found.txindex_height is None
    assert found.methods == {"getblock", "getblockcount", "help"}


def test_a_node_with_every_index(node: FakeNode) -> None:
    names = ("txindex", "basic block filter index", "coinstatsindex", "txospenderindex")
    node.answers["getindexinfo"] = {name: index() for name in names}
    found = get_capabilities(node.connect())
    assert found.txindex
    assert found.block_filters
    assert found.coin_stats
    assert found.spender_index


def test_a_pruned_node(node: FakeNode) -> None:
    node.answers["getblockchaininfo"] = CHAIN | {"pruned": True, "pruneheight": 800_000}
    found = get_capabilities(node.connect())
    assert (found.pruned, found.prune_height) == (True, 800_000)


@pytest.mark.parametrize(
    ("has", "rest"),
    [({f"/rest/spenttxouts/{'ab' * 32}.bin": b"\x01\x00"}, True), ({f"/rest/block/{'ab' * 32}.bin": b"..."}, False)],
)
def test_rest_counts_where_it_tells_what_a_block_spends(node: FakeNode, has: dict[str, bytes], rest: bool) -> None:
    """An older node has REST, and not that."""
    node.rest = has
    assert get_capabilities(node.connect()).rest is rest


def test_it_is_asked_in_two_round_trips_and_remembered(node: FakeNode) -> None:
    rpc = node.connect()
    assert get_capabilities(rpc) is get_capabilities(rpc)
    assert rpc.round_trips == ASKED


def test_each_connection_has_its_own(node: FakeNode) -> None:
    first = get_capabilities(node.connect())
    node.answers["getblockchaininfo"] = CHAIN | {"chain": "regtest"}
    assert get_capabilities(node.connect()).chain == "regtest"
    assert first.chain == "main"


def test_an_index_that_gets_ready_is_noticed(node: FakeNode, later: list[float]) -> None:
    rpc = node.connect()
    node.answers["getindexinfo"] = {"txindex": index(synced=False, height=5)}
    building = get_capabilities(rpc)
    assert (building.txindex, building.txindex_height) == (False, 5)
    node.answers["getindexinfo"] = {"txindex": index()}
    assert not get_capabilities(rpc).txindex
    later[0] += 61
    assert get_capabilities(rpc).txindex


def test_a_failure_is_not_remembered(node: FakeNode) -> None:
    rpc = node.connect()
    node.faults.append(says(503))
    with pytest.raises(NodeBusy):
        get_capabilities(rpc)
    assert get_capabilities(rpc).chain == "main"


@pytest.mark.parametrize("method", ["getblockchaininfo", "getindexinfo", "help"])
def test_a_node_that_is_starting_has_no_capabilities_yet(node: FakeNode, method: str) -> None:
    def warming_up() -> None:
        raise RpcError(-28, "Loading…")

    node.answers[method] = warming_up
    with pytest.raises(NodeBusy):
        get_capabilities(node.connect())


def test_a_node_without_getindexinfo_has_no_index(node: FakeNode) -> None:
    del node.answers["getindexinfo"]  # as before Bitcoin Core 0.21
    assert not get_capabilities(node.connect()).txindex


def test_what_is_not_allowed_is_asked_alone(node: FakeNode) -> None:
    rpc = node.connect()
    node.answers["getindexinfo"] = {"txindex": index()}
    node.faults.extend([says(403), nothing_wrong, nothing_wrong, says(403)])  # the batch, then help
    found = get_capabilities(rpc)
    assert found.txindex
    assert found.methods == frozenset()
    assert rpc.round_trips == 3 + ASKED  # the batch, its three calls one by one, and REST


def test_nothing_allowed_is_an_error(node: FakeNode) -> None:
    node.faults.extend([says(403)] * 4)
    with pytest.raises(NodeRefused):
        get_capabilities(node.connect())


def test_a_wrong_password_is_tried_once(node: FakeNode) -> None:
    node.login = "some:body"
    with pytest.raises(NodeRefused):
        get_capabilities(node.connect())
    assert len(node.requests) == 1


def test_many_threads_ask_once(node: FakeNode, later: list[float]) -> None:
    rpc = node.connect()
    node.faults.append(waits(0.2))
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: get_capabilities(rpc), range(8)))) == 1
        later[0] += 61
        node.faults.append(waits(0.2))
        assert len(set(threads.map(lambda _: get_capabilities(rpc), range(8)))) == 1
    assert rpc.round_trips == 2 * ASKED


def test_a_node_that_went_away_is_an_error_once_it_is_asked_again(node: FakeNode, later: list[float]) -> None:
    rpc = node.connect(timeout=0.3)
    get_capabilities(rpc)
    node.faults.append(waits(0.5))
    get_capabilities(rpc)
    later[0] += 61
    with pytest.raises(NodeUnavailable):
        get_capabilities(rpc)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking with threads is what is tested
def test_a_child_process_does_not_wait_for_its_parents_threads(node: FakeNode) -> None:
    rpc = node.connect()
    node.faults.append(waits(0.5))
    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(get_capabilities, rpc)
        while not node.requests:
            pass
        if (child := os.fork()) == 0:
            try:
                os._exit(0 if get_capabilities(rpc).chain == "main" else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert asking.result().chain == "main"
