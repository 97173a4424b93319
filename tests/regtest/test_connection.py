"""The connection on a real node, in the situations that real nodes get into."""

from __future__ import annotations

import base64
import http.client
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from config import load
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, NodeUnavailable, NotFound
from explorer.node.client import NodeConnection
from explorer.node.connection import get_rpc_connection
from explorer.node.discovery import find_endpoint
from tests.bitcoind import Bitcoind
from tests.conftest import StartBitcoind
from tests.fakenode import FakeNode, RpcError


class Block(Struct):
    hash: str
    height: int
    tx: list[str]
    difficulty: Decimal


def connect(node: Bitcoind, *, by: str = "", **options: Any) -> NodeConnection:
    """By user and password, or as given in `by`: any URL, or "cookie"."""
    environ = {"BITCOIN_RPC_URL": by or node.url}
    if by == "cookie":
        environ = {"BITCOIN_DATADIR": str(node.datadir), "BITCOIN_RPC_PORT": str(node.rpcport)}
        environ["BITCOIN_NETWORK"] = node.chain
    endpoint = find_endpoint(load(environ))
    assert endpoint is not None
    return NodeConnection(endpoint, **({"timeout": 10} | options))


def failure(rpc: NodeConnection, *call: Any) -> ExplorerError:
    with pytest.raises(ExplorerError) as caught:
        rpc.call(*call)
    return caught.value


# --- asking ----------------------------------------------------------------------------------------------------------


def test_answers_are_those_of_the_node(regtest: Bitcoind) -> None:
    rpc = connect(regtest)
    tip = regtest.rpc("getbestblockhash")
    plain = regtest.rpc("getblock", tip, 2)
    assert rpc.call("getblock", tip, 2) == plain
    assert isinstance(plain["difficulty"], Decimal)
    typed = rpc.call("getblock", tip, into=Block)
    assert typed == Block(tip, plain["height"], [tx["txid"] for tx in plain["tx"]], plain["difficulty"])
    assert str(typed.difficulty) == str(plain["difficulty"])


def test_amounts_go_to_the_node_and_back_exactly(regtest: Bitcoind) -> None:
    rpc = connect(regtest)
    address = regtest.rpc("getnewaddress")
    for amount in (Decimal("0.00000001"), Decimal("0.1"), Decimal("20999999.97690001")):
        raw = rpc.call("createrawtransaction", [], [{address: amount}])
        (batched,) = rpc.batch([("createrawtransaction", [], [{address: amount}])])
        assert raw == batched
        assert rpc.call("decoderawtransaction", raw)["vout"][0]["value"] == amount


def test_eight_threads_and_two_hundred_calls_each(regtest: Bitcoind) -> None:
    rpc = connect(regtest)
    hashes = [regtest.rpc("getblockhash", height) for height in range(100)]

    def ask(thread: int) -> int:
        for i in range(200):
            height = (thread * 37 + i) % 100
            assert rpc.call("getblockhash", height, into=str) == hashes[height]
        return 200

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(8))) == 1600
    assert rpc.round_trips == 1600


def test_a_batch_of_five_thousand_with_a_failing_item(regtest: Bitcoind) -> None:
    rpc = connect(regtest)
    calls: list[Any] = [("getblockhash", i % 100) for i in range(5000)]
    calls[1234] = ("getblock", "00" * 32)
    results = rpc.batch(calls)
    assert rpc.round_trips == 1
    assert isinstance(results.pop(1234), NotFound)
    expected = [regtest.rpc("getblockhash", height) for height in range(100)] * 50
    del expected[1234]
    assert results == expected


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the test runner has threads
def test_a_child_process_asks_too(regtest: Bitcoind) -> None:
    rpc = get_rpc_connection(load({"BITCOIN_RPC_URL": regtest.url}))
    height = rpc.call("getblockcount")
    if (child := os.fork()) == 0:
        try:
            os._exit(0 if rpc.call("getblockcount") == height else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert rpc.call("getblockcount") == height


# --- being let in ----------------------------------------------------------------------------------------------------


def test_a_wrong_password(regtest: Bitcoind) -> None:
    error = failure(connect(regtest, by=f"http://{regtest.user}:wrong@127.0.0.1:{regtest.rpcport}"), "getblockcount")
    assert (type(error), error.message_id) == (NodeRefused, "node_credentials")


def test_the_cookie_file(regtest: Bitcoind) -> None:
    assert connect(regtest, by="cookie").call("getblockcount") == regtest.rpc("getblockcount")


def test_a_method_outside_of_the_whitelist(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-rpcwhitelist=explorer:getblockcount,getbestblockhash", "-rpcwhitelistdefault=0", wait=False)
    rpc = connect(node)
    node.wait_until(lambda: answers(rpc))
    error = failure(rpc, "getblockchaininfo")
    assert (type(error), error.message_id) == (NodeRefused, "node_forbidden")
    assert error.values["method"] == "getblockchaininfo"
    with pytest.raises(NodeRefused) as caught:
        rpc.batch([("getblockcount",), ("uptime",), ("getblockcount",)])
    assert caught.value.values["method"] == "getblockcount, uptime"
    assert rpc.call("getblockcount") == 0  # the connection survives a refusal


def answers(rpc: NodeConnection) -> bool:
    try:
        rpc.call("getblockcount")
    except (NodeUnavailable, NodeBusy):
        return False
    return True


# --- a node's life ---------------------------------------------------------------------------------------------------


def test_a_node_that_is_killed_and_comes_back(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    rpc = connect(node)
    rpc.call("getblockcount")
    node.kill()
    for _ in range(2):
        error = failure(rpc, "getblockcount")
        assert (type(error), error.message_id) == (NodeUnavailable, "node_unreachable")
    node.start()
    assert rpc.call("getblockcount") == 0


def test_a_restart_changes_the_cookie_unnoticed(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    rpc = connect(node, by="cookie")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: rpc.call("getblockcount"), range(20)))
        before = node.cookie.read_text()
        node.restart()
        assert node.cookie.read_text() != before
        assert list(threads.map(lambda _: rpc.call("getblockcount"), range(20))) == [0] * 20


def test_a_stopped_node_has_no_cookie(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    node.stop()
    rpc = connect(node, by="cookie")
    error = failure(rpc, "getblockcount")
    assert (type(error), error.message_id) == (NodeUnavailable, "node_no_cookie")
    node.start()
    assert rpc.call("getblockcount") == 0


def test_a_suspended_node_times_out(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    rpc = connect(node, timeout=0.5)
    rpc.call("getblockcount")
    node.suspend()
    before = time.monotonic()
    error = failure(rpc, "getblockcount")
    assert time.monotonic() - before < 2
    assert (type(error), error.message_id) == (NodeUnavailable, "node_timeout")
    node.resume()
    assert rpc.call("getblockcount") == 0


def test_a_node_that_closes_idle_connections(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-rpcservertimeout=1")
    rpc = connect(node)
    rpc.call("getblockcount")
    time.sleep(2.5)
    assert rpc.call("getblockcount") == 0
    assert rpc.round_trips == 2  # replaced before asking, not repeated after failing


def test_a_node_that_warms_up(start_bitcoind: StartBitcoind) -> None:
    """A node says -28 between opening its port and being ready; checking blocks at length stretches that."""
    node = start_bitcoind()
    node.mine(200)
    node.stop()
    node.args += ["-checkblocks=0", "-checklevel=4"]
    node.start(wait=False)
    rpc = connect(node)
    errors: list[ExplorerError] = []

    def ready() -> bool:
        try:
            rpc.call("getblockcount")
        except NodeUnavailable:  # not listening yet
            return False
        except NodeBusy as error:
            errors.append(error)
            return False
        return True

    while not ready():
        assert node.is_running, node.log_tail()
    assert errors
    assert {error.message_id for error in errors} == {"node_warming_up"}
    assert errors[0].values["reason"]
    assert errors[0].retry_after


# --- the node by hand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        '{"method":"getblockcount","id":1}',
        '{"method":"getblockcount","params":[],"id":"one","version":"1.1"}',
        '{"jsonrpc":"2.0","method":"getblockcount","id":1}',
        '{"method":"getnothing","id":1}',
        '{"jsonrpc":"2.0","method":"getnothing","id":1}',
        '{"method":"getblockhash","params":[999999],"id":1}',
        '{"jsonrpc":"2.0","method":"getblockhash","params":[999999],"id":1}',
        '[{"jsonrpc":"2.0","method":"getblockcount","id":2},{"method":"getnothing","id":1},{"method":"getblockcount","id":3}]',
        "[]",
        "{",
    ],
)
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_the_node_by_hand_answers_like_this_one(regtest: Bitcoind, body: str, password: str) -> None:
    """Status, type and body alike; what goes by other names at another node is made alike first."""

    def out_of_range(height: int) -> None:
        raise RpcError(-8, "Block height out of range")

    with FakeNode({"getblockcount": regtest.rpc("getblockcount"), "getblockhash": out_of_range}) as fake:
        fake.login = f"{regtest.user}:{regtest.password}"
        login = fake.login if password == "right" else "some:body"
        assert raw_answer(fake.port, login, body) == raw_answer(regtest.rpcport, login, body)


def raw_answer(port: int, login: str, body: str) -> tuple[int, str | None, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    authorization = "Basic " + base64.b64encode(login.encode()).decode()
    connection.request("POST", "/", body, {"Authorization": authorization})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.getheader("Content-Type"), content and json.loads(content)
