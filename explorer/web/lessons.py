"""How a page was made: the calls to a node that tell what it shows, for those who want to ask by themselves.

They follow from what the page shows, not from what was asked this time: most of that is kept from earlier. Where the
explorer knows a cheaper way, the plain one is listed (`INSTEAD`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from flask import Flask
from markupsafe import Markup

from explorer.bitcoin.models import BlockFacts, Spend
from explorer.chain.block_pages import BlockPage
from explorer.chain.blocks import BlockList, Home
from explorer.chain.tip import ChainState
from explorer.chain.transactions import TransactionPage
from explorer.chain.vanished import DROPPED, MEMPOOL, REPLACED, Fate
from explorer.language import gettext as _
from explorer.web import calls
from explorer.web.calls import Param

# What a page lists without asking it, and what it does instead. All else that is listed is asked on a first visit.
INSTEAD: Final = {
    ("block", "getblockhash"): "asked where /block/HEIGHT leads to this page",
    ("block", "getblock"): "comes by REST where the node has it",
    ("block", "getrawtransaction"): "a small block comes with all its transactions, by getblock 3 or REST",
    ("transaction", "getblockheader"): "the height follows from the confirmations and the tip",
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """A call, and in half a sentence what it answers."""

    method: str
    params: tuple[Param, ...]
    why: str


Lessons = tuple[Lesson, ...]


# --- of each page -----------------------------------------------------------------------------------------------------


def of_home(home: Home) -> Lessons:
    newest = home.blocks[0]
    return (
        Lesson("getblockchaininfo", (), _("The chain: height, newest block, difficulty, size on disk")),
        Lesson("getmempoolinfo", (), _("What waits in the mempool")),
        Lesson("getnetworkinfo", (), _("The node's version and connections")),
        Lesson("getblockhash", (newest.height,), _("The newest block's hash; other heights give the others")),
        *_of_listed(newest, newest.height),
    )


def of_list(found: BlockList) -> Lessons:
    if not found.blocks:
        return ()
    first = found.blocks[0]
    why = _("The hash of the first block listed; other heights give the others")
    return (Lesson("getblockhash", (first.height,), why), *_of_listed(first, first.hash))


def of_block(found: BlockPage) -> Lessons:
    block = found.block
    lessons = []
    if found.place.in_best_chain:
        lessons.append(Lesson("getblockhash", (block.height,), _("The hash of the block at this height")))
    elif found.best_hash:
        lessons.append(
            Lesson("getblockhash", (block.height,), _("The block that the chain has at this height instead"))
        )
    lessons.append(Lesson("getblockheader", (block.hash,), _("The header, the confirmations and the neighbours")))
    if _is_pruned(found.state, block.height):  # it is shown as it was kept
        return tuple(lessons)
    if block.header.size is not None:
        lessons.append(
            Lesson("getblock", (block.hash, 1), _("The same with the sizes and the ids of all transactions"))
        )
    if block.stats:
        lessons.append(Lesson("getblockstats", (block.hash,), _("Fees, fee rates, numbers of inputs and outputs")))
    return (*lessons, *_of_cards(found))


def of_transaction(found: TransactionPage) -> Lessons:
    if found.is_genesis and found.place:
        return _of_genesis(found.place.block_hash)
    if found.fate:
        return _of_vanished(found, found.fate)
    return (*_where_it_is(found), *_what_became_of_it(found))


# --- their parts ------------------------------------------------------------------------------------------------------


def _of_listed(block: BlockFacts, key: str | int) -> Lessons:
    """`key` is what the figures are asked by: the hash, or the height, which is shorter."""
    if block.header.size is None:  # the node keeps its header alone
        return (Lesson("getblockheader", (block.hash,), _("The block's header")),)
    whole = Lesson("getblock", (block.hash, 1), _("The block: time, size, weight, ids of its transactions"))
    if not block.stats:
        return (whole,)
    return (whole, Lesson("getblockstats", (key,), _("Its fees and fee rates")))


def _of_cards(found: BlockPage) -> Lessons:
    """One of the page's transactions, rather one that pays a fee."""
    if not found.cards:
        return ()
    if found.block.height == 0:
        return _of_genesis(found.block.hash)[1:]
    card = next((card for card in found.cards if not card.is_coinbase), found.cards[0])
    if card.fee is None or not found.place.in_best_chain:  # a block that was never connected has no undo data
        return (Lesson("getrawtransaction", (card.txid, 1, found.block.hash), _("One of the transactions")),)
    why = _("One of the transactions, with its fee and what its inputs spend")
    return (Lesson("getrawtransaction", (card.txid, 2, found.block.hash), why),)


def _of_genesis(block_hash: str) -> Lessons:
    return (
        Lesson("getblockhash", (0,), _("The hash of the first block")),
        Lesson("getblock", (block_hash, 2), _("The block with its transaction, which getrawtransaction refuses")),
    )


def _where_it_is(found: TransactionPage) -> Lessons:
    txid, place = found.tx.txid, found.place
    if place is None:
        entry = _("Its place in the mempool: fee, time, parents and children there")
        return (
            Lesson("getrawtransaction", (txid, 1), _("The transaction")),
            Lesson("getmempoolentry", (txid,), entry),
            *_first_coin(found),
        )
    header = Lesson("getblockheader", (place.block_hash,), _("Its block: height, time, confirmations"))
    if _is_pruned(found.state, place.height):
        return (header,)
    block = (place.block_hash,) if found.needs_block or not place.in_best_chain else ()
    if place.in_best_chain and found.tx.fee is not None:
        whole = Lesson(
            "getrawtransaction", (txid, 2, *block), _("The transaction, with its fee and what its inputs spend")
        )
    else:
        whole = Lesson("getrawtransaction", (txid, 1, *block), _("The transaction"))
    return (whole, header)


def _of_vanished(found: TransactionPage, fate: Fate) -> Lessons:
    """A node keeps no word of the transaction itself, so it is asked for what stands in its place."""
    if fate.state == REPLACED and fate.txid:
        block = (fate.block_hash,) if fate.block_hash else ()
        if fate.where == MEMPOOL or block or not found.needs_block:
            return (Lesson("getrawtransaction", (fate.txid, 1, *block), _("The transaction that took its place")),)
    spent = found.tx.inputs[0] if found.tx.inputs else None
    if fate.state == DROPPED and spent and spent.txid is not None and spent.vout is not None:
        return (
            Lesson("gettxout", (spent.txid, spent.vout), _("What one of its inputs was to spend: it is free again")),
        )
    return ()


def _first_coin(found: TransactionPage) -> Lessons:
    """What the first input spends: in the mempool no call tells it along with the rest."""
    spent = next((i for i in found.tx.inputs if i.prevout), None)
    if spent is None or spent.txid is None or spent.vout is None:
        return ()
    if found.entry and spent.txid in found.entry.parents:
        return (
            Lesson("getrawtransaction", (spent.txid, 1), _("What one of its inputs spends: an unconfirmed parent")),
        )
    why = _("What one of its inputs spends; false leaves the mempool aside")
    return (Lesson("gettxout", (spent.txid, spent.vout, False), why),)


def _what_became_of_it(found: TransactionPage) -> Lessons:
    txid, lessons = found.tx.txid, []
    if (vout := _first(found.spends, lambda spend: spend.state == "unspent")) is not None:
        why = _("What output %(vout)s holds; null once it is spent", vout=vout)
        lessons.append(Lesson("gettxout", (txid, vout), why))
    elif (vout := _first(found.spends, lambda spend: spend.state == "spent")) is not None:
        lessons.append(Lesson("gettxout", (txid, vout), _("Null: output %(vout)s is spent", vout=vout)))
    if (vout := _first(found.spends, lambda spend: spend.txid is not None)) is not None:
        outpoint: dict[str, str | int] = {"txid": txid, "vout": vout}
        lessons.append(
            Lesson("gettxspendingprevout", ([outpoint],), _("Which transaction spends output %(vout)s", vout=vout))
        )
    return tuple(lessons)


def _is_pruned(state: ChainState, height: int) -> bool:
    return height < (state.chain.prune_height or 0)


def _first(spends: Mapping[int, Spend], wanted: Callable[[Spend], bool]) -> int | None:
    return next((vout for vout, spend in spends.items() if wanted(spend)), None)


# --- on the page ------------------------------------------------------------------------------------------------------


def in_words(lessons: Lessons, way: str, network: str) -> Markup:
    """All of them as one text to be copied, a line each. `way`: cli, which also has what each answers; curl, python."""
    told: Iterable[str]
    match way:
        case "cli":
            told = (
                f"<i># {_text(one.why)}</i>\n{_text(calls.cli(one.method, one.params, network))}" for one in lessons
            )
        case "curl":
            lines = (calls.curl(one.method, one.params) for one in lessons)
            told = map(_text, (calls.curl_start(network), *lines))
        case _:
            lines = (calls.python(one.method, one.params) for one in lessons)
            told = map(_text, (calls.python_start(network), *lines))
    return Markup("\n".join(told))  # noqa: S704  every line is escaped


def _text(line: str) -> str:
    """For HTML between tags, where quotes stand for themselves: there are many of them."""
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def register(app: Flask) -> None:
    app.add_template_filter(in_words, "calls")
