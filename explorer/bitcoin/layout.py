"""Where the parts of transactions lie in the bytes of a block, of what it spends, or of a transaction by itself; and
what can be read off there without a model of any. A block is gone through only as far as somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from struct import unpack_from
from typing import NamedTuple

from explorer.bitcoin.models import WITNESS_SCALE

HEADER_SIZE = 80  # bytes
VERSION_SIZE = LOCK_TIME_SIZE = 4  # bytes
TXID_SIZE = 32  # bytes
OUTPOINT_SIZE = 36  # bytes: the txid and the number of an output
MAX_SIZE = 0x02000000  # of a count or a length, as Bitcoin Core takes them
COINBASE_OUTPOINT = bytes(TXID_SIZE) + b"\xff\xff\xff\xff"
WITNESS_FLAG = 1  # BIP 144

Piece = tuple[int, int, int]  # where an input or an output starts, where its script does, and where that ends


class Layout(NamedTuple):
    """Where a transaction's parts lie: `body` are the inputs and outputs, `rest` the witnesses and the lock time."""

    start: int
    body: int
    rest: int
    end: int
    inputs: Sequence[Piece]
    outputs: Sequence[Piece]

    @property
    def has_witness(self) -> bool:
        return self.body != self.start + VERSION_SIZE

    @property
    def witness_size(self) -> int:
        """Bytes that count once, not four times: the witnesses, and the two that announce them."""
        return self.end - LOCK_TIME_SIZE - self.rest + self.body - self.start - VERSION_SIZE

    @property
    def weight(self) -> int:
        return WITNESS_SCALE * (self.end - self.start) - (WITNESS_SCALE - 1) * self.witness_size

    @property
    def vsize(self) -> int:
        return -(-self.weight // WITNESS_SCALE)


def layouts(block: bytes) -> Iterator[Layout]:
    """Where the parts of each transaction of a block lie. Raises ValueError where they are none."""
    count, start = first_size(block, HEADER_SIZE)
    return layouts_from(block, start, count)


def first_size(data: bytes, at: int) -> tuple[int, int]:
    """A CompactSize, and where it ends. Raises ValueError where the bytes break off."""
    try:
        return _size(data, at)
    except IndexError:
        raise ValueError("the bytes break off") from None


def _size(data: bytes, at: int) -> tuple[int, int]:
    """A CompactSize, and where it ends. Raises IndexError where it breaks off, ValueError where it is none."""
    value = data[at]
    if value < 0xFD:
        return value, at + 1
    length = 1 << value - 0xFC
    end = at + 1 + length
    if end > len(data):
        raise IndexError
    value = int.from_bytes(data[at + 1 : end], "little")
    if not (0xFD if length == 2 else 1 << length * 4) <= value <= MAX_SIZE:
        raise ValueError("a size that the node would not write")
    return value, end


def written_size(value: int) -> bytes:
    """A CompactSize below 65,536."""
    return bytes([value]) if value < 0xFD else b"\xfd" + value.to_bytes(2, "little")


def layouts_from(block: bytes, at: int, count: int) -> Iterator[Layout]:
    """Of `count` transactions, with which the block ends. Raises ValueError where it does not."""
    for _ in range(count):
        try:
            layout = layout_at(block, at)
        except IndexError:
            raise ValueError("the block breaks off") from None
        at = layout.end
        if at > len(block):
            raise ValueError("the block breaks off")
        yield layout
    if at != len(block):
        raise ValueError("the block goes on after its transactions")


def layout_at(block: bytes, start: int) -> Layout:
    """Of a transaction; it may end beyond the data. Raises IndexError where they break off, ValueError for none.

    Every step reads a byte by its index, and so no count leads far beyond the end.
    """
    at = start + VERSION_SIZE
    has_witness = block[at] == 0
    if has_witness:
        if block[at + 1] != WITNESS_FLAG:
            raise ValueError("a transaction in a form that is not known")
        at += 2
    body = at
    count, at = _size(block, at)
    if not count:
        raise ValueError("a transaction without inputs")
    inputs = []
    for _ in range(count):
        length = block[at + OUTPOINT_SIZE]
        script = at + OUTPOINT_SIZE + 1
        if length >= 0xFD:
            length, script = _size(block, at + OUTPOINT_SIZE)
        inputs.append((at, script, script + length))
        at = script + length + 4
    count, at = _size(block, at)
    outputs, at = _output_pieces(block, at, count)
    rest = at
    if has_witness:
        for _ in inputs:
            count, at = _size(block, at)
            for _ in range(count):
                length = block[at]
                at += 1
                if length >= 0xFD:
                    length, at = _size(block, at - 1)
                at += length
    return Layout(start, body, rest, at + LOCK_TIME_SIZE, inputs, outputs)


def _output_pieces(data: bytes, at: int, count: int) -> tuple[list[Piece], int]:
    """Outputs, and where they end: 8 bytes of value and a script, in a transaction and among the spent ones alike."""
    pieces = []
    for _ in range(count):
        length = data[at + 8]
        script = at + 9
        if length >= 0xFD:
            length, script = _size(data, at + 8)
        end = script + length
        pieces.append((at, script, end))
        at = end
    return pieces, at


def spent_pieces(spent: bytes, at: int, count: int) -> Iterator[list[Piece]]:
    """The spent outputs of each of `count` transactions, none for the coinbase. Raises ValueError like layouts_from."""
    for _ in range(count):
        try:
            outputs, at = _size(spent, at)
            pieces, at = _output_pieces(spent, at, outputs)
        except IndexError:
            raise ValueError("the spent outputs break off") from None
        if at > len(spent):
            raise ValueError("the spent outputs break off")
        yield pieces
    if at != len(spent):
        raise ValueError("the spent outputs go on after the last")


def witnesses_of(block: bytes, layout: Layout) -> Iterator[tuple[str, ...]]:
    """The items of each input, in hex, of a transaction that has a witness."""
    at = layout.rest
    for _ in layout.inputs:
        count, at = _size(block, at)
        witness = []
        for _ in range(count):
            length, at = _size(block, at)
            witness.append(block[at : at + length].hex())
            at += length
        yield tuple(witness)


def is_coinbase_at(data: bytes, layout: Layout) -> bool:
    at = layout.inputs[0][0]
    return len(layout.inputs) == 1 and data[at : at + OUTPOINT_SIZE] == COINBASE_OUTPOINT


def total_of(data: bytes, pieces: Sequence[Piece]) -> int:
    """Satoshis."""
    total = 0
    for at, _, _ in pieces:
        total += unpack_from("<q", data, at)[0]
    return total


def txid_of(block: bytes, layout: Layout) -> str:
    start, body, rest, end, _, _ = layout
    if not layout.has_witness:
        return double_hash(block[start:end])
    return double_hash(block[start : start + VERSION_SIZE] + block[body:rest] + block[end - LOCK_TIME_SIZE : end])


def double_hash(data: bytes) -> str:
    """As ids are written: in hex, from the last byte to the first."""
    return sha256(sha256(data).digest()).digest()[::-1].hex()
