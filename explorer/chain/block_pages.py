"""A block as a visitor reads it: its facts, its place in the chain, and a page of its transactions."""

from __future__ import annotations

from dataclasses import dataclass

from explorer import cache
from explorer.bitcoin.models import BlockFacts, BlockState, ChainStatus, TransactionCard
from explorer.chain import facts, tip
from explorer.chain.batch import Batch
from explorer.chain.block_facts import BlockTxids, Sketch, SketchQuestion, ask_coinbase, is_complete
from explorer.chain.cards import PER_PAGE, get_cards
from explorer.errors import ExplorerError, NotFound, Unsupported
from explorer.node import answers
from explorer.node.capabilities import get_capabilities
from explorer.node.rpc import Rpc

SMALL_BLOCK = 60  # transactions: up to here one getblock 3 is the cheapest


@dataclass(frozen=True, slots=True)
class BlockPage:
    """`missing` says why figures or amounts cannot be known; `best_hash` is the best chain's block at the same height
    where that is another one; `needs_block`: the node finds these transactions only when told their block."""

    chain: ChainStatus
    block: BlockFacts
    state: BlockState
    cards: tuple[TransactionCard, ...]
    page: int
    pages: int
    best_hash: str | None
    missing: ExplorerError | None
    needs_block: bool

    @property
    def is_stale(self) -> bool:
        """Whether the chain went on without it. One that has not arrived yet may still become part of the chain."""
        return not self.state.in_best_chain and self.block.header.tx_count is not None

    @property
    def first(self) -> int:
        """The position in the block of the page's first transaction."""
        return (self.page - 1) * PER_PAGE


def get_block_page(rpc: Rpc, block_hash: str, page: int) -> BlockPage:
    """At most three round trips, one where the facts are kept. NotFound for an unknown block or page."""
    has_txindex = get_capabilities(rpc).txindex
    kept = _kept(block_hash)
    first = Batch(rpc)
    info = first.ask(answers.BlockchainInfo, "getblockchaininfo")
    question = KeptSketch(first, kept) if kept else SketchQuestion(first, block_hash)
    first.send()
    chain, header, sketch = facts.chain_status(info.whole()), question.header.whole(), question.read()
    tip.remember(rpc, chain)
    state, txids = facts.block_state(header), sketch.txids
    pages = max(1, -(-txids.count // PER_PAGE))
    if page > pages:
        raise NotFound("page_of_list_not_found", pages=pages, page=page)

    second = Batch(rpc)
    best_hash = None if state.in_best_chain else second.ask(str, "getblockhash", header.height)
    coinbase = ask_coinbase(second, sketch) if page > 1 else None
    # Where getblockstats knows nothing, for a block that was never connected, getblock 3 has no amounts either.
    one_by_one = has_txindex and (txids.count > SMALL_BLOCK or sketch.stats is None)
    cards: tuple[TransactionCard, ...] = ()
    missing = sketch.missing
    if txids.count:
        try:
            cards = get_cards(second, block_hash, txids, page, one_by_one=one_by_one)
        except Unsupported as error:  # pruned since the facts were kept
            missing = error
    second.send()  # if the cards were kept
    block = sketch.finish(coinbase() if coinbase else _coinbase_script(cards))
    if not kept and is_complete(block):
        cache.keep(block_hash, block)
        sketch.keep_txids()
    return BlockPage(
        chain=chain,
        block=block,
        state=state,
        cards=cards,
        page=page,
        pages=pages,
        best_hash=best_hash.known() if best_hash else None,
        missing=missing,
        needs_block=not has_txindex or not state.in_best_chain,
    )


def _kept(block_hash: str) -> Sketch | None:
    block, txids = cache.look_up(block_hash, BlockFacts), cache.look_up(block_hash, BlockTxids)
    return Sketch(block.header, block.stats, txids, block.coinbase_script) if block and txids else None


class KeptSketch:
    """In the place of a SketchQuestion where the facts are kept: only the block's place in the chain is asked for."""

    def __init__(self, batch: Batch, sketch: Sketch) -> None:
        self.header = batch.ask(answers.Header, "getblockheader", sketch.header.hash)
        self._sketch = sketch

    def read(self) -> Sketch:
        return self._sketch


def _coinbase_script(cards: tuple[TransactionCard, ...]) -> str | None:
    """From the cards of a first page."""
    return cards[0].inputs[0].coinbase if cards else None
