"""A page of a block's transactions, as cards. The cheapest way to them depends on the node (measured in
docs/performance.md):

- REST hands out the block and what it spends in binary, a hundred times cheaper than as JSON;
- with txindex each transaction is asked for by itself, then those whose outputs they spend, in binary too:
  `getrawtransaction` 0 costs half of 1 and a twentieth of 2, which reads the whole block's undo data each time;
- without it `getrawtransaction` 2 is all there is for a page of a large block, shared out over several connections;
- for a small block, and for all pages of a large one at once, one `getblock` 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from explorer import cache
from explorer.bitcoin.models import BlockFacts, TransactionCard, card
from explorer.bitcoin.raw_block import RawBlock
from explorer.bitcoin.raw_transaction import RawTransaction
from explorer.chain import facts
from explorer.chain.batch import Batch
from explorer.chain.block_facts import BlockTxids
from explorer.chain.odd_bytes import reading
from explorer.chain.prevouts import PrevoutQuestion, missing
from explorer.errors import ExplorerError, NotFound
from explorer.node import answers
from explorer.node.capabilities import Capabilities
from explorer.node.rpc import Rpc

PER_PAGE = 25  # transactions
SHOWN = 20  # inputs, and outputs, of each; the rest is on the transaction's own page
SMALL_BLOCK = 60  # transactions: up to here one getblock 3 is the cheapest
LANES = 3  # connections that share out what only getrawtransaction 2 can tell

Cards = tuple[TransactionCard, ...]


@dataclass(frozen=True, slots=True)
class CardPage:
    """A fact: the transactions of one page of a block."""

    cards: Cards


def pages_of(count: int | None) -> int:
    """How many pages so many transactions have; one where it is not known."""
    return max(1, -(-(count or 0) // PER_PAGE))


def check_page(page: int, count: int) -> None:
    """Raises NotFound for a page that so many transactions do not have."""
    if page > pages_of(count):
        raise NotFound("page_of_list_not_found", pages=pages_of(count), page=page)


def keep_cards(block_hash: str, page: int, cards: Cards) -> None:
    """Only where nothing about them is unknown."""
    if _is_complete(found := CardPage(cards)):
        cache.keep(_key(block_hash, page), found)


def kept_cards(block_hash: str, page: int) -> CardPage | None:
    return cache.look_up(_key(block_hash, page), CardPage)


def get_cards(batch: Batch, block_hash: str, txids: BlockTxids, page: int, capabilities: Capabilities) -> Cards:
    """The transactions of a page (counted from 1), in at most two round trips.

    The first of them takes along what the batch has gathered already. It stays unsent where the cards are kept.
    """
    key = _key(block_hash, page)
    shown = txids.slice((page - 1) * PER_PAGE, PER_PAGE)

    def make(_: Sequence[str]) -> dict[str, CardPage]:
        if txids.count <= SMALL_BLOCK:
            pages = list(_in_pages(_whole_block(batch, block_hash)))
            if _is_complete(pages[page - 1]) or not capabilities.txindex:
                return {_key(block_hash, number): found for number, found in enumerate(pages, start=1)}
        if capabilities.txindex:
            found = _by_bytes(batch, block_hash, shown, capabilities.chain)
            return {key: found or _one_by_one(Batch(batch.rpc), block_hash, shown, capabilities.chain)}
        return {key: _with_undo(batch, block_hash, shown)}

    return cache.fetch([key], CardPage, make, complete=_is_complete)[key].cards


def has_all_cards(block_hash: str) -> bool:
    """Whether the cards of every page of a block are kept already; False for one whose facts are not."""
    block = cache.look_up(block_hash, BlockFacts)
    return block is not None and kept_cards(block_hash, pages_of(block.header.tx_count)) is not None


def keep_all_cards(rpc: Rpc, block_hash: str, capabilities: Capabilities) -> Iterator[int]:
    """Asks for the whole block at once and keeps the cards of every page; gives each page's number once it is kept.

    Raises the node's error; of a block without undo data nothing is kept.
    """
    for number, page in enumerate(_in_pages(_all_cards(rpc, block_hash, capabilities)), start=1):
        if not _is_complete(page):
            return
        cache.keep(_key(block_hash, number), page)
        yield number


def _all_cards(rpc: Rpc, block_hash: str, capabilities: Capabilities) -> Iterator[TransactionCard]:
    if capabilities.rest:
        return _by_rest(rpc, block_hash, capabilities.chain)
    return _whole_block(Batch(rpc), block_hash)


def _in_pages(cards: Iterator[TransactionCard]) -> Iterator[CardPage]:
    while page := tuple(islice(cards, PER_PAGE)):
        yield CardPage(page)


def _key(block_hash: str, page: int) -> str:
    return f"{block_hash}:{page}"


def _is_complete(page: CardPage) -> bool:
    return all(card.is_coinbase or card.fee is not None for card in page.cards)


# --- the ways ---------------------------------------------------------------------------------------------------------


def _by_rest(rpc: Rpc, block_hash: str, network: str) -> Iterator[TransactionCard]:
    block = rpc.rest(f"block/{block_hash}.bin")
    spent = rpc.rest(f"spenttxouts/{block_hash}.bin")
    with reading("rest/block"):
        yield from RawBlock(block, spent, network).cards(SHOWN)


def _whole_block(batch: Batch, block_hash: str) -> Iterator[TransactionCard]:
    block = batch.ask(answers.BlockTransactions, "getblock", block_hash, 3)
    batch.send()
    return (card(facts.transaction(tx), SHOWN) for tx in block.whole().tx)


def _by_bytes(batch: Batch, block_hash: str, txids: Sequence[str], network: str) -> CardPage | None:
    """The transactions, and those whose outputs they spend, as bytes: for a node half as dear as JSON, and less where
    one of a thousand outputs is meant. None where one of them spends more than is shown, or what the node lacks."""
    replies = [batch.ask(str, "getrawtransaction", txid, 0, block_hash) for txid in txids]
    batch.send()
    with reading("getrawtransaction"):
        txs = [RawTransaction(bytes.fromhex(reply.whole())) for reply in replies]
        if any(len(tx.spends) > SHOWN for tx in txs):
            return None
        second = Batch(batch.rpc)
        wanted = dict.fromkeys(txid for tx in txs for txid, _ in tx.spends)
        asked = {txid: second.ask(str, "getrawtransaction", txid, 0) for txid in wanted}
        second.send()
        if any(answer.known() is None for answer in asked.values()):
            return None
        parents = {txid: RawTransaction(bytes.fromhex(answer.whole())) for txid, answer in asked.items()}
        spent = [[parents[txid].output(vout) for txid, vout in tx.spends] for tx in txs]
        return CardPage(tuple(RawBlock.of_part(txs, spent, network).cards(SHOWN)))


def _one_by_one(batch: Batch, block_hash: str, txids: Sequence[str], network: str) -> CardPage:
    replies = [batch.ask(answers.Tx, "getrawtransaction", txid, 1, block_hash) for txid in txids]
    batch.send()
    txs = [facts.transaction(reply.whole()) for reply in replies]
    second = Batch(batch.rpc)
    undone = {
        tx.txid: second.ask(answers.Tx, "getrawtransaction", tx.txid, 2, block_hash)
        for tx in txs
        if tx.input_count > SHOWN
    }
    few = [i for tx in txs if tx.input_count <= SHOWN for i in tx.inputs]
    prevouts = PrevoutQuestion(second, missing(few), network)
    second.send()
    full = {txid: facts.transaction(tx) for txid, reply in undone.items() if (tx := reply.known())}
    return CardPage(tuple(card(full.get(tx.txid) or prevouts.fill(tx), SHOWN) for tx in txs))


def _with_undo(batch: Batch, block_hash: str, txids: Sequence[str]) -> CardPage:
    lanes = [batch, *(Batch(batch.rpc) for _ in range(LANES - 1))]
    replies = [
        lanes[position % LANES].ask(answers.Tx, "getrawtransaction", txid, 2, block_hash)
        for position, txid in enumerate(txids)
    ]
    under_way = [lane.send_meanwhile() for lane in lanes[1:]]
    batch.send()
    for lane in under_way:
        lane()
    if any(_lacks_undo(reply.error) for reply in replies):  # of a block that was never connected: no amounts
        replies = [batch.ask(answers.Tx, "getrawtransaction", txid, 1, block_hash) for txid in txids]
        batch.send()
    return CardPage(tuple(card(facts.transaction(reply.whole()), SHOWN) for reply in replies))


def _lacks_undo(error: ExplorerError | None) -> bool:
    return error is not None and error.message_id == "undo_missing"
