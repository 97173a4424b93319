"""One transaction: where it stands, what it spends, and what became of its outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec import Raw

from explorer import cache
from explorer.bitcoin.amounts import satoshis
from explorer.bitcoin.models import Input, MempoolEntry, Output, Place, Spend, TransactionPart
from explorer.bitcoin.query import MAX_HEIGHT, Hash, Height
from explorer.chain import facts
from explorer.chain.batch import Batch
from explorer.chain.prevouts import PrevoutQuestion
from explorer.chain.spends import SpendQuestion
from explorer.chain.tip import ChainState, Moved, TipCheck, at_one_tip
from explorer.deadline import deadline
from explorer.decoding import json_decoder
from explorer.errors import ExplorerError, NodeBusy, NodeUnavailable, NotFound, Unsupported
from explorer.node import answers
from explorer.node.capabilities import Capabilities, get_capabilities
from explorer.node.rpc import Rpc

PER_PAGE = 50  # inputs, and outputs
FEW_INPUTS = 5  # whose transactions are asked for rather than the undo data of a whole block
SOON = 0.002  # seconds, in which a node says what it has of an ordinary transaction


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """`place` is None while it is unconfirmed, and `entry` is its place in the mempool then.

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
class _Found:
    raw: Raw  # `getrawtransaction`, as the node sent it
    outline: answers.TxOutline
    entry: answers.MempoolEntry | None = None
    is_genesis: bool = False
    is_small: bool = False  # found without what it spends, which is few enough to be asked for by itself


def get_transaction(rpc: Rpc, txid: str, block: Height | Hash | None, page: int) -> TransactionPage:
    """One round trip where its facts are kept, two as a rule, four at most for a node that is known. `block` is where
    to look when the node has no index of all transactions.

    Raises NotFound, or Unsupported where a node with txindex could know.
    """
    capabilities = get_capabilities(rpc)
    return at_one_tip(
        rpc,
        lambda state: (
            _from_facts(rpc, state, txid, page, capabilities) or _asked(rpc, state, txid, block, page, capabilities)
        ),
    )


def get_raw(rpc: Rpc, txid: str, block: Height | Hash | None) -> answers.Tx:
    """The transaction as the node prints it, with its hex, found as `get_transaction` finds it."""
    found = at_one_tip(rpc, lambda state: _find(rpc, state, txid, block))
    tx: answers.Tx = json_decoder(answers.Tx).decode(found.raw)
    tx.blockhash = found.outline.blockhash
    return tx


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
    spends = SpendQuestion(batch, tx, capabilities)
    batch.send()
    check.read()
    place, waiting = None, None
    if header:
        place = _place(header.whole())
        if not place.in_best_chain:  # the best chain may hold it, or the mempool
            return None
    if entry:
        waiting = entry.known()
        if waiting is None or waiting.wtxid != tx.wtxid:
            return None
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
    found = (_find_small(rpc, state, txid) if capabilities.txindex else None) or _find(rpc, state, txid, block)
    tx = facts.transaction_part(found.raw, found.outline, (page - 1) * PER_PAGE, PER_PAGE)
    if found.entry:
        tx = replace(tx, fee=satoshis(found.entry.fees.base))
    pages = _pages(tx)
    if page > pages:
        raise NotFound("page_of_list_not_found", pages=pages, page=page)

    second = Batch(rpc)
    check = TipCheck(second, state)
    block_hash = found.outline.blockhash
    header = second.ask(answers.Header, "getblockheader", block_hash) if block_hash else None
    # Neither a transaction of the mempool nor one that was found in the cheap way comes with the amounts it spends.
    parents = found.entry.depends if found.entry else None
    prevouts = (
        PrevoutQuestion(second, tx.inputs, capabilities.chain, parents) if found.entry or found.is_small else None
    )
    spends = SpendQuestion(second, tx, capabilities)
    second.send()
    check.read()
    place = _place(header.whole()) if header else None
    if prevouts:
        tx = tx.with_prevouts(prevouts.filled(tx.inputs))
    tx = _with_amounts(rpc, tx, capabilities)
    _keep(tx, block_hash, page)
    return _page(state, tx, place, found.entry, spends, page, found.is_genesis, capabilities)


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


def _find_small(rpc: Rpc, state: ChainState, txid: str) -> _Found | None:
    """A transaction of few inputs, the cheap way: `getrawtransaction` 1 costs a node a tenth of 2, which reads the undo
    data of the whole block. None for all others; one so large that its answer takes a while is not waited for."""

    def ask(node: Rpc) -> _Found | None:
        question = _Question(node, state, txid, 1)
        try:
            with deadline(SOON):
                question.batch.send()
        except (NodeBusy, NodeUnavailable):  # whoever is in trouble shows it when it is asked the other way
            return None
        return question.read()

    found = rpc.through(ask)
    return found if found and len(found.outline.vin) <= FEW_INPUTS else None


def _find(rpc: Rpc, state: ChainState, txid: str, block: Height | Hash | None) -> _Found:
    """One round trip where it can be found by its txid. One more to look into a block, two where a height names it,
    and two more for the coinbase of the genesis block, which a node never hands out."""
    question = _Question(rpc, state, txid, 2)
    question.batch.send()
    if found := question.read():
        return found
    if question.error and question.error.message_id == "genesis_coinbase":
        return _genesis(rpc)
    if (block_hash := _block_hash(rpc, block)) and (inside := _find_inside(rpc, txid, block_hash)):
        return inside
    raise question.error or NotFound("transaction_not_found", query=txid)


class _Question:
    """Where the node finds a transaction by its txid alone."""

    def __init__(self, rpc: Rpc, state: ChainState, txid: str, verbosity: int) -> None:
        self.batch = Batch(rpc)
        self._is_small = verbosity == 1
        self._check = TipCheck(self.batch, state)
        self._tx = self.batch.ask(Raw, "getrawtransaction", txid, verbosity)
        self._entry = self.batch.ask(answers.MempoolEntry, "getmempoolentry", txid)

    @property
    def error(self) -> ExplorerError | None:
        """Why it is not found."""
        return self._tx.error

    def read(self) -> _Found | None:
        """Raises Moved for one that leaves the mempool in this very moment."""
        self._check.read()
        raw = self._tx.known()
        if raw is None:
            return None
        outline = _outline(raw)
        entry = self._entry.known() if outline.blockhash is None else None
        if outline.blockhash is None and entry is None:
            raise Moved
        return _Found(raw, outline, entry, is_small=self._is_small)


def _outline(raw: Raw) -> answers.TxOutline:
    outline: answers.TxOutline = json_decoder(answers.TxOutline).decode(raw)
    return outline


def _genesis(rpc: Rpc) -> _Found:
    block_hash = rpc.call("getblockhash", 0, into=str)
    (raw,) = rpc.call("getblock", block_hash, 2, into=answers.RawBlockTransactions).tx
    outline = _outline(raw)
    outline.blockhash = block_hash
    return _Found(raw, outline, is_genesis=True)


def _find_inside(rpc: Rpc, txid: str, block_hash: str) -> _Found | None:
    """The transaction in that block, None where it is not. Raises Unsupported where the node lacks the block."""
    batch = Batch(rpc)
    full = batch.ask(Raw, "getrawtransaction", txid, 2, block_hash)
    # In a block that was never connected only this finds it: there is no undo data for the other.
    bare = batch.ask(Raw, "getrawtransaction", txid, 1, block_hash)
    batch.send()
    if isinstance(bare.error, Unsupported):
        raise bare.error
    raw = full.known() or bare.known()
    return _Found(raw, _outline(raw)) if raw else None


def _block_hash(rpc: Rpc, block: Height | Hash | None) -> str | None:
    if not isinstance(block, Height):
        return block.hex if block else None
    if block.height > MAX_HEIGHT:
        return None
    batch = Batch(rpc)
    reply = batch.ask(str, "getblockhash", block.height)
    batch.send()
    return reply.known()


def _place(header: answers.Header) -> Place:
    return Place(header.hash, header.height, header.time, max(0, header.confirmations))


def _with_amounts(rpc: Rpc, tx: TransactionPart, capabilities: Capabilities) -> TransactionPart:
    """A last try for amounts that are still missing: a block that was never connected, a parent mined meanwhile."""
    missing = [i for i in tx.inputs if i.txid and not i.prevout]
    if not missing or not capabilities.txindex:
        return tx
    batch = Batch(rpc)
    question = PrevoutQuestion(batch, missing, capabilities.chain)
    batch.send()
    return tx.with_prevouts(question.filled(tx.inputs))
