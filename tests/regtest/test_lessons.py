"""Under each page stand the calls by which it can be told again: what they say is tried out, to the letter."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from bitcoinrpc.authproxy import AuthServiceProxy

from explorer.node.client import NodeConnection
from explorer.node.methods import METHODS
from explorer.node.rpc import Call
from explorer.web.lessons import INSTEAD
from tests.bitcoind import Bitcoind
from tests.coins import ADDRESS, VALUE, Coin, draft, mine, reward, spend, split
from tests.lessons import Listed, is_told, listed
from tests.pages import Explorer


class Chain(NamedTuple):
    """`spare` are coins that nothing spends yet."""

    node: Bitcoind
    spare: list[Coin]
    explorer: Explorer
    paths: dict[str, str]


@pytest.fixture(scope="module", params=[[], ["-txindex=0"], ["-rest=1"]], ids=["txindex", "no txindex", "REST"])
def chain(request: pytest.FixtureRequest, bitcoind_path: str) -> Iterator[Chain]:
    with Bitcoind(bitcoind_path, request.param) as node:
        first, second = reward(node, 2)
        coins = split(node, first, 20)
        spent = spend(coins[:2], [VALUE, VALUE - 2_000])
        block = mine(node, [spent, spend(coins[2:3], [VALUE - 500])])
        later = spend(spent.coins[:1], [VALUE - 700])
        lost = mine(node, [later])
        node.rpc("invalidateblock", lost)
        node.rpc("generateblock", "raw(0475ff51)", [])
        never, raw = draft(node, [spend([second], [500_000])])
        empty = mine(node, [])
        assert node.rpc("submitblock", raw) == "inconclusive"
        node.rpc("generateblock", ADDRESS, [])
        waiting = spend([coins[5], *spent.coins[1:]], [VALUE])
        child = spend(waiting.coins, [VALUE - 400])
        for tx in (waiting, child):
            tx.send(node)
        node.wait_for_indexes()
        genesis = node.rpc("getblockhash", 0)
        coinbase = node.rpc("getblock", block, 1)["tx"][0]
        first_of_all = node.rpc("getblock", genesis, 1)["tx"][0]
        yield Chain(
            node,
            coins[10:],
            Explorer(node.url),
            {
                "home": "/",
                "blocks": "/blocks",
                "older blocks": "/blocks?before=9",
                "block": f"/block/{block}",
                "block of a coinbase": f"/block/{empty}",
                "block of genesis": f"/block/{genesis}",
                "block that was left": f"/block/{lost}",
                "block that never was": f"/block/{never}",
                "transaction spent": f"/tx/{spent.txid}?block={block}",
                "transaction of a miner": f"/tx/{coinbase}?block={block}",
                "transaction of genesis": f"/tx/{first_of_all}",
                "transaction that was left": f"/tx/{later.txid}",
                "transaction in a block that was left": f"/tx/{later.txid}?block={lost}",
                "transaction waiting": f"/tx/{waiting.txid}",
                "transaction waiting for another": f"/tx/{child.txid}",
            },
        )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every method that the node is asked."""
    methods: set[str] = set()
    call, batch = NodeConnection.call, NodeConnection.batch

    def overheard_call(self: NodeConnection, method: str, *params: Any, **options: Any) -> Any:
        methods.add(method)
        return call(self, method, *params, **options)

    def overheard_batch(self: NodeConnection, calls: list[Call], **options: Any) -> list[Any]:
        methods.update(call[0] for call in calls)
        return batch(self, calls, **options)

    monkeypatch.setattr(NodeConnection, "call", overheard_call)
    monkeypatch.setattr(NodeConnection, "batch", overheard_batch)
    return methods


def steady(answer: Any) -> Any:
    """Without what a node estimates anew at each question."""
    return {k: v for k, v in answer.items() if k != "verificationprogress"} if isinstance(answer, dict) else answer


def post(node: Bitcoind, found: Listed, body: str) -> Any:
    """As curl sends it, but to the port and with the password of this node."""
    name, _, program, *options, end = found.function
    assert (name, program, end) == ("rpc()", "curl", "}")
    assert options[:4] == ["--user", "USER", "--data-binary", "$1"]
    assert options[4:] == ["-H", "content-type: text/plain;", "http://127.0.0.1:18443/;"]
    token = base64.b64encode(f"{node.user}:{node.password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", node.rpcport, timeout=60)
    try:
        connection.request("POST", "/", body, {"Authorization": f"Basic {token}", "Content-Type": "text/plain;"})
        answer = json.loads(connection.getresponse().read(), parse_float=Decimal)
    finally:
        connection.close()
    assert answer["error"] is None, answer
    return answer["result"]


@contextmanager
def in_python(node: Bitcoind, found: Listed) -> Iterator[dict[str, Any]]:
    names: dict[str, Any] = {}
    address = "http://USER:PASSWORD@127.0.0.1:18443"
    assert found.start.count(address) == 1
    exec(found.start.replace(address, node.url), names)  # noqa: S102  it is what the page says
    assert isinstance(names["rpc"], AuthServiceProxy)
    yield names
    names["rpc"]._AuthServiceProxy__conn.close()


def test_every_call_answers_what_the_page_shows(chain: Chain) -> None:
    for name, path in chain.paths.items():
        page = chain.explorer.get(path)
        assert page.status == 200, f"{name}: {page.text}"
        found = listed(page.body)
        assert len(found.words) == len(found.cli) == len(found.curl) == len(found.python) > 0, name
        with in_python(chain.node, found) as names:
            for call, request, body, line in zip(found.cli, found.curl, found.bodies, found.python, strict=True):
                assert call == request, name
                answer = chain.node.rpc(call.method, *call.params)
                assert steady(post(chain.node, found, body)) == steady(answer), f"{name}: {body}"
                assert steady(eval(line, names)) == steady(answer), f"{name}: {line}"  # noqa: S307
                assert is_told(call.method, answer, page.body), f"{name}: {call} is not on the page: {answer}"


def test_it_lists_what_is_asked_or_says_why_not(chain: Chain, asked: set[str]) -> None:
    for name, path in chain.paths.items():
        chain.explorer.forget()
        asked.clear()
        methods = {call.method for call in listed(chain.explorer.get(path).body).cli}
        assert methods <= set(METHODS), name
        kind = name.split()[0]
        assert methods - asked <= {method for page, method in INSTEAD if page == kind}, name


def test_it_is_the_same_at_every_visit(chain: Chain) -> None:
    """Whatever is kept from earlier, since it follows from what the page shows."""
    for name, path in chain.paths.items():
        chain.explorer.forget()
        first = listed(chain.explorer.get(path).body)
        assert listed(chain.explorer.get(path).body) == first, name


def test_it_says_what_it_takes(chain: Chain) -> None:
    """The block where there is no index; a parent where it is unconfirmed, or else as the chain has it."""

    def calls(name: str) -> list[tuple[str, list[Any]]]:
        return [(method, params[1:]) for method, params in listed(chain.explorer.get(chain.paths[name]).body).cli]

    block = chain.paths["block"].removeprefix("/block/")
    has_index = "-txindex=0" not in chain.node.args
    assert calls("transaction spent")[0] == ("getrawtransaction", [2] if has_index else [2, block])
    assert ("gettxspendingprevout", []) in calls("transaction spent")
    assert calls("transaction waiting")[2] == ("gettxout", [5, False])
    assert calls("transaction waiting for another")[2] == ("getrawtransaction", [1])
    assert [method for method, _ in calls("block that never was")][-1] == "getrawtransaction"
    assert "getblockstats" not in [method for method, _ in calls("block that never was")]


def test_no_page_tells_where_the_node_is(chain: Chain) -> None:
    for name, path in chain.paths.items():
        body = chain.explorer.get(path).body
        made = body[body.index('class="made"') :]
        assert chain.node.password not in body, name
        assert f":{chain.node.rpcport}/" not in made and f':{chain.node.rpcport}"' not in made, name  # noqa: PT018


def test_of_one_that_was_replaced_it_lists_the_other(chain: Chain) -> None:
    old, new = (spend([chain.spare[0]], [VALUE - fee]) for fee in (1_000, 9_000))
    old.send(chain.node)
    chain.explorer.get(f"/tx/{old.txid}")
    new.send(chain.node)
    found = listed(chain.explorer.get(f"/tx/{old.txid}").body)
    assert found.cli == [("getrawtransaction", [new.txid, 1])]
    chain.node.rpc("getrawtransaction", *found.cli[0].params)
