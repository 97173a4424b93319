"""What became of a transaction that has vanished from the mempool, as other versions of the node tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from explorer import cache
from explorer.chain import vanished
from explorer.chain.transactions import TransactionPage, get_transaction
from explorer.chain.vanished import Fate
from explorer.errors import NodeBusy, NotFound
from explorer.messages import CATALOGUE
from explorer.node.demo import ANCHOR, DemoConnection
from tests.chain.nodes import FakeChain, hash_of
from tests.coins import Coin, spend
from tests.fakenode import FakeNode, RpcError
from tests.pages import Explorer

PARENT, SPENDER = "ab" * 32, "ef" * 32
MADE = spend([Coin(PARENT, 0, 100)], [51])
TXOUT = {"value": 50, "confirmations": 3, "scriptPubKey": {"hex": "51", "type": "nonstandard"}}
ENTRY = {
    "vsize": 100,
    "time": 1_600_000_000,
    "wtxid": MADE.txid,
    "depends": [],
    "spentby": [],
    "ancestorcount": 1,
    "ancestorsize": 100,
    "descendantcount": 1,
    "fees": {"base": 0, "ancestor": 0},
}
TX: dict[str, Any] = {
    "txid": MADE.txid,
    "hash": MADE.txid,
    "version": 2,
    "size": 100,
    "vsize": 100,
    "weight": 400,
    "locktime": 0,
    "vin": [{"txid": PARENT, "vout": 0, "sequence": 0, "scriptSig": {"asm": "", "hex": ""}}],
    "vout": [{"value": 50, "n": 0, "scriptPubKey": {"hex": "51", "type": "nonstandard"}}],
    "hex": MADE.hex,
}
IN_BLOCK = {**TX, "blockhash": hash_of("a", 4), "confirmations": 2}


@pytest.fixture
def node() -> Iterator[FakeNode]:
    """A transaction waits there."""
    with FakeNode(FakeChain(5).answers) as node:
        node.answers |= {
            "getrawtransaction": lambda _, verbosity, *__: TX if verbosity else MADE.hex,
            "getmempoolentry": ENTRY,
            "gettxout": TXOUT,
            "gettxspendingprevout": lambda outpoints: [dict(outpoint) for outpoint in outpoints],
        }
        yield node


@pytest.fixture(autouse=True)
def app() -> Iterator[None]:
    """Where facts are kept."""
    with Explorer("demo", greet=False).app.app_context():
        yield


def look(node: FakeNode) -> TransactionPage:
    return get_transaction(node.connect(), MADE.txid, None, 1)


def vanish(node: FakeNode) -> None:
    """After somebody has seen it."""

    def unknown(*_: object) -> None:
        raise RpcError(-5, "No such transaction")

    def find(txid: str, verbosity: int, block_hash: str | None = None) -> Any:
        if txid != MADE.txid:
            return {**TX, "txid": txid} if verbosity else MADE.hex
        return IN_BLOCK if block_hash == IN_BLOCK["blockhash"] else unknown(txid)

    assert look(node).entry
    node.answers["getrawtransaction"] = find
    node.answers["getmempoolentry"] = lambda txid: unknown() if txid == MADE.txid else ENTRY


def spent_by(txid: str, **where: str) -> Any:
    return lambda outpoints: [{**outpoint, "spendingtxid": txid, **where} for outpoint in outpoints]


def test_nothing_else_spends_its_coins(node: FakeNode) -> None:
    vanish(node)
    assert look(node).fate == Fate("dropped")


def test_what_replaced_it_waits(node: FakeNode) -> None:
    vanish(node)
    node.answers |= {"gettxout": None, "gettxspendingprevout": spent_by(SPENDER)}
    assert look(node).fate == Fate("replaced", SPENDER, where="mempool")


def test_core_31_names_what_replaced_it_in_a_block(node: FakeNode) -> None:
    """With txospenderindex."""
    vanish(node)
    spender = spent_by(SPENDER, blockhash=hash_of("a", 4))
    node.answers |= {"gettxout": None, "gettxspendingprevout": spender}
    assert look(node).fate == Fate("replaced", SPENDER, hash_of("a", 4), "block")


def test_core_31_finds_it_without_txindex(node: FakeNode) -> None:
    vanish(node)
    node.answers["getindexinfo"] = {"txospenderindex": {"synced": True, "best_block_height": 5}}
    spender = spent_by(MADE.txid, blockhash=hash_of("a", 4))
    node.answers |= {"gettxout": None, "gettxspendingprevout": spender}
    page = look(node)
    assert page.fate is None
    assert page.place
    assert page.place.block_hash == hash_of("a", 4)


def test_while_core_31_builds_its_index(node: FakeNode) -> None:
    def refuse(_: object) -> None:
        raise RpcError(-1, "Mempool lacks a relevant spend, and txospenderindex is unavailable.")

    vanish(node)
    node.answers |= {"gettxout": None, "gettxspendingprevout": refuse}
    assert look(node).fate == Fate("spent", where="block")


@pytest.mark.parametrize("where", ["mempool", "block"])
def test_a_node_that_cannot_tell_by_what(node: FakeNode, where: str) -> None:
    """gettxspendingprevout came with Bitcoin Core 24."""
    node.answers["help"] = "getblockchaininfo"
    del node.answers["gettxspendingprevout"]
    vanish(node)
    node.answers["gettxout"] = lambda _, __, mempool: None if mempool or where == "block" else TXOUT
    assert look(node).fate == Fate("spent", where=where)


def test_it_comes_back_in_this_very_moment(node: FakeNode) -> None:
    """Then it is asked for anew, and not forever."""
    vanish(node)
    node.answers |= {"gettxout": None, "gettxspendingprevout": spent_by(MADE.txid)}
    with pytest.raises(NodeBusy):
        look(node)


def test_bytes_that_somebody_damaged_are_not_there(node: FakeNode) -> None:
    vanish(node)
    cache.keep(f"regtest:0:{MADE.txid}", vanished.Waited(b"\x00", ()))
    with pytest.raises(NotFound) as missing:
        look(node)
    assert missing.value.message_id == "transaction_not_found"


def test_the_demo_chain_starts_over() -> None:
    """What waited in the run before has not been sent yet in this one."""
    passed = 0.0
    demo = DemoConnection(clock=lambda: ANCHOR + passed)
    at_first = demo.call("getrawmempool")
    passed = demo.duration - 1.0
    txid = next(txid for txid in demo.call("getrawmempool") if txid not in at_first)
    assert get_transaction(demo, txid, None, 1).entry
    passed = demo.duration + 1.0
    with pytest.raises(NotFound) as missing:
        get_transaction(demo, txid, None, 1)
    assert missing.value.message_id == "transaction_not_found"


def test_every_fate_has_its_words() -> None:
    for state in (vanished.REPLACED, vanished.SPENT, vanished.DROPPED, vanished.ORPHANED, vanished.UNCLEAR):
        assert Fate(state).message_id in CATALOGUE
