"""`/node`: what the node is and keeps, what works with it, and how every endpoint is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pytest

from explorer.chain import tip
from explorer.chain.node import INDEXES as INDEX_NAMES
from explorer.chain.node import Index, IndexState, features
from explorer.web import node_words
from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS
from tests.conftest import StartBitcoind
from tests.fakenode import FakeNode, RpcError
from tests.pages import Explorer, Page

PASSWORD = "pass-d41d8cd98f"


def rows(page: Page) -> dict[str, str]:
    """The rows of the page's tables, by the name at their head: "state what it says"."""
    titles = [words.title for words in node_words.FEATURES.values()]
    titles += [words.title for words in node_words.INDEXES.values()]
    return {title: next(row for row in page.all("tr") if row.startswith(title)).removeprefix(title) for title in titles}


def test_it_tells_what_the_node_tells(regtest: Bitcoind) -> None:
    page = Explorer(regtest.url).get("/node")
    assert page.status == 200
    assert not page.faults
    network = regtest.rpc("getnetworkinfo")
    assert page.facts["Version"] == network["subversion"].strip("/").replace("/", " ").replace(":", " ")
    assert page.facts["Network"] == "Regtest"
    assert page.facts["Connections"] == "0 0 out, 0 in"
    assert page.facts["Up for"].split()[1].startswith(("second", "minute", "hour"))
    assert page.facts["Answered by"] == f"127.0.0.1:{regtest.rpcport}"
    assert page.facts["Warnings"] == "none"
    for service in network["localservicesnames"]:
        assert page.facts[service] == node_words.SERVICES.get(
            service, "a service that this explorer does not know by name"
        )


def test_it_takes_two_round_trips(regtest: Bitcoind) -> None:
    explorer = Explorer(regtest.url)
    assert explorer.count("/node") == 2
    newcomer = Explorer(regtest.url, greet=False, RPC_TIMEOUT="19")  # a connection of its own
    assert newcomer.count("/node") == 2


def test_a_node_with_every_index_it_can_have(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-blockfilterindex=1", "-coinstatsindex=1")
    node.mine(3, ADDRESS)
    node.wait_for_indexes()
    told = rows(Explorer(node.url).get("/node"))
    for title in ("Transactions", "Block filters", "Coin statistics"):
        assert told[title].split()[0] == "ready"
    for title, words in told.items():
        if title not in ("Transactions", "Block filters", "Coin statistics", "Spenders", "Spent by which transaction"):
            assert words.startswith(" works "), title


def test_a_node_without_indexes_says_what_each_would_give_and_cost(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(txindex=False)
    node.mine(3, ADDRESS)
    told = rows(Explorer(node.url).get("/node"))
    for title, line in (("Transactions", "txindex=1"), ("Block filters", "blockfilterindex=1")):
        assert told[title].startswith(" missing ")
        assert f"{line} in bitcoin.conf" in told[title]
        assert "GB" in told[title]
    assert told["Search by transaction id"].startswith(" works partly Without txindex")


def test_a_pruned_node(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-prune=1", "-fastprune", txindex=False)
    node.rpc("generatetodescriptor", 1000, "raw(51)")
    node.rpc("pruneblockchain", 700)
    page = Explorer(node.url).get("/node")
    height = node.rpc("getblockchaininfo")["pruneheight"]
    assert 0 < height <= 701
    told = rows(page)
    assert page.facts["Blocks kept"] == f"from {height} on"
    assert told["Old blocks"].startswith(f" works partly From block {height} on")
    assert told["Fees and input amounts"].startswith(f" works partly From block {height} on")
    assert told["Transactions"].startswith(" not with pruning ")
    assert "must be there from the start" in told["Block filters"]


def test_a_node_that_is_catching_up(start_bitcoind: StartBitcoind) -> None:
    """It has the header of a block without the block."""
    source, node = start_bitcoind(), start_bitcoind()
    source.mine(3, ADDRESS)
    for height in range(1, 4):
        block = source.rpc("getblock", source.rpc("getblockhash", height), 0)
        node.rpc("submitblock" if height < 3 else "submitheader", block if height < 3 else block[:160])
    page = Explorer(node.url).get("/node")
    assert "Catching up" in page.all("span")
    assert "2 of 3 blocks" in page.text
    assert rows(page)["The newest blocks"].startswith(" works partly Up to block 2")


INDEXES: list[tuple[dict[str, Any], str, str]] = [
    ({"txindex": {"synced": False, "best_block_height": 5}}, "Transactions", " being built "),
    ({"txospenderindex": {"synced": True, "best_block_height": 110}}, "Spenders", " ready "),
    ({"txospenderindex": {"synced": False, "best_block_height": 5}}, "Spenders", " being built "),
    ({}, "Spenders", " missing "),
]


@pytest.mark.parametrize(("indexes", "title", "state"), INDEXES)
def test_indexes_as_other_versions_have_them(
    regtest: Bitcoind, indexes: dict[str, Any], title: str, state: str
) -> None:
    """Bitcoin Core 31 knows an index of spenders, and says so in the help of the method that asks it."""
    usage = "gettxspendingprevout\nScans the mempool (and the txospenderindex, if available)"
    methods = ("getblockchaininfo", "getnetworkinfo", "getmempoolinfo", "uptime")
    answers = {method: regtest.rpc(method) for method in methods}
    listing = regtest.rpc("help")
    answers |= {"getindexinfo": indexes, "help": lambda method="": usage if method else listing}
    for method in ("getblockchaininfo", "getnetworkinfo", "getmempoolinfo"):  # JSON has no Decimal
        answers[method] = {k: float(v) if isinstance(v, Decimal) else v for k, v in answers[method].items()}
    with FakeNode(answers) as node:
        told = rows(Explorer(f"http://{node.login}@127.0.0.1:{node.port}", greet=False).get("/node"))
    assert told[title].startswith(state)
    if title == "Spenders":
        expected = {" ready ": " works ", " being built ": " does not work ", " missing ": " works partly "}[state]
        assert told["Spent by which transaction"].startswith(expected)


def test_what_a_user_may_not_ask_is_not_known(start_bitcoind: StartBitcoind) -> None:
    allowed = "getblockchaininfo,getnetworkinfo,getblockcount"
    node = start_bitcoind(f"-rpcwhitelist=explorer:{allowed}", "-rpcwhitelistdefault=0")
    page = Explorer(node.url, greet=False).get("/node")
    assert page.status == 200
    assert page.facts["Up for"] == "— not known"
    told = rows(page)
    for title in ("Transactions", "Block filters", "Search by transaction id", "Spent by which transaction"):
        assert told[title].startswith(" not known The node does not tell") or "not tell" in told[title], title


def test_a_node_that_is_not_there() -> None:
    port = free_port()
    page = Explorer(f"http://u:{PASSWORD}@127.0.0.1:{port}", greet=False).get("/node")
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert page.headers["Cache-Control"] == "no-store"
    assert not page.faults
    assert "The node does not answer." in page.text
    assert f"127.0.0.1:{port} in trouble" in page.text
    assert PASSWORD not in page.body


def test_a_wrong_password(regtest: Bitcoind) -> None:
    page = Explorer(f"http://explorer:{PASSWORD}@127.0.0.1:{regtest.rpcport}", greet=False).get("/node")
    assert page.status == 502
    assert "refused the user name or password" in page.text
    assert PASSWORD not in page.body


def test_a_node_that_starts() -> None:
    def warm_up(*_: Any) -> None:
        raise RpcError(-28, "Verifying blocks…")

    with FakeNode(dict.fromkeys(("getblockchaininfo", "getnetworkinfo", "uptime"), warm_up)) as node:
        page = Explorer(f"http://{node.login}@127.0.0.1:{node.port}", greet=False).get("/node")
    assert page.status == 503
    assert "Verifying blocks…" in page.text


def test_nothing_secret_and_nobody_elses_address(start_bitcoind: StartBitcoind) -> None:
    one = start_bitcoind("-listen=1", f"-bind=127.0.0.1:{(port := free_port())}")
    other = start_bitcoind()
    other.rpc("addnode", f"127.0.0.1:{port}", "onetry")
    other.wait_until(lambda: bool(other.rpc("getconnectioncount")))
    (peer,) = one.rpc("getpeerinfo")
    page = Explorer(one.url).get("/node")
    assert page.facts["Connections"] == "1 0 out, 1 in"
    for secret in (one.password, peer["addr"], one.cookie.read_text(), str(one.datadir)):
        assert secret not in page.body


def test_it_is_about_the_one_that_answers(start_bitcoind: StartBitcoind) -> None:
    own, other = (
        start_bitcoind(),
        start_bitcoind(
            "-rpcwhitelist=explorer:getblockchaininfo,getnetworkinfo,getblockcount,"
            "getblockhash,getblockheader,submitblock",
            txindex=False,
        ),
    )
    for block_hash in own.mine(8, ADDRESS):
        other.rpc("submitblock", own.rpc("getblock", block_hash, 0))
    explorer = Explorer(f"{own.url},{other.url}", greet=False)
    assert rows(explorer.get("/node"))["Transactions"].startswith(" ready ")
    own.kill()
    page = explorer.get("/node")
    assert page.status == 200
    assert f"Your own node did not answer this. What follows is about 127.0.0.1:{other.rpcport}" in page.text
    assert f"Answered by 127.0.0.1:{other.rpcport} " in page.text
    assert f"127.0.0.1:{own.rpcport} in trouble" in page.text
    assert rows(page)["Transactions"].startswith(" not known ")


def test_every_endpoint_has_its_row(regtest: Bitcoind, start_bitcoind: StartBitcoind) -> None:
    dead = free_port()
    explorer = Explorer(f"{regtest.url},http://u:{PASSWORD}@127.0.0.1:{dead}")
    page = explorer.get("/node")
    own = next(row for row in page.all("tr") if row.startswith(f"127.0.0.1:{regtest.rpcport}"))
    other = next(row for row in page.all("tr") if row.startswith(f"127.0.0.1:{dead}"))
    assert " answers Your own node, asked first." in own
    assert f" {regtest.rpc('getblockcount')} " in own
    assert "Asked where your own node cannot answer" in other
    assert PASSWORD not in page.body


@pytest.mark.parametrize("state", get_args(IndexState))
@pytest.mark.parametrize("prune_height", [None, 0, 700])
@pytest.mark.parametrize("catching_up", [False, True])
@pytest.mark.parametrize("methods", [None, frozenset(), frozenset({"gettxspendingprevout"})])
def test_there_are_words_for_whatever_a_node_can_do(
    regtest: Bitcoind, state: IndexState, prune_height: int | None, catching_up: bool, methods: frozenset[str] | None
) -> None:
    chain = tip.look(Explorer(regtest.url).connection).chain
    chain = replace(chain, prune_height=prune_height, catching_up=catching_up)
    indexes = {name: Index(name, state, 5 if state in ("ready", "building") else None) for name in INDEX_NAMES}
    found = features(chain, indexes, methods)
    assert {feature.name for feature in found} == set(node_words.FEATURES)
    for feature in found:
        assert "{" not in node_words.reason(feature)
        assert node_words.FEATURE_STATES[feature.state]
    assert node_words.INDEX_STATES[state]


def test_every_page_leads_to_it() -> None:
    explorer = Explorer("demo")
    for path in ("/", "/block/5", "/connect", "/search?q=nothing", "/node"):
        page = explorer.get(path)
        assert page.links.count("/node") == 2, path  # the header's and the footer's


def test_the_demo_chain() -> None:
    page = Explorer("demo").get("/node")
    assert page.status == 200
    assert not page.faults
    told = rows(page)
    assert told["Transactions"].startswith(" ready ")
    assert told["Spenders"].startswith(" not known ")
    assert "The recorded demo chain." in page.text
