"""One transaction: where it stands, what it spends, and what became of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import Raw

from explorer import cache
from explorer.bitcoin.amounts import satoshis
from explorer.bitcoin.models import Input, MempoolEntry, Output, Place, Spend, TransactionPart
from explorer.bitcoin.query import Hash, Height
from explorer.bitcoin.raw_block import RawTransaction
from explorer.chain import facts, vanished
from explorer.chain.batch import Batch
from explorer.chain.in_block import find_elsewhere, find_inside, read_outline
from explorer.chain.prevouts import PrevoutQuestion, missing
from explorer.chain.spends import SpendQuestion
from explorer.chain.tip import ChainState, Moved, TipCheck, at_one_tip
from explorer.chain.vanished import CONFIRMED, Fate, find_fate
from explorer.decoding import json_decoder
from explorer.errors import ExplorerError, NodeUnavailable, NotFound, Unsupported
from explorer.node import answers
from explorer.node.capabilities import Capabilities, get_capabilities
from explorer.node.rpc import Rpc

PER_PAGE = 50  # inputs, and outputs
FEW_INPUTS = 5  # whose transactions are asked for rather than the undo data of a whole block


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
    is_genesis: bool
    needs_block: bool
    fate: Fate | None = None

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
    return at_one_tip(
        rpc,
        lambda state: (
            _from_facts(rpc, state, txid, page, capabilities) or _asked(rpc, state, txid, block, page, capabilities)
        ),
    )


def get_raw(rpc: Rpc, txid: str, block: Height | Hash | None) -> RawPage:
    """The transaction whole, found as `get_transaction` finds it, or as it was seen in the mempool."""
    batch = Batch(rpc)
    reply = batch.ask(answers.Tx, "getrawtransaction", txid, 1)
    batch.send()
    if (tx := reply.known()) is None:
        try:
            found, _ = find_elsewhere(rpc, txid, block, reply.error)
        except (NotFound, Unsupported):
            if seen := vanished.recall(rpc, get_capabilities(rpc), txid):
                return RawPage(seen.data.hex(), seen.witnesses, None)
            raise
        tx = json_decoder(answers.Tx).decode(found.raw)
        tx.blockhash = found.outline.blockhash
    return RawPage(tx.hex, [vin.txinwitness for vin in tx.vin], tx.blockhash)


# --- what is known already --------------------------------------------------------------------------------------------


def _key(txid: str, page: int) -> str:
    return f"{txid}:{page}"


def _from_facts(
    rpc: Rpc, state: ChainState, txid: str, page: int, capabilities: Capabilities
) -> TransactionPage | None:
    """From kept facts, if the transaction still is where it was seen last."""
    seen = cache.look_up(_key(txid, page), Seen)
    if seen is None:
        return None
    tx = seen.tx
    batch = Batch(rpc)
    check = TipCheck(batch, state)
    header = batch.ask(answers.Header, "getblockheader", seen.block_hash) if seen.block_hash else None
    entry = None if seen.block_hash else batch.ask(answers.MempoolEntry, "getmempoolentry", txid)
    spends = SpendQuestion(batch, txid, _scripts(tx), capabilities)
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
        vanished.still_waits(rpc, state, capabilities, txid)
    is_genesis = bool(place and place.height == 0)
    return _page(state, tx, place, waiting, spends, page, is_genesis, capabilities)


def _keep(tx: TransactionPart, block_hash: str | None, page: int) -> None:
    """Only where nothing about it is unknown: a parent of an unconfirmed one may not have arrived yet."""
    if tx.is_coinbase or (tx.fee is not None and all(i.prevout for i in tx.inputs)):
        cache.keep(_key(tx.txid, page), Seen(block_hash, tx))


# --- asking the node --------------------------------------------------------------------------------------------------


def _asked(
    rpc: Rpc, state: ChainState, txid: str, block: Height | Hash | None, page: int, capabilities: Capabilities
) -> TransactionPage:
    """The bytes come first: they cost a node next to nothing, and tell all that is to be asked for in one more go."""
    batch = Batch(rpc)
    check = TipCheck(batch, state)
    raw = batch.ask(str, "getrawtransaction", txid, 0)
    entry = batch.ask(answers.MempoolEntry, "getmempoolentry", txid)
    batch.send()
    check.read()
    if (data := raw.known()) is None:
        return _asked_elsewhere(rpc, state, txid, block, page, capabilities, raw.error)
    try:
        bare = RawTransaction(bytes.fromhex(data))
    except ValueError as error:
        raise NodeUnavailable("node_unexpected_answer", method="getrawtransaction", reason=str(error)) from error
    waiting = entry.known()
    if waiting:
        vanished.keep(rpc, state, capabilities, txid, bare, waiting)
    return _asked_for_details(rpc, state, txid, page, capabilities, bare, waiting)


def _asked_for_details(
    rpc: Rpc,
    state: ChainState,
    txid: str,
    page: int,
    capabilities: Capabilities,
    bare: RawTransaction,
    entry: answers.MempoolEntry | None,
) -> TransactionPage:
    """Raises Moved for a transaction that enters or leaves the mempool in this very moment."""
    first = (page - 1) * PER_PAGE
    batch = Batch(rpc)
    before = TipCheck(batch, state)
    # Verbosity 2 costs a node ten times 1, since it reads the undo data of a whole block; and a block is all there is
    # without an index, as a parent may have been spent and pruned.
    alone = entry is not None or bare.input_count <= FEW_INPUTS
    details = batch.ask(Raw, "getrawtransaction", txid, 1 if alone else 2)
    spent = bare.spends if alone else []
    shown = spent[first : first + PER_PAGE] if entry else spent
    prevouts = PrevoutQuestion(batch, shown, capabilities.chain, entry.depends if entry else None)
    spends = SpendQuestion(batch, txid, bare.scripts(first, PER_PAGE), capabilities)
    after = TipCheck(batch, state)
    batch.send()
    before.read()
    after.read()
    if isinstance(details.error, NotFound):
        raise Moved
    raw = details.whole()
    outline = read_outline(raw)
    if (outline.blockhash is None) == (entry is None):
        raise Moved
    place = _place_of(rpc, state, outline)
    tx = _part(raw, outline, page)
    if entry:
        tx = replace(tx, fee=satoshis(entry.fees.base))
    tx = tx.with_prevouts(prevouts.filled(tx.inputs))
    return _finished(rpc, state, tx, place, entry, spends, page, capabilities)


def _asked_elsewhere(
    rpc: Rpc,
    state: ChainState,
    txid: str,
    block: Height | Hash | None,
    page: int,
    capabilities: Capabilities,
    error: ExplorerError | None,
) -> TransactionPage:
    """In a block that the node does not find by the txid, or gone from the mempool."""
    try:
        found, is_genesis = find_elsewhere(rpc, txid, block, error)
    except (NotFound, Unsupported):
        is_indexed = capabilities.txindex and isinstance(error, NotFound)
        fate = find_fate(rpc, state, capabilities, txid, is_indexed=is_indexed)
        if fate is None:
            raise
        return _vanished(rpc, state, txid, page, capabilities, fate)
    tx = _part(found.raw, found.outline, page)
    return _in_block(rpc, state, tx, found.outline.blockhash, page, capabilities, is_genesis=is_genesis)


def _in_block(
    rpc: Rpc,
    state: ChainState,
    tx: TransactionPart,
    block_hash: str | None,
    page: int,
    capabilities: Capabilities,
    *,
    is_genesis: bool = False,
) -> TransactionPage:
    batch = Batch(rpc)
    check = TipCheck(batch, state)
    header = batch.ask(answers.Header, "getblockheader", block_hash)
    spends = SpendQuestion(batch, tx.txid, _scripts(tx), capabilities)
    batch.send()
    check.read()
    place = _place(header.whole())
    return _finished(rpc, state, tx, place, None, spends, page, capabilities, is_genesis=is_genesis)


def _vanished(
    rpc: Rpc, state: ChainState, txid: str, page: int, capabilities: Capabilities, fate: Fate
) -> TransactionPage:
    """In the block that holds it, or as it was seen last. Raises NotFound with what became of it, and Unsupported for a
    block that is pruned, where the page is not kept."""
    seen = cache.look_up(_key(txid, page), Seen)
    if fate.state == CONFIRMED and fate.block_hash:
        try:
            found = find_inside(rpc, txid, fate.block_hash)
        except Unsupported:
            if seen is None:
                raise
            return _in_block(rpc, state, seen.tx, fate.block_hash, page, capabilities)
        if found is None:
            raise Moved
        return _in_block(rpc, state, _part(found.raw, found.outline, page), fate.block_hash, page, capabilities)
    if seen is None:
        raise NotFound(fate.message_id, query=txid, by=fate.txid)
    return TransactionPage(
        state=state,
        tx=seen.tx,
        place=None,
        entry=None,
        spends={},
        page=page,
        pages=_pages(seen.tx),
        is_genesis=False,
        needs_block=not capabilities.txindex,
        fate=fate,
    )


def _finished(
    rpc: Rpc,
    state: ChainState,
    tx: TransactionPart,
    place: Place | None,
    entry: answers.MempoolEntry | None,
    spends: SpendQuestion,
    page: int,
    capabilities: Capabilities,
    *,
    is_genesis: bool = False,
) -> TransactionPage:
    tx = _with_amounts(rpc, tx, capabilities)
    _keep(tx, place.block_hash if place else None, page)
    return _page(state, tx, place, entry, spends, page, is_genesis, capabilities)


def _part(raw: Raw, outline: answers.TxOutline, page: int) -> TransactionPart:
    """Raises NotFound for a page that it does not have."""
    tx = facts.transaction_part(raw, outline, (page - 1) * PER_PAGE, PER_PAGE)
    if page > (pages := _pages(tx)):
        raise NotFound("page_of_list_not_found", pages=pages, page=page)
    return tx


def _scripts(tx: TransactionPart) -> dict[int, str]:
    return {vout: output.script.hex for vout, output in enumerate(tx.outputs, start=tx.first)}


def _place_of(rpc: Rpc, state: ChainState, outline: answers.TxOutline) -> Place | None:
    """Reckoned from the confirmations, which are of the state's tip; asked for in a block that the chain left."""
    if outline.blockhash is None:
        return None
    if outline.confirmations > 0:
        height = state.chain.height - outline.confirmations + 1
        return Place(outline.blockhash, height, outline.blocktime, outline.confirmations)
    return _place(rpc.call("getblockheader", outline.blockhash, into=answers.Header))


def _page(
    state: ChainState,
    tx: TransactionPart,
    place: Place | None,
    entry: answers.MempoolEntry | None,
    spends: SpendQuestion,
    page: int,
    is_genesis: bool,
    capabilities: Capabilities,
) -> TransactionPage:
    return TransactionPage(
        state=state,
        tx=tx,
        place=place,
        entry=facts.mempool_entry(entry) if entry else None,
        spends=spends.read(place, is_genesis=is_genesis),
        page=page,
        pages=_pages(tx),
        is_genesis=is_genesis,
        needs_block=not capabilities.txindex,
    )


def _pages(tx: TransactionPart) -> int:
    return max(1, -(-max(tx.input_count, tx.output_count) // PER_PAGE))


def _place(header: answers.Header) -> Place:
    return Place(header.hash, header.height, header.time, max(0, header.confirmations))


def _with_amounts(rpc: Rpc, tx: TransactionPart, capabilities: Capabilities) -> TransactionPart:
    """A last try for amounts that are still missing: a block that was never connected, a parent mined meanwhile."""
    outpoints = missing(tx.inputs)
    if not outpoints or not capabilities.txindex:
        return tx
    batch = Batch(rpc)
    question = PrevoutQuestion(batch, outpoints, capabilities.chain)
    batch.send()
    return tx.with_prevouts(question.filled(tx.inputs))
