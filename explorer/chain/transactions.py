"""One transaction: where it stands, what it spends, and what became of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.bitcoin.amounts import satoshis
from explorer.bitcoin.models import ChainStatus, Input, MempoolEntry, Output, Place, Spend, Transaction
from explorer.bitcoin.query import MAX_HEIGHT, Hash, Height
from explorer.chain import facts, tip
from explorer.chain.batch import Batch
from explorer.chain.prevouts import PrevoutQuestion
from explorer.chain.spends import SpendQuestion
from explorer.errors import NotFound, Unsupported
from explorer.node import answers
from explorer.node.capabilities import Capabilities, get_capabilities
from explorer.node.rpc import Rpc

PER_PAGE = 100  # inputs, and outputs


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """`place` is None while it is unconfirmed, and `entry` is its place in the mempool then.

    `spends` tells, for the page's outputs, what became of them. `needs_block`: the node finds a confirmed transaction
    only when told its block.
    """

    chain: ChainStatus
    tx: Transaction
    place: Place | None
    entry: MempoolEntry | None
    spends: dict[int, Spend]
    page: int
    pages: int
    is_genesis: bool
    needs_block: bool

    @property
    def inputs(self) -> list[tuple[int, Input]]:
        first = (self.page - 1) * PER_PAGE
        return list(enumerate(self.tx.inputs[first : first + PER_PAGE], start=first))

    @property
    def outputs(self) -> list[tuple[int, Output]]:
        first = (self.page - 1) * PER_PAGE
        return list(enumerate(self.tx.outputs[first : first + PER_PAGE], start=first))


@dataclass(frozen=True, slots=True)
class _Found:
    chain: ChainStatus
    answer: answers.Tx
    entry: answers.MempoolEntry | None = None
    is_genesis: bool = False


def get_transaction(rpc: Rpc, txid: str, block: Height | Hash | None, page: int) -> TransactionPage:
    """Two round trips as a rule, four at most for a node that is known. `block` is where to look when the node has no
    index of all transactions.

    Raises NotFound, or Unsupported where a node with txindex could know.
    """
    capabilities = get_capabilities(rpc)
    found = _find(rpc, txid, block)
    tip.remember(rpc, found.chain)
    tx = facts.transaction(found.answer)
    if found.entry:
        tx = replace(tx, fee=satoshis(found.entry.fees.base))
    pages = max(1, -(-max(tx.input_count, tx.output_count) // PER_PAGE))
    if page > pages:
        raise NotFound("page_of_list_not_found", pages=pages, page=page)
    shown = slice((page - 1) * PER_PAGE, page * PER_PAGE)

    second = Batch(rpc)
    block_hash = found.answer.blockhash
    header = second.ask(answers.Header, "getblockheader", block_hash) if block_hash else None
    prevouts = _unconfirmed_prevouts(second, found, tx.inputs[shown])
    spends = SpendQuestion(second, tx, range(tx.output_count)[shown], capabilities)
    second.send()
    place = _place(header.whole()) if header else None
    tx = _with_amounts(rpc, prevouts.fill(tx) if prevouts else tx, shown, capabilities)
    return TransactionPage(
        chain=found.chain,
        tx=tx,
        place=place,
        entry=facts.mempool_entry(found.entry) if found.entry else None,
        spends=spends.read(place, is_genesis=found.is_genesis),
        page=page,
        pages=pages,
        is_genesis=found.is_genesis,
        needs_block=not capabilities.txindex,
    )


def get_raw(rpc: Rpc, txid: str, block: Height | Hash | None) -> answers.Tx:
    """The transaction as the node prints it, with its hex, found as `get_transaction` finds it."""
    return _find(rpc, txid, block).answer


def _find(rpc: Rpc, txid: str, block: Height | Hash | None) -> _Found:
    """One round trip where it can be found by its txid. One more to look into a block, two where a height names it,
    and one more for the coinbase of the genesis block, which a node never hands out."""
    batch = Batch(rpc)
    info = batch.ask(answers.BlockchainInfo, "getblockchaininfo")
    genesis = batch.ask(str, "getblockhash", 0)
    plain = batch.ask(answers.Tx, "getrawtransaction", txid, 2)
    entry = batch.ask(answers.MempoolEntry, "getmempoolentry", txid)
    batch.send()
    chain = facts.chain_status(info.whole())
    if plain.error and plain.error.message_id == "genesis_coinbase":
        (answer,) = rpc.call("getblock", genesis.whole(), 2, into=answers.BlockTransactions).tx
        answer.blockhash = genesis.whole()
        return _Found(chain, answer, is_genesis=True)
    if found := plain.known():
        return _Found(chain, found, entry.known() if found.blockhash is None else None)
    if (block_hash := _block_hash(rpc, block)) and (inside := _find_inside(rpc, txid, block_hash)):
        return _Found(chain, inside)
    raise plain.error or NotFound("transaction_not_found", query=txid)


def _find_inside(rpc: Rpc, txid: str, block_hash: str) -> answers.Tx | None:
    """The transaction in that block, None where it is not. Raises Unsupported where the node lacks the block."""
    batch = Batch(rpc)
    full = batch.ask(answers.Tx, "getrawtransaction", txid, 2, block_hash)
    # In a block that was never connected only this finds it: there is no undo data for the other.
    bare = batch.ask(answers.Tx, "getrawtransaction", txid, 1, block_hash)
    batch.send()
    if isinstance(bare.error, Unsupported):
        raise bare.error
    return full.known() or bare.known()


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


def _unconfirmed_prevouts(batch: Batch, found: _Found, inputs: Sequence[Input]) -> PrevoutQuestion | None:
    """The node sends no amounts along with a transaction of the mempool."""
    return PrevoutQuestion(batch, inputs, found.entry.depends) if found.entry else None


def _with_amounts(rpc: Rpc, tx: Transaction, shown: slice, capabilities: Capabilities) -> Transaction:
    """A last try for amounts that are still missing: a block that was never connected, a parent mined meanwhile."""
    missing = [i for i in tx.inputs[shown] if i.txid and not i.prevout]
    if not missing or not capabilities.txindex:
        return tx
    batch = Batch(rpc)
    question = PrevoutQuestion(batch, missing)
    batch.send()
    return question.fill(tx)
