"""Calls and batches, typed and untyped, and the factory that makes connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bitcoinrpc.authproxy import AuthServiceProxy
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

import config
from config import Secret
from explorer.errors import ExplorerError, NodeBusy, NodeFault, NodeUnavailable, NotFound, Unsupported
from explorer.node import client
from explorer.node.client import NodeConnection
from explorer.node.connection import get_rpc_connection
from explorer.node.demo import DemoConnection
from explorer.node.rpc import Named
from tests.fakenode import FakeNode, Fault, RpcError, nothing_wrong, says, says_json


class Unspent(Struct):
    value: Decimal
    confirmations: int
    coinbase: bool = False


UNSPENT = {"value": 0.1, "confirmations": 3, "bestblock": "00" * 32, "coinbase": True}


def refuse(code: int, message: str) -> Callable[..., Any]:
    def answer(*params: Any) -> Any:
        raise RpcError(code, message)

    return answer


@pytest.fixture
def node() -> Iterator[FakeNode]:
    answers = {
        "gettxout": UNSPENT,
        "getblockhash": lambda height: f"hash {height}",
        "echo": lambda *params: list(params),
        "getblock": refuse(-5, "Block not found"),
        "getnull": None,
    }
    with FakeNode(answers) as node:
        yield node


@pytest.fixture
def rpc(node: FakeNode) -> NodeConnection:
    return node.connect()


def failure(rpc: NodeConnection, *call: Any, into: Any = Any) -> ExplorerError:
    with pytest.raises(ExplorerError) as caught:
        rpc.call(*call, into=into)
    return caught.value


# --- one call --------------------------------------------------------------------------------------------------------


def test_an_untyped_answer_has_decimals(rpc: NodeConnection, node: FakeNode) -> None:
    node.faults.append(says_json('{"result":{"a":20999999.97690001,"b":1e-8,"c":0.10,"d":1,"e":null},"id":1}'))
    answer = rpc.call("gettxout")
    assert answer == {"a": Decimal("20999999.97690001"), "b": Decimal("1E-8"), "c": Decimal("0.1"), "d": 1, "e": None}
    assert str(answer["c"]) == "0.10"
    assert type(answer["d"]) is int


def test_a_typed_answer(rpc: NodeConnection) -> None:
    assert rpc.call("gettxout", "txid", 0, into=Unspent) == Unspent(Decimal("0.1"), 3, True)
    assert rpc.call("getblockcount", into=int) == 7


def test_null_only_where_the_type_allows_it(rpc: NodeConnection) -> None:
    assert rpc.call("getnull") is None
    assert rpc.call("getnull", into=Unspent | None) is None  # type: ignore[arg-type]  # a union is no type to mypy
    assert failure(rpc, "getnull", into=Unspent).message_id == "node_unexpected_answer"


def test_an_answer_of_another_type_is_unexpected(rpc: NodeConnection) -> None:
    error = failure(rpc, "getblockcount", into=str)
    assert isinstance(error, NodeUnavailable)
    assert error.message_id == "node_unexpected_answer"
    assert error.values["method"] == "getblockcount"


@pytest.mark.parametrize(
    "body",
    ['{"status":"ok"}', '{"id":1}', "[]", '"ok"', "7", '{"error":"unauthorized"}', "{", "", "[1]", '{"result":\xff}'],
)
def test_json_that_is_no_json_rpc_is_unexpected(rpc: NodeConnection, node: FakeNode, body: str) -> None:
    node.faults.append(says_json(body))
    assert failure(rpc, "getblockcount").message_id == "node_unexpected_answer"
    node.faults.append(says_json(body))
    if body == "[]":
        assert [error.message_id for error in rpc.batch([("getblockcount",)])] == ["node_unexpected_answer"]
    else:
        with pytest.raises(NodeUnavailable):
            rpc.batch([("getblockcount",)])


def test_a_refused_call_is_translated(rpc: NodeConnection) -> None:
    error = failure(rpc, "getblock", "ab")
    assert isinstance(error, NotFound)
    assert error.values == {"query": "ab"}
    assert isinstance(failure(rpc, "getnothing"), Unsupported)


def test_json_rpc_2_answers_are_understood(rpc: NodeConnection, node: FakeNode) -> None:
    node.faults.append(says_json('{"jsonrpc":"2.0","result":8,"id":1}'))
    assert rpc.call("getblockcount") == 8
    node.faults.append(says_json('{"jsonrpc":"2.0","error":{"code":-28,"message":"Loading block index…"},"id":1}'))
    error = failure(rpc, "getblockcount")
    assert isinstance(error, NodeBusy)
    assert error.values["reason"] == "Loading block index…"


def test_a_null_error_is_no_error(rpc: NodeConnection, node: FakeNode) -> None:
    """As Bitcoin Core up to 27 answers, batches too."""
    node.faults.append(says_json('[{"result":8,"error":null,"id":0},{"result":null,"error":{"code":-5},"id":1}]'))
    number, error = rpc.batch([("getblockcount",), ("getblock", "ab")])
    assert number == 8
    assert isinstance(error, NotFound)


@given(st.integers(0, 2_100_000_000_000_000))
def test_an_amount_reaches_the_node_exactly(satoshis: int) -> None:
    amount = Decimal(satoshis).scaleb(-8)
    sent: list[bytes] = []

    class Recorder:
        def post(self, body: bytes, asking: str, *, repeatable: bool, path: str) -> bytes:
            sent.append(body)
            return b'{"result":null}' if len(sent) == 1 else b"[]"

    proxy = client._Proxy(Recorder(), "sendtoaddress")  # type: ignore[arg-type]
    proxy("address", amount)
    proxy.batch_([("sendtoaddress", "address", amount)])
    single, (batched,) = (json.loads(body, parse_float=Decimal, parse_int=Decimal) for body in sent)
    assert single["params"] == ["address", amount]
    assert batched["params"] == ["address", amount]


def test_more_digits_than_an_amount_has_are_the_nodes_to_refuse() -> None:
    """Rounded on the way, they would be another amount."""
    sent: list[bytes] = []

    class Recorder:
        def post(self, body: bytes, asking: str, **_: Any) -> bytes:
            sent.append(body)
            return b'{"result":null}'

    client._Proxy(Recorder(), "echo")(Decimal("0.1234567890123456789"))  # type: ignore[arg-type]
    assert b"[0.1234567890123456789]" in sent[0]


def test_parameters_have_names_too(rpc: NodeConnection, node: FakeNode) -> None:
    node.faults += [says_json('{"result":1}'), says_json('[{"result":2,"id":0}]')]
    assert rpc.call("getblock", Named(blockhash="ab", verbosity=0)) == 1
    assert rpc.batch([("getblock", Named(blockhash="ab"))]) == [2]
    single, (batched,) = (request.body for request in node.requests)
    assert single["params"] == {"blockhash": "ab", "verbosity": 0}
    assert batched["params"] == {"blockhash": "ab"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/", "/wallet/my%20w%2F1"), ("/v1/key/?token=key", "/v1/key/wallet/my%20w%2F1?token=key")],
)
def test_a_wallet_is_asked_at_its_path(node: FakeNode, target: str, expected: str) -> None:
    rpc = NodeConnection(node.endpoint(target=Secret(target)))
    wallet = rpc.for_wallet("my w/1")
    assert wallet.call("getblockcount") == 7
    assert wallet.batch([("getblockcount",)]) == [7]
    assert rpc.call("getblockcount") == 7
    assert [request.path for request in node.requests] == [expected, expected, target]
    assert {request.connection for request in node.requests} == {1}
    assert "key" not in repr(wallet)


def test_python_bitcoinrpc_is_what_asks(node: FakeNode) -> None:
    proxy = client._Proxy(node.connect()._transport)
    assert isinstance(proxy, AuthServiceProxy)
    assert proxy.getblockcount() == 7
    assert proxy.getblockhash(3) == "hash 3"


# --- many at once ----------------------------------------------------------------------------------------------------


def test_a_batch_gives_each_call_its_result_or_its_error(rpc: NodeConnection, node: FakeNode) -> None:
    count, error, unspent, unknown = rpc.batch(
        [("getblockcount",), ("getblock", "ab"), ("gettxout", "txid", 0), ("getnothing",)],
        into=[int, None, Unspent, None],
    )
    assert count == 7
    assert isinstance(error, NotFound)
    assert error.values == {"query": "ab"}
    assert unspent == Unspent(Decimal("0.1"), 3, True)
    assert isinstance(unknown, Unsupported)
    assert len(node.requests) == rpc.round_trips == 1


def test_an_empty_batch_asks_nothing(rpc: NodeConnection) -> None:
    assert rpc.batch([]) == []
    assert rpc.round_trips == 0


def test_one_type_may_serve_all(rpc: NodeConnection) -> None:
    assert rpc.batch([("getblockhash", 1), ("getblockhash", 2)], into=str) == ["hash 1", "hash 2"]


def test_untyped_results_have_decimals(rpc: NodeConnection) -> None:
    assert rpc.batch([("gettxout", "txid", 0)])[0]["value"] == Decimal("0.1")


def test_one_odd_answer_does_not_spoil_the_others(rpc: NodeConnection) -> None:
    first, odd, null, last = rpc.batch(
        [("getblockcount",), ("getblockhash", 1), ("getnull",), ("getblockcount",)], into=int
    )
    assert (first, last) == (7, 7)
    for error in (odd, null):
        assert isinstance(error, NodeUnavailable)
        assert error.message_id == "node_unexpected_answer"


def test_answers_are_put_in_order_by_id(rpc: NodeConnection, node: FakeNode) -> None:
    node.faults.append(says_json('[{"result":"b","id":1},{"result":"c","id":2},{"result":"a","id":0}]'))
    assert rpc.batch([("getblockhash", height) for height in range(3)]) == ["a", "b", "c"]


def test_missing_doubled_and_unknown_ids_are_noticed(rpc: NodeConnection, node: FakeNode) -> None:
    node.faults.append(
        says_json(
            '[{"result":"a","id":0},{"result":"b","id":1},{"result":"x","id":1},{"result":"y","id":9},{"result":1}]'
        )
    )
    first, doubled, missing = rpc.batch([("getblockhash", height) for height in range(3)])
    assert first == "a"
    for error in (doubled, missing):
        assert isinstance(error, NodeUnavailable)
        assert error.values["method"] == "getblockhash"


def test_the_callers_lists_stay_as_they_are(rpc: NodeConnection) -> None:
    calls: list[Any] = [["getblockhash", 1], ["echo", [1, 2], {"a": 1}]]
    types = [str, None]
    assert rpc.batch(calls, into=types) == ["hash 1", [[1, 2], {"a": 1}]]
    assert calls == [["getblockhash", 1], ["echo", [1, 2], {"a": 1}]]
    assert types == [str, None]


def test_a_batch_goes_out_in_chunks(node: FakeNode) -> None:
    rpc = node.connect(batch_size=4)
    assert rpc.batch([("getblockhash", height) for height in range(10)], into=[str] * 10) == [
        f"hash {height}" for height in range(10)
    ]
    assert [len(request.body) for request in node.requests] == [4, 4, 2]


def test_a_chunk_that_fails_leaves_the_answers_before_it(node: FakeNode) -> None:
    rpc = node.connect(batch_size=2)
    node.faults.extend([nothing_wrong, says(503)])
    first, second, *rest = rpc.batch([("getblockhash", height) for height in range(6)])
    assert [first, second] == ["hash 0", "hash 1"]
    assert [type(error) for error in rest] == [NodeBusy] * 4
    assert len(node.requests) == 2  # the third is not asked: it would have to wait for the same


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (says(503), NodeBusy),
        (says_json('{"result":null,"error":{"code":-28,"message":"Loading…"},"id":null}'), NodeBusy),
        (says_json('{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}'), NodeFault),
    ],
)
def test_a_batch_that_could_not_be_asked_raises(
    rpc: NodeConnection, node: FakeNode, fault: Fault, kind: type[ExplorerError]
) -> None:
    node.faults.append(fault)
    with pytest.raises(kind):
        rpc.batch([("getblockcount",), ("getblockhash", 1)])


def test_the_wrong_number_of_types_is_a_mistake(rpc: NodeConnection) -> None:
    with pytest.raises(ValueError, match="zip"):
        rpc.batch([("getblockcount",)], into=[int, str])


# --- threads ---------------------------------------------------------------------------------------------------------


def test_threads_do_not_mix_up_their_answers(rpc: NodeConnection) -> None:
    def ask(number: int) -> bool:
        if number % 2:
            return bool(rpc.call("getblockhash", number) == f"hash {number}")
        return rpc.batch([("getblockhash", number), ("getblockhash", -number)]) == [f"hash {number}", f"hash {-number}"]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(400)))


# --- the factory -----------------------------------------------------------------------------------------------------


def settings(node: FakeNode, **more: str) -> config.Settings:
    return config.load({"BITCOIN_RPC_URL": f"http://{node.login}@127.0.0.1:{node.port}", **more})


def test_the_same_settings_have_the_same_connection(node: FakeNode) -> None:
    rpc = get_rpc_connection(settings(node))
    assert rpc is get_rpc_connection(settings(node))
    assert rpc is not get_rpc_connection(settings(node, RPC_TIMEOUT="3"))
    assert rpc.call("getblockcount") == 7


def test_threads_share_the_one_connection(node: FakeNode) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: id(get_rpc_connection(settings(node))), range(64)))
    assert len(found) == 1


def test_settings_come_from_the_environment_by_default(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITCOIN_RPC_URL", f"http://{node.login}@127.0.0.1:{node.port}")
    assert get_rpc_connection() is get_rpc_connection(settings(node))


def test_the_settings_bound_the_connection(node: FakeNode) -> None:
    rpc = get_rpc_connection(settings(node, RPC_BATCH_SIZE="2", RPC_CONNECTIONS="1"))
    rpc.batch([("getblockcount",)] * 5)
    assert [len(request.body) for request in node.requests] == [2, 2, 1]
    assert len(node.connections) == 1


def test_it_is_labelled_without_secrets(node: FakeNode) -> None:
    rpc = get_rpc_connection(settings(node))
    assert rpc.label == f"127.0.0.1:{node.port}"
    assert repr(rpc) == f"<FailoverConnection 127.0.0.1:{node.port}>"
    assert not rpc.is_demo
    assert rpc.epoch == 0


def test_no_node_means_the_demo_chain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    rpc = get_rpc_connection()
    assert isinstance(rpc, DemoConnection)
    assert rpc is get_rpc_connection(config.load({}))


def test_a_dead_node_does_not_become_the_demo_chain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".bitcoin").mkdir()
    (tmp_path / ".bitcoin" / "bitcoin.conf").write_text("rpcuser=u\nrpcpassword=p\nrpcport=1\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    rpc = get_rpc_connection(config.load({"RPC_TIMEOUT": "19"}))  # settings that no other test has
    assert not rpc.is_demo
    with pytest.raises(NodeUnavailable):
        rpc.call("getblockcount")
