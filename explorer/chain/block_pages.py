"""A block as a visitor reads it: its facts, its place in the chain, and a page of its transactions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from explorer import cache
from explorer.bitcoin.models import BlockFacts, BlockState, TransactionCard
from explorer.chain import facts
from explorer.chain.batch import Batch
from explorer.chain.block_by_rest import find_by_rest
from explorer.chain.block_facts import Figured, FoundBlock, SketchQuestion, ask_coinbase, is_complete
from explorer.chain.cards import PER_PAGE, check_page, get_cards, kept_cards, pages_of
from explorer.chain.tip import ChainState, TipCheck, at_one_tip
from explorer.chain.wishes import whole_blocks
from explorer.errors import ExplorerError
from explorer.node import answers
from explorer.node.capabilities import Capabilities, get_capabilities
from explorer.node.rpc import Rpc
from explorer.places import heavy


@dataclass(frozen=True, slots=True)
class BlockPage:
    """`best_hash` is the best chain's block at the same height where that is another one; `needs_block`: the node finds
    these transactions only when told their block. `figured` gives the rest, for which one may have to wait."""

    state: ChainState
    place: BlockState
    count: int | None
    cards: tuple[TransactionCard, ...]
    page: int
    pages: int
    best_hash: str | None
    needs_block: bool
    figured: Callable[[], Figured]

    @property
    def block(self) -> BlockFacts:
        return self.figured().block

    @property
    def missing(self) -> ExplorerError | None:
        """Why figures or amounts cannot be known."""
        return self.figured().missing

    @property
    def is_stale(self) -> bool:
        """Whether the chain went on without it. One that has not arrived yet may still become part of the chain."""
        return not self.place.in_best_chain and self.count is not None

    @property
    def first(self) -> int:
        """The position in the block of the page's first transaction."""
        return (self.page - 1) * PER_PAGE


@contextmanager
def block_page(rpc: Rpc, block_hash: str, page: int) -> Iterator[BlockPage]:
    """As soon as its cards are there. What is figured is to be read inside, where it has one of the places for heavy
    questions. Nothing is asked where all is kept, and at most four times in a row otherwise, some at the same time.

    Raises NotFound for an unknown block or page.
    """
    if cache.look_up(block_hash, BlockFacts) and kept_cards(block_hash, page):
        yield at_one_tip(rpc, lambda state: _page(rpc, state, block_hash, page))
        return
    with heavy():
        found = at_one_tip(rpc, lambda state: _page(rpc, state, block_hash, page))
        yield found
    if found.pages > 1:
        whole_blocks.add(block_hash)


def _page(rpc: Rpc, state: ChainState, block_hash: str, page: int) -> BlockPage:
    capabilities = get_capabilities(rpc)
    found = _from_facts(rpc, state, block_hash, page)
    if found is None and capabilities.rest:
        found = find_by_rest(rpc, state, block_hash, page, capabilities.chain)
    if found is None:
        found = _by_rpc(rpc, state, block_hash, page, capabilities)
    cache.keep(_place_key(state, block_hash), found.place)
    is_best = found.place.in_best_chain
    return BlockPage(
        state=state,
        place=found.place,
        count=found.count,
        cards=found.cards,
        page=page,
        pages=pages_of(found.count),
        best_hash=None if is_best else _best_hash(rpc, found.place.height),
        needs_block=not capabilities.txindex or not is_best,
        figured=functools.cache(found.figured),
    )


def _place_key(state: ChainState, block_hash: str) -> str:
    """Where a block stands never changes as seen from one tip."""
    return f"{state.tip}:{block_hash}"


def _from_facts(rpc: Rpc, state: ChainState, block_hash: str, page: int) -> FoundBlock | None:
    """Where both the block's facts and the cards of the page are kept."""
    block, cards = cache.look_up(block_hash, BlockFacts), kept_cards(block_hash, page)
    if block is None or cards is None:
        return None
    place = cache.look_up(_place_key(state, block_hash), BlockState)
    if place is None:
        batch = Batch(rpc)
        check = TipCheck(batch, state)
        header = batch.ask(answers.Header, "getblockheader", block_hash)
        batch.send()
        check.read()
        place = facts.block_state(header.whole())
    return FoundBlock(place, block.header.tx_count, cards.cards, lambda: Figured(block))


def _by_rpc(rpc: Rpc, state: ChainState, block_hash: str, page: int, capabilities: Capabilities) -> FoundBlock:
    first, beside, second = Batch(rpc), Batch(rpc), Batch(rpc)
    check = TipCheck(first, state)
    question = SketchQuestion(first, beside, block_hash)
    figures = beside.send_meanwhile()  # they are waited for only once the transactions are there
    first.send()
    check.read()
    place, txids = facts.block_state(question.header.whole()), question.txids()
    check_page(page, txids.count)
    script = question.coinbase_script()
    coinbase = ask_coinbase(second, block_hash, place.height, txids) if page > 1 and not script else None
    cards = get_cards(second, block_hash, txids, page, capabilities) if txids.count else ()
    second.send()  # what the cards did not take along
    figures()
    sketch = question.read(txids)
    if coinbase:
        script = coinbase()
    elif cards and page == 1:
        script = cards[0].inputs[0].coinbase
    block = sketch.finish(script)
    if is_complete(block):
        cache.keep(block_hash, block)
        sketch.keep_txids()
    return FoundBlock(place, block.header.tx_count, cards, lambda: Figured(block, sketch.missing))


def _best_hash(rpc: Rpc, height: int) -> str | None:
    batch = Batch(rpc)
    reply = batch.ask(str, "getblockhash", height)
    batch.send()
    return reply.known()
