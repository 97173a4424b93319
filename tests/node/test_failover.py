"""Who answers, who is left alone, and how long anybody waits: with several nodes by hand. Real ones: tests/regtest/."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from config import load
from explorer.deadline import deadline
from explorer.errors import (
    ExplorerError,
    NodeBusy,
    NodeRefused,
    NodeUnavailable,
    NotFound,
    Rejected,
    Unsupported,
)
from explorer.node.capabilities import get_capabilities
from explorer.node.client import NodeConnection
from explorer.node.connection import get_rpc_connection
from explorer.node.discovery import Endpoint
from explorer.node.failover import FailoverConnection, conversation
from tests.bitcoind import free_port
from tests.fakenode import FakeNode, RpcError, hangs_up, is_no_http, says, says_json, waits

Start = Callable[..., FakeNode]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts nodes that follow one chain: `start(height=…)`, with answers of their own."""
    with ExitStack() as stack:

        def start(height: int = 20, branch: str = "main", **answers: Any) -> FakeNode:
            return stack.enter_context(FakeNode(chain_answers(height, branch) | answers))

        yield start


def chain_answers(
    height: int, branch: str = "main", network: str = "regtest", headers: int | None = None
) -> dict[str, Any]:
    def block_hash(at: int) -> str:
        if not 0 <= at <= height:
            raise RpcError(-8, "Block height out of range")
        return f"{'main' if at < 5 else branch} {at}"

    info = {"chain": network, "blocks": height, "headers": headers or height, "bestblockhash": f"{branch} {height}"}
    return {"getblockchaininfo": info, "getblockhash": block_hash, "getblockcount": height}


def refuse(code: int, message: str = "") -> Callable[..., Any]:
    def answer(*params: Any) -> Any:
        raise RpcError(code, message)

    return answer


def join(*nodes: FakeNode | NodeConnection, network: str | None = "regtest") -> FailoverConnection:
    connections = [node.connect(timeout=5) if isinstance(node, FakeNode) else node for node in nodes]
    for position, connection in enumerate(connections):
        object.__setattr__(connection.endpoint, "is_own", position == 0)
    return FailoverConnection(connections, network=network)


def nobody() -> NodeConnection:
    return NodeConnection(Endpoint("127.0.0.1", free_port(), None, "a test"), timeout=5)


def asked(node: FakeNode, method: str) -> int:
    """How many requests asked it for this."""
    bodies = [request.body if isinstance(request.body, list) else [request.body] for request in node.requests]
    return sum(any(call["method"] == method for call in body) for body in bodies)


def survey_done(rpc: FailoverConnection) -> None:
    """Waits until the own node has been looked at, as happens in the background."""
    wait_until(lambda: rpc.members[0].height is not None)


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not so in time"
        time.sleep(0.01)


# --- who answers ------------------------------------------------------------------------------------------------------


def test_the_own_node_answers_while_it_can(start: Start) -> None:
    own, other = start(), start()
    rpc = join(own, other)
    with conversation():
        assert rpc.call("getblockcount") == 20
        assert rpc.batch([("getblockcount",)] * 3) == [20, 20, 20]
        assert rpc.label == rpc.own.label
    assert not asked(other, "getblockcount")


@pytest.mark.parametrize("fault", [says(401), says(503), says(429), says_json("{"), hangs_up, is_no_http, says(403)])
def test_another_one_answers_while_it_cannot(start: Start, fault: Any) -> None:
    own, other = start(), start(getblockcount=21)
    own.faults.extend([fault] * 100)
    rpc = join(own, other)
    with conversation():
        assert rpc.call("getblockcount") == 21
        assert rpc.batch([("getblockcount",), ("getblockhash", 3)]) == [21, "main 3"]
        assert rpc.label == f"127.0.0.1:{other.port}"


def test_warming_up_and_silence_move_on_too(start: Start) -> None:
    other = start(getblockcount=21)
    starting = start(getblockcount=refuse(-28, "Loading block index…"))
    assert join(starting, other).call("getblockcount") == 21
    with deadline(2):
        silent = start()
        silent.faults.extend([waits(3)] * 9)
        begun = time.monotonic()
        assert join(silent, other).call("getblockcount") == 21
    assert time.monotonic() - begun < 1.5  # half of the time is the other one's


def test_a_name_that_means_nothing_and_a_port_where_nobody_is(start: Start) -> None:
    other = start()
    nowhere = NodeConnection(Endpoint("nowhere.invalid", 8332, None, "a test"))
    for own in (nowhere, nobody()):
        assert join(own, other).call("getblockcount") == 20


def test_not_found_is_an_answer(start: Start) -> None:
    own, other = start(getblock=refuse(-5, "Block not found")), start(getblock="there")
    rpc = join(own, other)
    with pytest.raises(NotFound):
        rpc.call("getblock", "ab")
    found = rpc.batch([("getblock", "ab"), ("getblockcount",)])
    assert isinstance(found[0], NotFound)
    assert not asked(other, "getblock")


@pytest.mark.parametrize("code", [-32601, -1, -32603])
def test_what_one_node_cannot_know_another_may(start: Start, code: int) -> None:
    pruned = refuse(code, "Block not available (pruned data)")
    own, other = start(getblock=pruned), start(getblock="there")
    rpc = join(own, other)
    assert rpc.call("getblock", "ab") == "there"
    with conversation():
        assert rpc.batch([("getblockcount",), ("getblock", "ab"), ("getblockhash", 1)]) == [20, "there", "main 1"]
        assert rpc.label == f"{rpc.own.label}, 127.0.0.1:{other.port}"
    assert not asked(other, "getblockcount")  # only what was lacking
    assert rpc.members[0].state == "closed"


def test_what_nobody_can_know_is_told_as_the_own_node_does(start: Start) -> None:
    own, other = start(getblock=refuse(-1, "Block not available (pruned data)")), start()
    rpc = join(own, other)
    with pytest.raises(Unsupported) as caught:
        rpc.call("getblock", "ab")
    assert caught.value.message_id == "block_pruned"
    (error,) = rpc.batch([("getblock", "ab")])
    assert error.message_id == "block_pruned"
    (error,) = join(own, nobody()).batch([("getblock", "ab")])
    assert error.message_id == "block_pruned"


def test_a_transaction_that_a_node_without_txindex_does_not_find(start: Start) -> None:
    """Is one that it cannot know of; one with txindex can, and says so."""
    indexed = {"txindex": {"synced": True, "best_block_height": 20}}
    missing = refuse(-5, "No such mempool transaction. Use gettransaction for wallet transactions.")
    own = start(getrawtransaction=missing, getindexinfo={}, help="")
    knowing = start(getrawtransaction={"txid": "ab"}, getindexinfo=indexed, help="")
    sure = start(getrawtransaction=missing, getindexinfo=indexed, help="")
    call = ("getrawtransaction", "ab", 1)
    assert join(own, knowing).batch([call]) == [{"txid": "ab"}]
    assert isinstance(join(own, sure).batch([call])[0], NotFound)
    assert isinstance(join(sure, knowing).batch([call])[0], NotFound)
    (error,) = join(own, own).batch([call])
    assert (type(error), error.message_id) == (Unsupported, "needs_txindex")
    before = asked(knowing, "getrawtransaction")
    assert isinstance(join(own, knowing).batch([(*call, "blockhash")])[0], NotFound)  # in that block it could know
    assert asked(knowing, "getrawtransaction") == before


def test_a_page_stays_with_who_answers_it(start: Start) -> None:
    own, other = start(), start(getblockcount=21)
    rpc = join(own, other)
    own.answers["getblockcount"] = refuse(-28, "Loading")
    with conversation():
        assert rpc.call("getblockcount") == 21
        own.answers["getblockcount"] = 20
        wait_until(lambda: rpc.members[0].state == "closed")
        assert rpc.call("getblockcount") == 21  # although the own node is back
    with conversation():
        assert rpc.call("getblockcount") == 20


def test_capabilities_are_those_of_who_answers(start: Start) -> None:
    own = start(getindexinfo={}, help="getblock")
    other = start(getindexinfo={}, help="getblock\ngettxspendingprevout")
    rpc = join(own, other)
    assert "gettxspendingprevout" not in get_capabilities(rpc).methods
    own.faults.extend([hangs_up] * 100)
    assert rpc.call("getblockcount") == 20
    assert "gettxspendingprevout" in get_capabilities(rpc).methods
    fresh = join(own, other)
    assert "gettxspendingprevout" in get_capabilities(fresh).methods


# --- who may answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message_id"),
    [
        ({"branch": "other"}, "fallback_other_chain"),
        ({"height": 16}, "fallback_behind"),
        ({"height": 24, "branch": "other"}, "fallback_other_chain"),
        (chain_answers(20, network="main"), "fallback_other_network"),
        (chain_answers(20, headers=30), "fallback_behind"),
        ({"getblockhash": lambda height: f"elsewhere {height}"}, "fallback_other_chain"),
    ],
)
def test_a_node_that_may_not_answer(start: Start, changes: dict[str, Any], message_id: str) -> None:
    own, other = start(), start(**changes)
    rpc = join(own, other)
    rpc.call("getblockcount")
    survey_done(rpc)
    own.faults.extend([hangs_up] * 100)
    with pytest.raises(NodeUnavailable):  # the own node's trouble is what is told
        rpc.call("getblockcount")
    refused = rpc.members[1].refused
    assert refused is not None
    assert refused.message_id == message_id
    assert refused.values["endpoint"] == f"127.0.0.1:{other.port}"
    assert not asked(other, "getblockcount")


@pytest.mark.parametrize("height", [17, 18, 20, 23, 200])
def test_a_node_that_may(start: Start, height: int) -> None:
    own, other = start(), start(height=height)
    rpc = join(own, other)
    rpc.call("getblockcount")
    survey_done(rpc)
    own.faults.extend([hangs_up] * 100)
    assert rpc.call("getblockcount") == height


def test_a_fork_above_six_blocks_is_no_other_chain(start: Start) -> None:
    other = chain_answers(20)
    other["getblockhash"] = lambda height: f"main {height}" if height <= 14 else f"fork {height}"
    own = start()
    rpc = join(own, start(**other))
    rpc.call("getblockcount")
    survey_done(rpc)
    own.faults.extend([hangs_up] * 100)
    assert rpc.call("getblockhash", 20) == "fork 20"


def test_before_the_own_node_was_seen_the_named_network_decides(start: Start) -> None:
    other = start()
    assert join(nobody(), other).call("getblockcount") == 20
    assert join(nobody(), other, network="regtest").call("getblockcount") == 20
    with pytest.raises(NodeUnavailable):
        join(nobody(), other, network="main").call("getblockcount")


def test_a_judgement_is_not_asked_for_with_every_call(start: Start) -> None:
    other = start()
    rpc = join(nobody(), other)
    for _ in range(5):
        rpc.call("getblockcount")
    assert asked(other, "getblockchaininfo") <= 2  # the first caller's, and the one in the background


def test_a_block_that_only_the_own_node_has_seen(start: Start) -> None:
    own = start(height=20)
    other = start(height=18, getblockheader=refuse(-5, "Block not found"))
    rpc = join(own, other)
    rpc.call("getblockcount")
    survey_done(rpc)
    own.faults.extend([hangs_up] * 100)
    for call in (("getblockheader", "main 20"), ("getblockhash", 19)):
        with pytest.raises(NodeBusy) as caught:
            rpc.call(*call)
        assert caught.value.message_id == "fallback_does_not_know_yet"
    for call in (("getblockheader", "ab"), ("getblockhash", 21)):
        with pytest.raises(NotFound):
            rpc.call(*call)


# --- trying again -----------------------------------------------------------------------------------------------------


def test_what_passes_is_tried_again(start: Start) -> None:
    own = start()
    rpc = join(own)
    own.faults.extend([says(503), hangs_up])
    assert rpc.call("getblockcount") == 20
    assert len(own.requests) == 3


@pytest.mark.parametrize("answer", [refuse(-5), refuse(-8, "out"), refuse(-13), refuse(-28, "Loading"), refuse(-32601)])
def test_what_does_not_is_told_at_once(start: Start, answer: Any) -> None:
    own = start(getblock=answer)
    with pytest.raises(ExplorerError):
        join(own).call("getblock", "ab")
    assert len(own.requests) == 1


def test_single_items_that_fail_are_asked_again_alone(start: Start) -> None:
    limited = iter([RpcError(429, "limit"), RpcError(-32005, "limit exceeded")])

    def sometimes(height: int) -> str:
        if height == 2 and (error := next(limited, None)):
            raise error
        return f"hash {height}"

    own = start(getblockhash=sometimes)
    with deadline(10):
        assert join(own).batch([("getblockhash", n) for n in range(5)]) == [f"hash {n}" for n in range(5)]
    assert [len(request.body) for request in own.requests] == [5, 1, 1]


def test_a_chunk_that_fails_is_asked_again_alone(start: Start) -> None:
    own = start()
    rpc = FailoverConnection([own.connect(batch_size=2)])
    own.faults.extend([lambda handler: handler.answer(), says(503)])
    assert rpc.batch([("getblockhash", n) for n in range(5)]) == [f"main {n}" for n in range(5)]
    assert [request.body[0]["params"] for request in own.requests] == [[0], [2], [2], [4]]


def test_a_node_that_takes_no_batches(start: Start) -> None:
    own = start(getblock=refuse(-5))
    rpc = FailoverConnection([own.connect(batch_size=1)])
    zero, one, missing = rpc.batch([("getblockhash", 0), ("getblockhash", 1), ("getblock", "ab")])
    assert (zero, one, type(missing)) == ("main 0", "main 1", NotFound)
    assert all(isinstance(request.body, dict) for request in own.requests)


def test_a_limit_with_its_time_is_respected(start: Start) -> None:
    own = start()
    rpc = join(own)
    own.faults.append(says(429, Retry_After="1"))
    begun = time.monotonic()
    with deadline(5):
        assert rpc.call("getblockcount") == 20
    assert 1 <= time.monotonic() - begun < 2
    own.faults.append(says(429, Retry_After="60"))
    begun = time.monotonic()
    with deadline(5), pytest.raises(NodeBusy) as caught:
        rpc.call("getblockcount")
    assert (caught.value.message_id, caught.value.retry_after) == ("node_limit", 60)
    assert time.monotonic() - begun < 1


def test_a_rate_is_kept(start: Start) -> None:
    own = start()
    rpc = FailoverConnection([own.connect(rate=20)])
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: rpc.call("getblockcount"), range(40))) == [20] * 40
    assert 0.95 <= time.monotonic() - begun < 3
    slow = FailoverConnection([own.connect(rate=1)])
    slow.call("getblockcount")
    with deadline(0.5), pytest.raises(NodeBusy) as caught:
        slow.call("getblockcount")
    assert caught.value.message_id == "node_rate"
    assert slow.members[0].state == "closed"


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["sendtoaddress", "walletprocesspsbt", "getnewaddress", "stop", "getbalance", "listunspent"]
)
def test_what_signs_or_spends_goes_to_the_own_node_or_nowhere(start: Start, method: str) -> None:
    own, other = start(**{method: "done"}), start(**{method: "done elsewhere"})
    rpc = join(own, other)
    assert rpc.call(method) == "done"
    own.faults.extend([hangs_up] * 100)
    for ask in (lambda: rpc.call(method), lambda: rpc.batch([("getblockcount",), (method,)])):
        with pytest.raises(NodeUnavailable):
            ask()
    assert not asked(other, method)
    assert not asked(other, "getblockcount")


def test_what_changes_something_is_asked_once(start: Start) -> None:
    own = start(sendtoaddress="txid")
    rpc = join(own)
    own.faults.append(says(503))
    with pytest.raises(NodeBusy):
        rpc.call("sendtoaddress", "address", 1)
    assert asked(own, "sendtoaddress") == 1
    assert rpc.for_wallet("w").call("sendtoaddress", "address", 1) == "txid"
    assert own.requests[-1].path == "/wallet/w"


def test_a_transaction_is_given_to_another_node_only_where_the_own_one_is_down(start: Start) -> None:
    own, other = start(sendrawtransaction="own"), start(sendrawtransaction="other")
    rpc = join(own, other)
    assert rpc.call("sendrawtransaction", "00") == "own"
    own.answers["sendrawtransaction"] = refuse(-26, "min relay fee not met")
    with pytest.raises(Rejected):
        rpc.call("sendrawtransaction", "00")
    own.whitelist = {"getblockchaininfo", "getblockhash"}
    with pytest.raises(NodeRefused):
        rpc.call("sendrawtransaction", "00")
    assert not asked(other, "sendrawtransaction")
    own.whitelist = None
    own.faults.extend([hangs_up] * 100)
    assert rpc.call("sendrawtransaction", "00") == "other"


# --- the deadline -----------------------------------------------------------------------------------------------------


@pytest.fixture
def blackhole() -> Iterator[NodeConnection]:
    """An address where packets vanish: a listener whose queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        host, port = server.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex((host, port))
        yield NodeConnection(Endpoint(host, port, None, "a test"), timeout=20)
        for one in waiting:
            one.close()


def test_nobody_waits_longer_than_the_deadline(start: Start, blackhole: NodeConnection) -> None:
    silent = start()
    silent.faults.extend([waits(4)] * 99)
    members = [blackhole, silent.connect(timeout=20), nobody(), silent.connect(timeout=20)]
    rpc = join(*members)

    def visit(_: int) -> float:
        begun = time.monotonic()
        with deadline(2), conversation():
            with pytest.raises(ExplorerError):
                rpc.call("getblockcount")
            with pytest.raises(ExplorerError):
                rpc.batch([("getblockcount",)])
        return time.monotonic() - begun

    with ThreadPoolExecutor(12) as threads:
        assert max(threads.map(visit, range(36))) < 2.3


def test_who_hangs_leaves_time_for_the_others(start: Start, blackhole: NodeConnection) -> None:
    silent, other = start(), start()
    silent.faults.extend([waits(4)] * 99)
    rpc = join(blackhole, silent.connect(timeout=20), other)
    with deadline(3):
        assert rpc.call("getblockcount") == 20


def test_an_ill_node_costs_nobody_time_any_more(start: Start) -> None:
    silent, other = start(), start()
    silent.faults.extend([waits(6)] * 99)
    rpc = join(silent.connect(timeout=20), other)
    with deadline(3):
        rpc.call("getblockcount")
    begun = time.monotonic()
    with deadline(3):
        for _ in range(20):
            assert rpc.call("getblockcount") == 20
    assert time.monotonic() - begun < 0.5


def test_the_own_node_is_used_again_within_two_seconds(start: Start) -> None:
    own, other = start(), start(getblockcount=21)
    rpc = join(own, other)
    broken = threading.Event()
    healthy = own.answers["getblockchaininfo"]
    own.answers["getblockchaininfo"] = lambda: healthy if not broken.is_set() else refuse(-28, "Loading")()
    own.answers["getblockcount"] = lambda: 20 if not broken.is_set() else refuse(-28, "Loading")()
    assert rpc.call("getblockcount") == 20
    broken.set()
    assert rpc.call("getblockcount") == 21
    time.sleep(1.5)
    assert rpc.call("getblockcount") == 21
    assert rpc.members[0].state in ("open", "half_open")
    broken.clear()
    wait_until(lambda: rpc.call("getblockcount") == 20, 2)


# --- what it tells ----------------------------------------------------------------------------------------------------


def test_check_tells_how_all_are(start: Start) -> None:
    own, behind = start(), start(height=3)
    rpc = join(own, behind, nobody())
    first, second, third = rpc.check()
    assert (first.state, first.height, first.refused, first.is_own) == ("closed", 20, None, True)
    assert first.latency_ms is not None
    assert (second.state, second.height, second.is_own) == ("closed", 3, False)
    assert (third.state, third.height) == ("open", None)
    assert isinstance(third.last_error, NodeUnavailable)
    rpc.check()
    refused = rpc.members[1].refused  # the own node's height is known by now
    assert refused is not None
    assert refused.values == {"endpoint": second.label, "behind": 17, "height": 3, "allowed": 3}


def test_the_factory_makes_one_of_what_the_settings_say(start: Start) -> None:
    own, other = start(), start()
    urls = ",".join(f"http://{node.login}@127.0.0.1:{node.port}" for node in (own, other))
    rpc = get_rpc_connection(load({"BITCOIN_RPC_URL": urls, "RPC_BATCH_SIZE": "2,1", "RPC_RATE": "0,100"}))
    assert isinstance(rpc, FailoverConnection)
    assert [member.is_own for member in rpc.members] == [True, False]
    rpc.batch([("getblockcount",)] * 4)
    sizes = [len(request.body) for request in own.requests if "getblockcount" in str(request.body)]
    assert sizes == [2, 2]
    assert not rpc.is_demo


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking with threads is what is tested
def test_a_child_process_begins_anew(start: Start) -> None:
    own, other = start(), start()
    own.faults.extend([says(503)] * 2)
    rpc = join(own, other)
    rpc.call("getblockcount")
    assert [member.state for member in rpc.members] == ["open", "closed"]
    if (child := os.fork()) == 0:
        try:
            os._exit(
                0
                if [member.state for member in rpc.members] == ["closed"] * 2 and rpc.call("getblockcount") == 20
                else 1
            )
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
