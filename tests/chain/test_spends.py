"""What became of an output: unspent, spent (by what, where the node can tell), unspendable, or not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from explorer.bitcoin.models import Spend
from explorer.chain.spends import UNKNOWN, UNSPENDABLE, UNSPENT
from explorer.chain.transactions import TransactionPage, get_transaction
from tests.chain.nodes import FakeChain, hash_of
from tests.coins import Coin, data, spend
from tests.fakenode import PASSWORD, USER, FakeNode, RpcError
from tests.pages import Explorer

TXID = "cd" * 32
SPENDER = "ef" * 32


@pytest.fixture
def chain() -> FakeChain:
    return FakeChain(5)


@pytest.fixture
def node(chain: FakeChain) -> Iterator[FakeNode]:
    """Knows a transaction with an output, of block 3, and not whether it was spent."""

    def unknown(_: str) -> None:
        raise RpcError(-5, "Transaction not in mempool")

    with FakeNode(chain.answers) as node:
        tx: dict[str, Any] = {**node.answers["getrawtransaction"](TXID, 2, hash_of("a", 3)), "vin": [NOT_A_COINBASE]}
        node.answers |= {
            "getrawtransaction": lambda _, verbosity, *__: tx if verbosity else BYTES,
            "getmempoolentry": unknown,
            "gettxout": None,
            "gettxspendingprevout": lambda outpoints: [dict(outpoint) for outpoint in outpoints],
        }
        yield node


PARENT_TXID = "ab" * 32
BYTES = spend([Coin(PARENT_TXID, 0, 100)], [51]).hex  # of the transaction, and of the one whose output it spends
NOT_A_COINBASE = {"txid": PARENT_TXID, "vout": 0, "sequence": 0, "scriptSig": {"asm": "", "hex": ""}}
TXOUT = {"value": 50, "confirmations": 3, "scriptPubKey": {"hex": "51", "type": "nonstandard"}}


def look(node: FakeNode) -> TransactionPage:
    return get_transaction(node.connect(), TXID, None, 1)


def test_unspent(node: FakeNode) -> None:
    node.answers["gettxout"] = TXOUT
    assert look(node).spends == {0: UNSPENT}


def test_spent_in_a_block_by_something(node: FakeNode) -> None:
    assert look(node).spends == {0: Spend("spent")}


def test_spent_in_the_mempool(node: FakeNode) -> None:
    node.answers["gettxspendingprevout"] = lambda outpoints: [{**outpoints[0], "spendingtxid": SPENDER}]
    assert look(node).spends == {0: Spend("spent", SPENDER)}
    assert look(node).spends[0].in_mempool


def test_spent_in_a_block_as_core_31_tells(node: FakeNode) -> None:
    """With txospenderindex."""
    spender = {"spendingtxid": SPENDER, "blockhash": hash_of("a", 4)}
    node.answers["gettxspendingprevout"] = lambda outpoints: [{**outpoints[0], **spender}]
    assert look(node).spends == {0: Spend("spent", SPENDER, hash_of("a", 4))}
    assert not look(node).spends[0].in_mempool


def test_while_core_31_builds_its_index(node: FakeNode) -> None:
    def refuse(_: object) -> None:
        raise RpcError(-1, "Mempool lacks a relevant spend, and txospenderindex is unavailable.")

    node.answers["gettxspendingprevout"] = refuse
    assert look(node).spends == {0: Spend("spent")}
    node.answers["gettxout"] = TXOUT
    assert look(node).spends == {0: UNSPENT}


def test_the_link_to_it_says_where_it_is(node: FakeNode) -> None:
    """To a node that finds confirmed transactions only there."""
    node.answers["getindexinfo"] = {"txospenderindex": {"synced": True, "best_block_height": 5}}
    spender = {"spendingtxid": SPENDER, "blockhash": hash_of("a", 4)}
    node.answers["gettxspendingprevout"] = lambda outpoints: [{**outpoints[0], **spender}]
    page = Explorer(f"http://{USER}:{PASSWORD}@127.0.0.1:{node.port}").get(f"/tx/{TXID}")
    assert f"/tx/{SPENDER}?block={hash_of('a', 4)}" in page.links


def test_a_node_that_cannot_tell_by_what(node: FakeNode) -> None:
    """gettxspendingprevout came with Bitcoin Core 24."""
    node.answers["help"] = "getblockchaininfo"
    del node.answers["gettxspendingprevout"]
    assert look(node).spends == {0: Spend("spent")}


def test_in_a_stale_block_nothing_is_known(node: FakeNode, chain: FakeChain) -> None:
    node.answers["getrawtransaction"](TXID, 1)["confirmations"] = 0
    node.answers["getblockheader"] = lambda block: {**chain.answers["getblockheader"](block), "confirmations": -1}
    assert look(node).spends == {0: UNKNOWN}


def test_what_can_never_be_spent_is_not_asked_about(node: FakeNode) -> None:
    tx = node.answers["getrawtransaction"](TXID, 1)
    tx["vout"] = [{"value": 0, "n": 0, "scriptPubKey": {"hex": "6a00", "type": "nulldata"}}]
    carrier = spend([Coin(PARENT_TXID, 0, 50)], [data(b"")]).hex
    node.answers["getrawtransaction"] = lambda txid, verbosity, *_: tx if verbosity else carrier
    del node.answers["gettxout"]
    del node.answers["gettxspendingprevout"]
    assert look(node).spends == {0: UNSPENDABLE}
