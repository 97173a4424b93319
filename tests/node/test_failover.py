"""Who answers, and who is left alone: with several nodes by hand. Real ones: tests/regtest/."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from config import load
from explorer.deadline import deadline
from explorer.errors import NodeBusy, NodeUnavailable, NotFound, Unsupported
from explorer.node.capabilities import get_capabilities
from explorer.node.client import NodeConnection
from explorer.node.connection import get_rpc_connection
from explorer.node.discovery import Endpoint
from explorer.node.failover import FailoverConnection, conversation
from tests.fakenode import hangs_up, is_no_http, says, says_json, waits
from tests.node.conftest import Start
from tests.node.members import asked, chain_answers, join, nobody, refuse, survey_done, wait_until

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
