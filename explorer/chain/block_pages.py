"""A block as a visitor reads it: its facts, its place in the chain, and a page of its transactions."""

from __future__ import annotations

from dataclasses import dataclass

from explorer import cache
from explorer.bitcoin.models import BlockFacts, BlockState, TransactionCard
from explorer.chain import facts
from explorer.chain.batch import Batch, Reply
from explorer.chain.block_facts import BlockTxids, Sketch, SketchQuestion, ask_coinbase, is_complete
from explorer.chain.cards import PER_PAGE, get_cards, kept_cards
from explorer.chain.tip import ChainState, TipCheck, at_one_tip
from explorer.chain.wishes import whole_blocks
from explorer.errors import ExplorerError, NotFound, Unsupported
from explorer.node import answers
from explorer.node.capabilities import get_capabilities
from explorer.node.rpc import Rpc
from explorer.places import heavy


@dataclass(frozen=True, slots=True)
class BlockPage:
    """`missing` says why figures or amounts cannot be known; `best_hash` is the best chain's block at the same height
    where that is another one; `needs_block`: the node finds these transactions only when told their block."""

    state: ChainState
    block: BlockFacts
    place: BlockState
    cards: tuple[TransactionCard, ...]
    page: int
    pages: int
    best_hash: str | None
    missing: ExplorerError | None
    needs_block: bool

    @property
    def is_stale(self) -> bool:
        """Whether the chain went on without it. One that has not arrived yet may still become part of the chain."""
        return not self.place.in_best_chain and self.block.header.tx_count is not None

    @property
    def first(self) -> int:
        """The position in the block of the page's first transaction."""
        return (self.page - 1) * PER_PAGE


def get_block_page(rpc: Rpc, block_hash: str, page: int) -> BlockPage:
    """Nothing is asked where all is kept, and at most four times in a row otherwise, some of it at the same time.

    Raises NotFound for an unknown block or page.
    """
    if _kept(block_hash) and kept_cards(block_hash, page):
        return at_one_tip(rpc, lambda state: _page(rpc, state, block_hash, page))
    with heavy():
        found = at_one_tip(rpc, lambda state: _page(rpc, state, block_hash, page))
    if found.pages > 1:
        whole_blocks.add(block_hash)
    return found


def _page(rpc: Rpc, state: ChainState, block_hash: str, page: int) -> BlockPage:
    capabilities = get_capabilities(rpc)
    kept = _kept(block_hash)
    question = _SketchMeanwhile(rpc, block_hash)
    place = cache.look_up(_place_key(state, block_hash), BlockState) if kept else None
    if place is None:
        place = _ask_place(rpc, state, block_hash, None if kept else question)
    txids = kept.txids if kept else question.txids()
    pages = max(1, -(-txids.count // PER_PAGE))
    if page > pages:
        raise NotFound("page_of_list_not_found", pages=pages, page=page)

    second = Batch(rpc)
    coinbase_script = kept.coinbase_script if kept else question.coinbase_script()
    coinbase = ask_coinbase(second, block_hash, place.height, txids) if page > 1 and not coinbase_script else None
    best_hash = None if place.in_best_chain else second.ask(str, "getblockhash", place.height)
    cards: tuple[TransactionCard, ...] = ()
    missing: ExplorerError | None = None
    if txids.count:
        try:
            cards = get_cards(second, block_hash, txids, page, capabilities)
        except Unsupported as error:  # pruned since the facts were kept
            missing = error
    second.send()  # what the cards did not take along
    sketch = kept or question.read(txids)
    if cards and page == 1:
        coinbase_script = cards[0].inputs[0].coinbase
    block = sketch.finish(coinbase() if coinbase else coinbase_script)
    if not kept and is_complete(block):
        cache.keep(block_hash, block)
        sketch.keep_txids()
    return BlockPage(
        state=state,
        block=block,
        place=place,
        cards=cards,
        page=page,
        pages=pages,
        best_hash=best_hash.known() if best_hash else None,
        missing=missing or sketch.missing,
        needs_block=not capabilities.txindex or not place.in_best_chain,
    )


def _kept(block_hash: str) -> Sketch | None:
    block, txids = cache.look_up(block_hash, BlockFacts), cache.look_up(block_hash, BlockTxids)
    return Sketch(block.header, block.stats, txids, block.coinbase_script) if block and txids else None


def _place_key(state: ChainState, block_hash: str) -> str:
    """Where a block stands never changes as seen from one tip."""
    return f"{state.tip}:{block_hash}"


def _ask_place(rpc: Rpc, state: ChainState, block_hash: str, sketch: _SketchMeanwhile | None) -> BlockState:
    """Where the block stands, along with the rest of what its hash finds where that is wanted."""
    batch = Batch(rpc)
    check = TipCheck(batch, state)
    header = sketch.ask(batch) if sketch else batch.ask(answers.Header, "getblockheader", block_hash)
    batch.send()
    check.read()
    place = facts.block_state(header.whole())
    cache.keep(_place_key(state, block_hash), place)
    return place


class _SketchMeanwhile:
    """A SketchQuestion whose figures are under way while the transactions are asked for."""

    def __init__(self, rpc: Rpc, block_hash: str) -> None:
        self._rpc = rpc
        self._block_hash = block_hash

    def ask(self, batch: Batch) -> Reply[answers.Header]:
        beside = Batch(self._rpc)
        self._question = SketchQuestion(batch, beside, self._block_hash)
        self._figures = beside.send_meanwhile()
        return self._question.header

    def txids(self) -> BlockTxids:
        return self._question.txids()

    def coinbase_script(self) -> str | None:
        return self._question.coinbase_script()

    def read(self, txids: BlockTxids) -> Sketch:
        self._figures()
        return self._question.read(txids)
