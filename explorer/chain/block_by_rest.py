"""A page of a block from the node's REST interface, which hands out the block and what it spends in binary: the header,
the figures and these two are asked for at the same time, and read only as far as the page goes. The figures take the
node longest: the cards are there before them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice

from explorer import cache
from explorer.bitcoin.layout import HEADER_SIZE
from explorer.bitcoin.models import WITNESS_SCALE, BlockFacts, BlockHeader, TransactionCard
from explorer.bitcoin.raw_block import RawBlock
from explorer.chain import facts
from explorer.chain.batch import Batch, meanwhile
from explorer.chain.block_facts import Figured, FoundBlock, is_complete
from explorer.chain.cards import PER_PAGE, SHOWN, check_page, keep_cards
from explorer.chain.odd_bytes import reading
from explorer.chain.tip import ChainState, TipCheck
from explorer.errors import NotFound
from explorer.node import answers
from explorer.node.rpc import Rpc

COUNT_SIZES = ((0xFD, 1), (0x10000, 3))  # bytes that a count of transactions up to there takes in a block


def find_by_rest(rpc: Rpc, state: ChainState, block_hash: str, page: int, network: str) -> FoundBlock | None:
    """One round trip, on four connections. None where REST has not all of it: of a block that was pruned, or never
    connected."""
    beside, batch = Batch(rpc), Batch(rpc)
    stats_reply = beside.ask(answers.Stats, "getblockstats", block_hash)
    figures = beside.send_meanwhile()  # the dearest, so it is begun first and waited for last
    spent_body = meanwhile(partial(rpc.rest, f"spenttxouts/{block_hash}.bin"))
    check = TipCheck(batch, state)
    header_reply = batch.ask(answers.Header, "getblockheader", block_hash)
    batch.send()
    check.read()
    header = header_reply.whole()
    check_page(page, header.nTx)
    with suppress(NotFound):
        block = rpc.rest(f"block/{block_hash}.bin")
        spent = spent_body()
        with reading("rest/block"):
            cards, coinbase = _read(RawBlock(block, spent, network), page)
        keep_cards(block_hash, page, cards)

        def figured() -> Figured:
            figures()
            script = coinbase.inputs[0].coinbase
            if (stats := stats_reply.known()) is None:
                whole = rpc.call("getblock", block_hash, 1, into=answers.Block)
                return Figured(BlockFacts(facts.block_header(header, whole), None, script), stats_reply.error)
            known = BlockFacts(_header(header, stats, len(block), coinbase.weight), facts.block_stats(stats), script)
            if is_complete(known):
                cache.keep(block_hash, known)
            return Figured(known)

        return FoundBlock(facts.block_state(header), header.nTx or None, cards, figured)
    return None


def _read(block: RawBlock, page: int) -> tuple[tuple[TransactionCard, ...], TransactionCard]:
    """The cards of the page, and that of the coinbase."""
    cards = tuple(islice(block.cards(SHOWN, (page - 1) * PER_PAGE), PER_PAGE))
    return cards, cards[0] if page == 1 else next(block.cards(1))


def _header(header: answers.Header, stats: answers.Stats, size: int, coinbase_weight: int) -> BlockHeader:
    """With the weights, which follow from the size and the figures."""
    count_size = next((length for bound, length in COUNT_SIZES if header.nTx < bound), 5)
    weight = stats.total_weight + coinbase_weight + WITNESS_SCALE * (HEADER_SIZE + count_size)
    stripped = (weight - size) // (WITNESS_SCALE - 1)
    return replace(facts.block_header(header, None), size=size, weight=weight, stripped_size=stripped)
