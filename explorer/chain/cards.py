"""A page of a block's transactions, as cards. Two ways lead to it.

With txindex: each transaction by itself, then those whose outputs they spend, which is ten times cheaper than asking
for the inputs' amounts at once (`getrawtransaction` 2 reads the block's whole undo data each time). Without it, and
for small blocks: one `getblock` 3, whose answer serves every page of the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explorer import cache
from explorer.bitcoin.models import TransactionCard, card
from explorer.chain import facts
from explorer.chain.batch import Batch
from explorer.chain.block_facts import BlockTxids
from explorer.chain.prevouts import PrevoutQuestion
from explorer.node import answers

PER_PAGE = 25  # transactions
SHOWN = 20  # inputs, and outputs, of each; the rest is on the transaction's own page


@dataclass(frozen=True, slots=True)
class CardPage:
    """A fact: the transactions of one page of a block."""

    cards: tuple[TransactionCard, ...]


def get_cards(
    batch: Batch, block_hash: str, txids: BlockTxids, page: int, *, one_by_one: bool
) -> tuple[TransactionCard, ...]:
    """The transactions of a page (counted from 1); two round trips one by one, and one otherwise.

    The first of them takes along what the batch has gathered already. It stays unsent where the cards are kept.
    """
    key = _key(block_hash, page)

    def make(_: Sequence[str]) -> dict[str, CardPage]:
        if one_by_one:
            return {key: _one_by_one(batch, block_hash, txids.slice((page - 1) * PER_PAGE, PER_PAGE))}
        return _whole_block(batch, block_hash)

    return cache.fetch([key], CardPage, make, complete=_is_complete)[key].cards


def _key(block_hash: str, page: int) -> str:
    return f"{block_hash}:{page}"


def _is_complete(page: CardPage) -> bool:
    return all(card.is_coinbase or card.fee is not None for card in page.cards)


def _whole_block(batch: Batch, block_hash: str) -> dict[str, CardPage]:
    block = batch.ask(answers.BlockTransactions, "getblock", block_hash, 3)
    batch.send()
    cards = [card(facts.transaction(tx), SHOWN) for tx in block.whole().tx]
    return {
        _key(block_hash, number): CardPage(tuple(cards[first : first + PER_PAGE]))
        for number, first in enumerate(range(0, len(cards), PER_PAGE), start=1)
    }


def _one_by_one(batch: Batch, block_hash: str, txids: Sequence[str]) -> CardPage:
    replies = [batch.ask(answers.Tx, "getrawtransaction", txid, 1, block_hash) for txid in txids]
    batch.send()
    txs = [facts.transaction(reply.whole()) for reply in replies]
    second = Batch(batch.rpc)
    undone = {
        tx.txid: second.ask(answers.Tx, "getrawtransaction", tx.txid, 2, block_hash)
        for tx in txs
        if tx.input_count > SHOWN
    }
    prevouts = PrevoutQuestion(second, [i for tx in txs if tx.input_count <= SHOWN for i in tx.inputs])
    second.send()
    full = {txid: facts.transaction(tx) for txid, reply in undone.items() if (tx := reply.known())}
    return CardPage(tuple(card(full.get(tx.txid) or prevouts.fill(tx), SHOWN) for tx in txs))
