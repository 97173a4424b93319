"""One transaction: where it stands, what it spends, and what became of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer import cache
from explorer.bitcoin.amounts import satoshis
from explorer.bitcoin.models import Input, MempoolEntry, Output, Place, Spend, TransactionPart
from explorer.bitcoin.query import Hash, Height
from explorer.bitcoin.raw_transaction import RawTransaction
from explorer.chain import facts, vanished
from explorer.chain.batch import Batch
from explorer.chain.in_block import find_elsewhere, find_inside
from explorer.chain.odd_bytes import reading
from explorer.chain.prevouts import PrevoutQuestion, missing
from explorer.chain.sought import Sought, ask_bytes
from explorer.chain.spends import SpendQuestion
from explorer.chain.tip import ChainState, Moved, TipCheck, at_one_tip
from explorer.chain.vanished import CONFIRMED, Fate, find_fate
from explorer.errors import ExplorerError, NotFound, Unsupported
from explorer.node import answers
from explorer.node.capabilities import get_capabilities
from explorer.node.rpc import Rpc

PER_PAGE = 50  # inputs, and outputs
FEW_PARENTS = 8  # are asked for rather than the undo data of a whole block


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """`place` is None while it is unconfirmed, and `entry` is its place in the mempool then; where it has vanished from
    there, `fate` is what became of it, and the rest is as it was seen last.

    `spends` tells, for the page's outputs, what became of them. `needs_block`: the node finds a confirmed transaction
    only when told its block.
    """

    state: ChainState
    tx: TransactionPart
    place: Place | None
    entry: MempoolEntry | None
    spends: dict[int, Spend]
    page: int
    pages: int
    needs_block: bool
    fate: Fate | None = None

    @property
    def is_genesis(self) -> bool:
        """Whether it is the one transaction of the first block."""
        return self.place is not None and self.place.height == 0

    @property
    def inputs(self) -> list[tuple[int, Input]]:
        return list(enumerate(self.tx.inputs, start=self.tx.first))

    @property
    def outputs(self) -> list[tuple[int, Output]]:
        return list(enumerate(self.tx.outputs, start=self.tx.first))


@dataclass(frozen=True, slots=True)
class Seen:
    """A page of a transaction as it was seen last: facts of the block that held it, or of its wtxid in the mempool,
    since a txid does not commit to the witness. Whether it is there still is asked each time."""

    block_hash: str | None
    tx: TransactionPart


@dataclass(frozen=True, slots=True)
class Wanted(Sought):
    """A page of the transaction's inputs and outputs, counted from 1."""

    page: int

    @property
    def key(self) -> str:
        return f"{self.txid}:{self.page}"

    @property
    def first(self) -> int:
        """The position of the page's first input and output."""
        return (self.page - 1) * PER_PAGE


@dataclass(frozen=True, slots=True)
class RawPage:
    """`witnesses` has the items of each input, in hex. `block_hash` is None for one that waits, or has vanished."""

    hex: str
    witnesses: Sequence[Sequence[str]]
    block_hash: str | None


def get_transaction(rpc: Rpc, txid: str, block: Height | Hash | None, page: int) -> TransactionPage:
    """One round trip where its facts are kept, two as a rule, four at most for a node that is known; a few more for one
    that has vanished from the mempool. `block` is where to look when the node has no index of all transactions.

    Raises NotFound, or Unsupported where a node with txindex could know.
    """
    capabilities = get_capabilities(rpc)

    def find(state: ChainState) -> TransactionPage:
        wanted = Wanted(rpc, state, capabilities, txid, page)
        return _from_facts(wanted) or _asked(wanted, block)

    return at_one_tip(rpc, find)


def get_raw(rpc: Rpc, txid: str, block: Height | Hash | None) -> RawPage:
    """The transaction whole, found as `get_transaction` finds it, or as it was seen in the mempool."""
    batch = Batch(rpc)
    reply = batch.ask(answers.TxOutline, "getrawtransaction", txid, 1)
    batch.send()
    if (found := reply.known()) is None:
        try:
            found = find_elsewhere(rpc, txid, block, reply.error)
        except (NotFound, Unsupported):
            if seen := vanished.recall(rpc, get_capabilities(rpc), txid):
                return RawPage(seen.data.hex(), seen.witnesses, None)
            raise
    return RawPage(found.hex, _read_bytes(found.hex).witnesses, found.blockhash)


# --- what is known already --------------------------------------------------------------------------------------------


def _from_facts(wanted: Wanted) -> TransactionPage | None:
    """From kept facts, if the transaction still is where it was seen last."""
    seen = cache.look_up(wanted.key, Seen)
    if seen is None:
        return None
    tx = seen.tx
    batch = Batch(wanted.rpc)
    check = TipCheck(batch, wanted.state)
    header = batch.ask(answers.Header, "getblockheader", seen.block_hash) if seen.block_hash else None
    entry = None if seen.block_hash else batch.ask(answers.MempoolEntry, "getmempoolentry", tx.txid)
    spends = _spends(wanted, batch, tx)
    batch.send()
    check.read()
    place, waiting = None, None
    if header:
        found = header.known()
        place = _place(found) if found else None
        if place is None or not place.in_best_chain:  # the best chain may hold it, or the mempool
            return None
    if entry:
        waiting = entry.known()
        if waiting is None or waiting.wtxid != tx.wtxid:
            return None
        vanished.still_waits(wanted)
    return _page(wanted, tx, place, waiting, spends.read(place))


def _keep(wanted: Wanted, tx: TransactionPart, place: Place | None) -> None:
    """Only where nothing about it is unknown: a parent of an unconfirmed one may not have arrived yet."""
    if tx.is_coinbase or (tx.fee is not None and all(i.prevout for i in tx.inputs)):
        cache.keep(wanted.key, Seen(place.block_hash if place else None, tx))


# --- asking the node --------------------------------------------------------------------------------------------------


def _asked(wanted: Wanted, block: Height | Hash | None) -> TransactionPage:
    """The bytes come first: they tell all that is to be asked for in one more go."""
    raw, entry = ask_bytes(wanted)
    if (data := raw.known()) is None:
        return _asked_elsewhere(wanted, block, raw.error)
    bare = _read_bytes(data)
    waiting = entry.known()
    if waiting:
        vanished.keep(wanted, bare, waiting)
    return _asked_for_details(wanted, bare, waiting)


def _asked_for_details(wanted: Wanted, bare: RawTransaction, entry: answers.MempoolEntry | None) -> TransactionPage:
    """Raises Moved for a transaction that enters or leaves the mempool in this very moment."""
    capabilities, txid, first = wanted.capabilities, wanted.txid, wanted.first
    batch = Batch(wanted.rpc)
    before = TipCheck(batch, wanted.state)
    # Verbosity 2 costs a node ten times 1, since it reads the undo data of a whole block.
    alone = entry is not None or bare.parent_count <= FEW_PARENTS
    details = batch.ask(answers.TxOutline, "getrawtransaction", txid, 1 if alone else 2)
    asked = bare.spends if alone else []
    if entry:
        asked = asked[first : first + PER_PAGE]
    prevouts = PrevoutQuestion(batch, asked, capabilities.chain, entry.depends if entry else None)
    spends = SpendQuestion(batch, txid, bare.scripts(first, PER_PAGE), capabilities)
    after = TipCheck(batch, wanted.state)
    batch.send()
    before.read()
    after.read()
    if isinstance(details.error, NotFound):
        raise Moved
    outline = details.whole()
    if (outline.blockhash is None) == (entry is None):
        raise Moved
    place = _place_of(wanted, outline)
    tx = _part(wanted, outline, bare)
    if entry:
        tx = replace(tx, fee=satoshis(entry.fees.base))
    elif asked and (total := prevouts.total(asked)) is not None:
        tx = replace(tx, fee=total - tx.total_out)
    tx = replace(tx, inputs=prevouts.filled(tx.inputs))
    return _finished(wanted, tx, place, entry, spends)


def _asked_elsewhere(wanted: Wanted, block: Height | Hash | None, error: ExplorerError | None) -> TransactionPage:
    """In a block that the node does not find by the txid, or gone from the mempool."""
    try:
        found = find_elsewhere(wanted.rpc, wanted.txid, block, error)
    except (NotFound, Unsupported):
        fate = find_fate(wanted, is_indexed=wanted.capabilities.txindex and isinstance(error, NotFound))
        if fate is None:
            raise
        return _vanished(wanted, fate)
    return _in_block(wanted, _part(wanted, found, _read_bytes(found.hex)), found.blockhash)


def _in_block(wanted: Wanted, tx: TransactionPart, block_hash: str | None) -> TransactionPage:
    batch = Batch(wanted.rpc)
    check = TipCheck(batch, wanted.state)
    header = batch.ask(answers.Header, "getblockheader", block_hash)
    spends = _spends(wanted, batch, tx)
    batch.send()
    check.read()
    return _finished(wanted, tx, _place(header.whole()), None, spends)


def _vanished(wanted: Wanted, fate: Fate) -> TransactionPage:
    """In the block that holds it, or as it was seen last. Raises NotFound with what became of it, and Unsupported for a
    block that is pruned, where the page is not kept."""
    seen = cache.look_up(wanted.key, Seen)
    if fate.state == CONFIRMED and fate.block_hash:
        try:
            found = find_inside(wanted.rpc, wanted.txid, fate.block_hash)
        except Unsupported:
            if seen is None:
                raise
            return _in_block(wanted, seen.tx, fate.block_hash)
        if found is None:
            raise Moved
        return _in_block(wanted, _part(wanted, found, _read_bytes(found.hex)), fate.block_hash)
    if seen is None:
        raise NotFound(fate.message_id, query=wanted.txid, by=fate.txid)
    return _page(wanted, seen.tx, None, None, {}, fate)


def _finished(
    wanted: Wanted,
    tx: TransactionPart,
    place: Place | None,
    entry: answers.MempoolEntry | None,
    spends: SpendQuestion,
) -> TransactionPage:
    tx = _with_amounts(wanted, tx)
    _keep(wanted, tx, place)
    return _page(wanted, tx, place, entry, spends.read(place))


# --- its parts --------------------------------------------------------------------------------------------------------


def _page(
    wanted: Wanted,
    tx: TransactionPart,
    place: Place | None,
    entry: answers.MempoolEntry | None,
    spends: dict[int, Spend],
    fate: Fate | None = None,
) -> TransactionPage:
    return TransactionPage(
        state=wanted.state,
        tx=tx,
        place=place,
        entry=facts.mempool_entry(entry) if entry else None,
        spends=spends,
        page=wanted.page,
        pages=_pages(tx),
        needs_block=not wanted.capabilities.txindex,
        fate=fate,
    )


def _pages(tx: TransactionPart) -> int:
    return max(1, -(-max(tx.input_count, tx.output_count) // PER_PAGE))


def _read_bytes(data: str) -> RawTransaction:
    with reading("getrawtransaction"):
        return RawTransaction(bytes.fromhex(data))


def _part(wanted: Wanted, outline: answers.TxOutline, bare: RawTransaction) -> TransactionPart:
    """Raises NotFound for a page that it does not have."""
    tx = facts.transaction_part(outline, bare, wanted.first, PER_PAGE)
    if wanted.page > (pages := _pages(tx)):
        raise NotFound("page_of_list_not_found", pages=pages, page=wanted.page)
    return tx


def _spends(wanted: Wanted, batch: Batch, tx: TransactionPart) -> SpendQuestion:
    scripts = {vout: output.script.hex for vout, output in enumerate(tx.outputs, start=tx.first)}
    return SpendQuestion(batch, tx.txid, scripts, wanted.capabilities)


def _place_of(wanted: Wanted, outline: answers.TxOutline) -> Place | None:
    """Reckoned from the confirmations, which are of the state's tip; asked for in a block that the chain left."""
    if outline.blockhash is None:
        return None
    if outline.confirmations > 0:
        height = wanted.state.chain.height - outline.confirmations + 1
        return Place(outline.blockhash, height, outline.blocktime, outline.confirmations)
    return _place(wanted.rpc.call("getblockheader", outline.blockhash, into=answers.Header))


def _place(header: answers.Header) -> Place:
    return Place(header.hash, header.height, header.time, max(0, header.confirmations))


def _with_amounts(wanted: Wanted, tx: TransactionPart) -> TransactionPart:
    """A last try for amounts that are still missing: a block that was never connected, a parent mined meanwhile."""
    outpoints = missing(tx.inputs)
    if not outpoints or not wanted.capabilities.txindex:
        return tx
    batch = Batch(wanted.rpc)
    question = PrevoutQuestion(batch, outpoints, wanted.capabilities.chain)
    batch.send()
    return tx.with_prevouts(question.filled(tx.inputs))
