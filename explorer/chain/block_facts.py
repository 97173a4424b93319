"""How a block's facts are asked for: a sketch from what its hash alone finds, finished by its coinbase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from explorer import cache
from explorer.bitcoin.layout import TXID_SIZE
from explorer.bitcoin.models import BlockFacts, BlockHeader, BlockState, BlockStats, TransactionCard
from explorer.chain import facts
from explorer.chain.batch import Batch
from explorer.errors import ExplorerError
from explorer.node import answers
from explorer.node.rpc import Rpc


@dataclass(frozen=True, slots=True)
class BlockTxids:
    """A block's txids in order, packed."""

    packed: bytes

    @classmethod
    def pack(cls, txids: Sequence[str]) -> BlockTxids:
        return cls(bytes.fromhex("".join(txids)))

    @property
    def count(self) -> int:
        return len(self.packed) // TXID_SIZE

    @property
    def first(self) -> str:
        return self.packed[:TXID_SIZE].hex()

    def slice(self, start: int, count: int) -> list[str]:
        part = self.packed[start * TXID_SIZE : (start + count) * TXID_SIZE]
        return [part[i : i + TXID_SIZE].hex() for i in range(0, len(part), TXID_SIZE)]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A block without its coinbase. `txids` is empty where the node keeps the header alone; `missing` says why the
    transactions or the figures are not to be had."""

    header: BlockHeader
    stats: BlockStats | None
    txids: BlockTxids
    coinbase_script: str | None = None
    missing: ExplorerError | None = None

    def keep_txids(self) -> None:
        if self.txids.count:
            cache.keep(self.header.hash, self.txids)

    def finish(self, coinbase_script: str | None) -> BlockFacts:
        return BlockFacts(self.header, self.stats, coinbase_script or self.coinbase_script)


class Figured(NamedTuple):
    """`missing` says why amounts or figures are not to be had."""

    block: BlockFacts
    missing: ExplorerError | None = None


@dataclass(frozen=True, slots=True)
class FoundBlock:
    """A block of `count` transactions, of which the cards of a page are there. `figured` gives the rest: it waits for
    figures that are still on their way."""

    place: BlockState
    count: int | None
    cards: tuple[TransactionCard, ...]
    figured: Callable[[], Figured]


class SketchQuestion:
    """What a block's hash alone finds. `batch` brings the header and the txids, `beside` the figures: they cost a node
    about as much, so they are best asked for at the same time."""

    def __init__(self, batch: Batch, beside: Batch, block_hash: str) -> None:
        self.header = batch.ask(answers.Header, "getblockheader", block_hash)
        self._block = batch.ask(answers.Block, "getblock", block_hash, 1)
        self._stats = beside.ask(answers.Stats, "getblockstats", block_hash)

    def txids(self) -> BlockTxids:
        """Once `batch` has come back; empty where the node keeps the header alone."""
        block = self._block.known()
        return BlockTxids.pack(block.tx if block else ())

    def coinbase_script(self) -> str | None:
        """Once `batch` has come back: where the node sends it along."""
        block = self._block.known()
        return block.coinbase_tx.coinbase if block and block.coinbase_tx else None

    def read(self, txids: BlockTxids) -> Sketch:
        """Once both have come back. Raises NotFound where the node does not know the block at all."""
        header = self.header.whole()
        block = self._block.known()
        stats = self._stats.known()
        return Sketch(
            header=facts.block_header(header, block),
            stats=facts.block_stats(stats) if stats else None,
            txids=txids,
            coinbase_script=self.coinbase_script(),
            missing=self._block.error or self._stats.error,
        )


def ask_coinbase(batch: Batch, block_hash: str, height: int, txids: BlockTxids) -> Callable[[], str | None]:
    """Asks for the coinbase's script; the answer is read by calling what this returns."""
    if not txids.count:
        return lambda: None
    if height == 0:  # getrawtransaction refuses the genesis coinbase
        block = batch.ask(answers.BlockTransactions, "getblock", block_hash, 2)
        return lambda: block.whole().tx[0].vin[0].coinbase
    coinbase = batch.ask(answers.Tx, "getrawtransaction", txids.first, 1, block_hash)
    return lambda: coinbase.whole().vin[0].coinbase


def get_blocks(rpc: Rpc, hashes: Sequence[str]) -> tuple[BlockFacts, ...]:
    """The facts of blocks, in the order asked; three round trips for those that are not yet known, two of
    them at the same time."""

    def make(missing: Sequence[str]) -> dict[str, BlockFacts]:
        first, beside = Batch(rpc), Batch(rpc)
        questions = [SketchQuestion(first, beside, block_hash) for block_hash in missing]
        figures = beside.send_meanwhile()
        first.send()
        figures()
        sketches = [question.read(question.txids()) for question in questions]
        second = Batch(rpc)
        coinbases = [
            None
            if sketch.coinbase_script
            else ask_coinbase(second, sketch.header.hash, sketch.header.height, sketch.txids)
            for sketch in sketches
        ]
        second.send()
        for sketch in sketches:
            sketch.keep_txids()
        return {
            sketch.header.hash: sketch.finish(coinbase() if coinbase else None)
            for sketch, coinbase in zip(sketches, coinbases, strict=True)
        }

    found = cache.fetch(hashes, BlockFacts, make, complete=is_complete)
    return tuple(found[block_hash] for block_hash in hashes)


def is_complete(block: BlockFacts) -> bool:
    """Whether nothing about it is unknown. A node that connects or fetches the block later may know more."""
    return block.stats is not None and block.coinbase_script is not None
