"""What is asked again after a failure, and what is not: whatever changes something is asked once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from explorer.deadline import deadline
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, NodeUnavailable, NotFound, Rejected
from explorer.node.failover import FailoverConnection
from tests.fakenode import RpcError, hangs_up, says
from tests.node.conftest import Start
from tests.node.members import asked, join, refuse

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
