"""The recorded answers, read from `record.zip` piece by piece. `script/recording/writing.py` says what is in it."""

from __future__ import annotations

import io
import sys
import zipfile
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

FILE: Final = Path(__file__).with_name("record.zip")
FORMAT: Final = 1
KEPT_CHUNKS: Final = 32  # of transactions, 128 kB of JSON each: 4 MB at most
KEPT_FRAMES: Final = 4  # whose mempools' inputs are kept
TXID_BYTES: Final = 32

Outpoint = tuple[str, int]  # txid, vout


class Meta(Struct):
    """What holds for the whole record. `start` is its clock's first second; `tip` the height that it ends with."""

    format: int
    version: int  # the node's, as getnetworkinfo has it
    args: list[str]  # what the node was started with
    start: int
    duration: int  # seconds
    tip: int
    chunks: list[int]  # the number of each chunk's first transaction
    help: str
    getnetworkinfo: Raw


class BlockFacts(Struct):
    """What the answers are computed from, of `getblock`."""

    height: int
    time: int
    mediantime: int
    nTx: int


class Block(Struct):
    """A block as recorded: `block` is `getblock HASH 1` without its transactions and what depends on the tip."""

    hash: str
    first: int  # the number of its coinbase
    header: str  # raw, in hex
    block: Raw
    stats: Raw  # `getblockstats`


class Frame(Struct):
    """An instant of the moving part, and everything that changed with it."""

    at: int  # seconds since the start
    height: int
    pool: list[int]  # the mempool's entries, in the node's order
    sequence: int  # the mempool's
    answers: dict[str, Raw]  # of methods without parameters


class Entry(Struct):
    """A transaction that was in the mempool: its number, and its entry from each of some frames on."""

    txid: str
    tx: int
    versions: list[tuple[int, Raw]]

    def at(self, frame: int) -> Raw:
        """`getmempoolentry` at a frame at which the mempool holds it."""
        return self.versions[bisect_right(self.versions, frame, key=lambda version: version[0]) - 1][1]


class _Input(Struct):
    txid: str = ""  # a coinbase has none
    vout: int = 0


class _Transaction(Struct):
    hex: str
    vin: list[_Input]


class Record:
    """The recorded chain. Transactions are numbered in the order of the blocks: the best chain's, then those of stale
    blocks, then those that never came into a block."""

    def __init__(self, data: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(data))  # in memory: a file's position is shared by forked processes
        self.meta: Meta = self._json("meta.json", Meta)
        if self.meta.format != FORMAT:
            raise ValueError(f"the demo record has format {self.meta.format}, not {FORMAT}")
        self.blocks: list[Block] = self._json("blocks.json", list[Block])
        self.facts = [msgspec.json.decode(block.block, type=BlockFacts) for block in self.blocks]
        self.block_numbers = {block.hash: number for number, block in enumerate(self.blocks)}
        self.frames: list[Frame] = self._json("frames.json", list[Frame])
        self.entries: list[Entry] = self._json("entries.json", list[Entry])
        self.entry_numbers = {entry.txid: number for number, entry in enumerate(self.entries)}
        self._txids = self._zip.read("txids.bin")
        count = len(self._txids) // TXID_BYTES
        self._numbers = {self._txid_bytes(number): number for number in reversed(range(count))}  # the first one wins
        self._mined = self.blocks[-1].first + self.facts[-1].nTx
        self._firsts = [block.first for block in self.blocks]
        self._output_counts = self._uint16("counts.bin")
        self._first_outputs = [0, *accumulate(self._output_counts)]
        self._spent = self._uint16("spent.bin")
        self._instants = [frame.at for frame in self.frames]
        self._chunk = lru_cache(maxsize=KEPT_CHUNKS)(self._read_chunk)
        self.spenders = lru_cache(maxsize=KEPT_FRAMES)(self._read_spenders)

    # --- the clock --------------------------------------------------------------------------------------------------

    @property
    def instants(self) -> Sequence[int]:
        """The positions, in seconds since the start, at which anything changes."""
        return self._instants

    def frame_number(self, position: int) -> int:
        """The last frame that is not later."""
        return bisect_right(self._instants, position) - 1

    # --- transactions -----------------------------------------------------------------------------------------------

    def number(self, txid: str) -> int | None:
        return self._numbers.get(bytes.fromhex(txid))

    def numbers(self, block: int) -> range:
        """The transactions of a block."""
        first = self.blocks[block].first
        return range(first, first + self.facts[block].nTx)

    def block_of(self, number: int) -> int | None:
        """The number of the block that holds a transaction: its height, or beyond the last height for a stale one."""
        return bisect_right(self._firsts, number) - 1 if number < self._mined else None

    def txid(self, number: int) -> str:
        return self._txid_bytes(number).hex()

    def txids(self, numbers: range) -> list[str]:
        packed = self._txids[numbers.start * TXID_BYTES : numbers.stop * TXID_BYTES]
        return packed.hex(" ", TXID_BYTES).split()

    def transaction(self, number: int) -> Raw:
        """With fee and prevouts, as `getblock HASH 3` has it; without both if it never came into a block."""
        chunk = bisect_right(self.meta.chunks, number) - 1
        return self._chunk(chunk)[number - self.meta.chunks[chunk]]

    def hex(self, number: int) -> str:
        return self._decoded(number).hex

    def outpoints(self, number: int) -> list[Outpoint]:
        """What a transaction spends."""
        return [(vin.txid, vin.vout) for vin in self._decoded(number).vin if vin.txid]

    def output_count(self, number: int) -> int:
        return self._output_counts[number]

    def spent_at(self, number: int, vout: int) -> int:
        """The height at which the best chain spends an output; 0 if it never does."""
        return self._spent[self._first_outputs[number] + vout]

    # --- the mempool ------------------------------------------------------------------------------------------------

    def _read_spenders(self, frame: int) -> dict[Outpoint, str]:
        """Who in the mempool of a frame spends what: its txid."""
        pool = [self.entries[number] for number in self.frames[frame].pool]
        return {outpoint: entry.txid for entry in pool for outpoint in self.outpoints(entry.tx)}

    # --- the file ---------------------------------------------------------------------------------------------------

    def _json(self, name: str, into: Any) -> Any:
        return msgspec.json.decode(self._zip.read(name), type=into)

    def _read_chunk(self, chunk: int) -> list[Raw]:
        transactions: list[Raw] = self._json(f"txs/{chunk:03}.json", list[Raw])
        return transactions

    def _decoded(self, number: int) -> _Transaction:
        decoded: _Transaction = msgspec.json.decode(self.transaction(number), type=_Transaction)
        return decoded

    def _txid_bytes(self, number: int) -> bytes:
        return self._txids[number * TXID_BYTES : (number + 1) * TXID_BYTES]

    def _uint16(self, name: str) -> array[int]:
        values = array("H", self._zip.read(name))
        if sys.byteorder == "big":
            values.byteswap()
        return values


@lru_cache(maxsize=1)
def load_record() -> Record:
    """The record that comes with the explorer, read once per process."""
    return Record(FILE.read_bytes())
