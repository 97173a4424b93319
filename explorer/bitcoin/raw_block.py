"""A block as bytes, `/rest/block/<hash>.bin` and `/rest/spenttxouts/<hash>.bin`, read from its beginning.

What comes after the transactions that are asked for is never looked at: the first page of a full block costs what that
of a small one does. The result is that of `getblock` 3, but for what these bytes do not tell: every `asm` is "", and
every `prevout_height` None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from struct import unpack_from
from typing import NamedTuple

from explorer.bitcoin.models import WITNESS_SCALE, Input, Output, Script, Transaction, TransactionCard
from explorer.bitcoin.solver import address_of_type, asm_of_type, script_type

HEADER_SIZE = 80  # bytes
TXID_SIZE = 32  # bytes
OUTPOINT_SIZE = 36  # bytes: the txid and the number of an output
MAX_SIZE = 0x02000000  # of a count or a length, as Bitcoin Core takes them
COINBASE_OUTPOINT = bytes(32) + b"\xff\xff\xff\xff"
WITNESS_FLAG = 1  # BIP 144

_Piece = tuple[int, int, int]  # where an input or an output starts, where its script does, and where that ends


class Layout(NamedTuple):
    """Where a transaction's parts lie: `body` are the inputs and outputs, `rest` the witnesses and the lock time."""

    start: int
    body: int
    rest: int
    end: int
    inputs: Sequence[_Piece]
    outputs: Sequence[_Piece]

    @property
    def witness_size(self) -> int:
        """Bytes that count once, not four times: the witnesses, and the two that announce them."""
        return self.end - 4 - self.rest + self.body - self.start - 4


class RawTransaction:
    """A transaction by itself, as `getrawtransaction` 0 has it. Raises ValueError where the bytes are none."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        try:
            self._layout = _layout(data, 0)
        except IndexError:
            raise ValueError("the transaction breaks off") from None
        if self._layout.end != len(data):
            raise ValueError("the transaction ends elsewhere")

    @property
    def spends(self) -> list[tuple[str, int]]:
        """The txid and vout of each output that it spends; none for a coinbase."""
        outpoints = [self.data[at : at + OUTPOINT_SIZE] for at, _, _ in self._layout.inputs]
        return [(o[31::-1].hex(), int.from_bytes(o[32:], "little")) for o in outpoints if o != COINBASE_OUTPOINT]

    @property
    def is_coinbase(self) -> bool:
        return _is_coinbase(self.data, self._layout)

    @property
    def input_count(self) -> int:
        return len(self._layout.inputs)

    @property
    def parent_count(self) -> int:
        """Of how many transactions it spends outputs; of one, in a coinbase."""
        return len({self.data[at : at + TXID_SIZE] for at, _, _ in self._layout.inputs})

    @property
    def lowest_sequence(self) -> int:
        return min(int.from_bytes(self.data[end : end + 4], "little") for _, _, end in self._layout.inputs)

    @property
    def total_out(self) -> int:
        """Satoshis."""
        return _total(self.data, self._layout.outputs)

    @property
    def output_count(self) -> int:
        return len(self._layout.outputs)

    @property
    def witnesses(self) -> list[tuple[str, ...]]:
        """The items of each input, in hex."""
        if self._layout.body == self._layout.start + 4:
            return [() for _ in self._layout.inputs]
        return list(_witnesses(self.data, self._layout))

    def scripts(self, first: int, most: int) -> dict[int, str]:
        """The scripts of some outputs, in hex, by vout."""
        shown = self._layout.outputs[first : first + most]
        return {vout: self.data[start:end].hex() for vout, (_, start, end) in enumerate(shown, start=first)}

    def output(self, vout: int) -> bytes:
        """Value and script, as a block's spent outputs have them. Raises IndexError where there is none."""
        start, _, end = self._layout.outputs[vout]
        return self.data[start:end]

    def value(self, vout: int) -> int:
        """Its satoshis. Raises IndexError where there is none."""
        start, _, _ = self._layout.outputs[vout]
        return int.from_bytes(self.data[start : start + 8], "little")

    def read_output(self, vout: int, network: str) -> Output:
        """The same as a model; its `asm` as far as its type tells it. Raises IndexError as well."""
        _, start, end = self._layout.outputs[vout]
        script = self.data[start:end]
        kind = script_type(script)
        return Output(
            self.value(vout),
            Script(kind, script.hex(), asm_of_type(kind, script), address_of_type(kind, script, network)),
        )


class RawBlock:
    """The transactions of a block.

    `spent` are the outputs that it spends; None where the node cannot tell them (it never connected the block): then
    the inputs have no `prevout`, and the transactions no fee. Bytes that break off, that are no block, or that do not
    belong together raise ValueError: here, or where the reading arrives at them.
    """

    def __init__(self, block: bytes, spent: bytes | None, network: str) -> None:
        self._block = block
        self._spent = spent
        self._network = network
        self.count, self._block_start = _first_size(block, HEADER_SIZE)
        if spent is not None:
            spent_count, self._spent_start = _first_size(spent, 0)
            if spent_count != self.count:
                raise ValueError(f"a block of {self.count} transactions, and what {spent_count} have spent")

    @classmethod
    def of_part(
        cls, transactions: Sequence[RawTransaction], spent: Sequence[Sequence[bytes]], network: str
    ) -> RawBlock:
        """Some transactions of a block, each with the outputs that it spends."""
        count = _written_size(len(transactions))
        block = bytes(HEADER_SIZE) + count + b"".join(tx.data for tx in transactions)
        return cls(block, count + b"".join(_written_size(len(o)) + b"".join(o) for o in spent), network)

    def transactions(self, first: int = 0) -> Iterator[Transaction]:
        """All from the position `first` on, whole."""
        for layout, spent in self._read(first):
            yield self._transaction(layout, spent)

    def cards(self, most: int, first: int = 0) -> Iterator[TransactionCard]:
        """The same as `card(transaction, most)` of each of them, at less cost."""
        for layout, spent in self._read(first):
            yield self._card(layout, spent, most)

    def txids(self, first: int = 0) -> Iterator[str]:
        """Their txids alone, for which the spent outputs are not looked at."""
        for layout in islice(_layouts(self._block, self._block_start, self.count), first, None):
            yield _txid(self._block, layout)

    def _read(self, first: int) -> Iterator[tuple[Layout, Sequence[_Piece] | None]]:
        layouts = _layouts(self._block, self._block_start, self.count)
        if self._spent is None:
            for layout in islice(layouts, first, None):
                yield layout, None
            return
        all_spent = _spent_layouts(self._spent, self._spent_start, self.count)
        for layout, spent in islice(zip(layouts, all_spent, strict=True), first, None):
            if len(spent) != (0 if _is_coinbase(self._block, layout) else len(layout.inputs)):
                raise ValueError(
                    f"a transaction of {len(layout.inputs)} inputs, and {len(spent)} outputs that it spends"
                )
            yield layout, spent

    # --- one of them ------------------------------------------------------------------------------------------------

    def _transaction(self, layout: Layout, spent: Sequence[_Piece] | None) -> Transaction:
        block = self._block
        start, body, _, end, inputs, outputs = layout
        weight = _weight(layout)
        txid = _txid(block, layout)
        (version,) = unpack_from("<I", block, start)
        (locktime,) = unpack_from("<I", block, end - 4)
        return Transaction(
            txid=txid,
            wtxid=_hash(block[start:end]) if body != start + 4 else txid,
            version=version,
            locktime=locktime,
            size=end - start,
            vsize=_vsize(weight),
            weight=weight,
            inputs=self._inputs(layout, spent, len(inputs), for_card=False),
            outputs=tuple([self._output(block, piece, for_card=False) for piece in outputs]),
            fee=self._fee(layout, spent),
        )

    def _card(self, layout: Layout, spent: Sequence[_Piece] | None, most: int) -> TransactionCard:
        block = self._block
        weight = _weight(layout)
        return TransactionCard(
            txid=_txid(block, layout),
            vsize=_vsize(weight),
            weight=weight,
            fee=self._fee(layout, spent),
            total_out=_total(block, layout.outputs),
            input_count=len(layout.inputs),
            output_count=len(layout.outputs),
            inputs=self._inputs(layout, spent, most, for_card=True),
            outputs=tuple([self._output(block, piece, for_card=True) for piece in layout.outputs[:most]]),
        )

    def _fee(self, layout: Layout, spent: Sequence[_Piece] | None) -> int | None:
        if not spent or self._spent is None:
            return None
        return _total(self._spent, spent) - _total(self._block, layout.outputs)

    def _inputs(
        self, layout: Layout, spent: Sequence[_Piece] | None, most: int, *, for_card: bool
    ) -> tuple[Input, ...]:
        block = self._block
        has_witness = layout.body != layout.start + 4
        witnesses = _witnesses(block, layout) if has_witness and not for_card else None
        is_coinbase = _is_coinbase(self._block, layout)
        made = []
        for number, (at, script, end) in enumerate(layout.inputs[:most]):
            (vout,) = unpack_from("<I", block, at + 32)
            (sequence,) = unpack_from("<I", block, end)
            witness = next(witnesses) if witnesses else ()
            if is_coinbase:
                made.append(Input(sequence, coinbase=block[script:end].hex(), witness=witness))
                continue
            prevout = self._output(self._spent, spent[number], for_card=for_card) if spent and self._spent else None
            script_sig = "" if for_card else block[script:end].hex()
            txid = block[at : at + 32][::-1].hex()
            made.append(Input(sequence, txid, vout, None, script_sig, "", witness, prevout))
        return tuple(made)

    def _output(self, data: bytes, piece: _Piece, *, for_card: bool) -> Output:
        at, start, end = piece
        script = data[start:end]
        kind = script_type(script)
        (value,) = unpack_from("<q", data, at)
        shown = "" if for_card and kind != "nulldata" else script.hex()
        return Output(value, Script(kind, shown, "", address_of_type(kind, script, self._network)))


def layouts(block: bytes) -> Iterator[Layout]:
    """Where the parts of each transaction of a block lie. Raises ValueError as RawBlock does."""
    count, start = _first_size(block, HEADER_SIZE)
    return _layouts(block, start, count)


# --- bytes ----------------------------------------------------------------------------------------------------------


def _first_size(data: bytes, at: int) -> tuple[int, int]:
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


def _written_size(value: int) -> bytes:
    return bytes([value]) if value < 0xFD else b"\xfd" + value.to_bytes(2, "little")


def _layouts(block: bytes, at: int, count: int) -> Iterator[Layout]:
    for _ in range(count):
        try:
            layout = _layout(block, at)
        except IndexError:
            raise ValueError("the block breaks off") from None
        at = layout.end
        if at > len(block):
            raise ValueError("the block breaks off")
        yield layout
    if at != len(block):
        raise ValueError("the block goes on after its transactions")


def _layout(block: bytes, start: int) -> Layout:
    """May end beyond the data. Every step reads a byte by its index, and so no count leads far beyond the end."""
    at = start + 4
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
    return Layout(start, body, rest, at + 4, inputs, outputs)


def _output_pieces(data: bytes, at: int, count: int) -> tuple[list[_Piece], int]:
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


def _spent_layouts(spent: bytes, at: int, count: int) -> Iterator[list[_Piece]]:
    """The spent outputs of each transaction, none for the coinbase."""
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


def _witnesses(block: bytes, layout: Layout) -> Iterator[tuple[str, ...]]:
    at = layout.rest
    for _ in layout.inputs:
        count, at = _size(block, at)
        witness = []
        for _ in range(count):
            length, at = _size(block, at)
            witness.append(block[at : at + length].hex())
            at += length
        yield tuple(witness)


def _is_coinbase(data: bytes, layout: Layout) -> bool:
    at = layout.inputs[0][0]
    return len(layout.inputs) == 1 and data[at : at + OUTPOINT_SIZE] == COINBASE_OUTPOINT


def _total(data: bytes, pieces: Sequence[_Piece]) -> int:
    """Satoshis."""
    total = 0
    for at, _, _ in pieces:
        total += unpack_from("<q", data, at)[0]
    return total


def _weight(layout: Layout) -> int:
    return WITNESS_SCALE * (layout.end - layout.start) - (WITNESS_SCALE - 1) * layout.witness_size


def _vsize(weight: int) -> int:
    return -(-weight // WITNESS_SCALE)


def _txid(block: bytes, layout: Layout) -> str:
    start, body, rest, end, _, _ = layout
    if body == start + 4:
        return _hash(block[start:end])
    return _hash(block[start : start + 4] + block[body:rest] + block[end - 4 : end])


def _hash(data: bytes) -> str:
    return sha256(sha256(data).digest()).digest()[::-1].hex()
