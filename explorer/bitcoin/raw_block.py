"""A block as bytes, `/rest/block/<hash>.bin` and `/rest/spenttxouts/<hash>.bin`, read from its beginning.

What comes after the transactions that are asked for is never looked at: the first page of a full block costs what that
of a small one does. The result is that of `getblock` 3, but for what these bytes do not tell: every `asm` is "", and
every `prevout_height` None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from struct import unpack_from

from explorer.bitcoin.layout import (
    HEADER_SIZE,
    TXID_SIZE,
    Layout,
    Piece,
    double_hash,
    first_size,
    is_coinbase_at,
    layouts_from,
    spent_pieces,
    total_of,
    txid_of,
    witnesses_of,
    written_size,
)
from explorer.bitcoin.models import Input, Output, Script, Transaction, TransactionCard
from explorer.bitcoin.raw_transaction import RawTransaction
from explorer.bitcoin.solver import address_of_type, script_type


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
        self.count, self._block_start = first_size(block, HEADER_SIZE)
        if spent is not None:
            spent_count, self._spent_start = first_size(spent, 0)
            if spent_count != self.count:
                raise ValueError(f"a block of {self.count} transactions, and what {spent_count} have spent")

    @classmethod
    def of_part(
        cls, transactions: Sequence[RawTransaction], spent: Sequence[Sequence[bytes]], network: str
    ) -> RawBlock:
        """Some transactions of a block, each with the outputs that it spends."""
        count = written_size(len(transactions))
        block = bytes(HEADER_SIZE) + count + b"".join(tx.data for tx in transactions)
        return cls(block, count + b"".join(written_size(len(o)) + b"".join(o) for o in spent), network)

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
        for layout in islice(layouts_from(self._block, self._block_start, self.count), first, None):
            yield txid_of(self._block, layout)

    def _read(self, first: int) -> Iterator[tuple[Layout, Sequence[Piece] | None]]:
        layouts = layouts_from(self._block, self._block_start, self.count)
        if self._spent is None:
            for layout in islice(layouts, first, None):
                yield layout, None
            return
        all_spent = spent_pieces(self._spent, self._spent_start, self.count)
        for layout, spent in islice(zip(layouts, all_spent, strict=True), first, None):
            if len(spent) != (0 if is_coinbase_at(self._block, layout) else len(layout.inputs)):
                raise ValueError(
                    f"a transaction of {len(layout.inputs)} inputs, and {len(spent)} outputs that it spends"
                )
            yield layout, spent

    # --- one of them ------------------------------------------------------------------------------------------------

    def _transaction(self, layout: Layout, spent: Sequence[Piece] | None) -> Transaction:
        block = self._block
        start, _, _, end, inputs, outputs = layout
        txid = txid_of(block, layout)
        (version,) = unpack_from("<I", block, start)
        (locktime,) = unpack_from("<I", block, end - 4)
        return Transaction(
            txid=txid,
            wtxid=double_hash(block[start:end]) if layout.has_witness else txid,
            version=version,
            locktime=locktime,
            size=end - start,
            vsize=layout.vsize,
            weight=layout.weight,
            inputs=self._inputs(layout, spent, len(inputs), for_card=False),
            outputs=tuple([self._output(block, piece, for_card=False) for piece in outputs]),
            fee=self._fee(layout, spent),
        )

    def _card(self, layout: Layout, spent: Sequence[Piece] | None, most: int) -> TransactionCard:
        block = self._block
        return TransactionCard(
            txid=txid_of(block, layout),
            vsize=layout.vsize,
            weight=layout.weight,
            fee=self._fee(layout, spent),
            total_out=total_of(block, layout.outputs),
            input_count=len(layout.inputs),
            output_count=len(layout.outputs),
            inputs=self._inputs(layout, spent, most, for_card=True),
            outputs=tuple([self._output(block, piece, for_card=True) for piece in layout.outputs[:most]]),
        )

    def _fee(self, layout: Layout, spent: Sequence[Piece] | None) -> int | None:
        if not spent or self._spent is None:
            return None
        return total_of(self._spent, spent) - total_of(self._block, layout.outputs)

    def _inputs(self, layout: Layout, spent: Sequence[Piece] | None, most: int, *, for_card: bool) -> tuple[Input, ...]:
        block = self._block
        witnesses = witnesses_of(block, layout) if layout.has_witness and not for_card else None
        is_coinbase = is_coinbase_at(block, layout)
        made = []
        for number, (at, script, end) in enumerate(layout.inputs[:most]):
            (vout,) = unpack_from("<I", block, at + TXID_SIZE)
            (sequence,) = unpack_from("<I", block, end)
            witness = next(witnesses) if witnesses else ()
            if is_coinbase:
                made.append(Input(sequence, coinbase=block[script:end].hex(), witness=witness))
                continue
            prevout = self._output(self._spent, spent[number], for_card=for_card) if spent and self._spent else None
            script_sig = "" if for_card else block[script:end].hex()
            txid = block[at : at + TXID_SIZE][::-1].hex()
            made.append(Input(sequence, txid, vout, None, script_sig, "", witness, prevout))
        return tuple(made)

    def _output(self, data: bytes, piece: Piece, *, for_card: bool) -> Output:
        at, start, end = piece
        script = data[start:end]
        kind = script_type(script)
        (value,) = unpack_from("<q", data, at)
        shown = "" if for_card and kind != "nulldata" else script.hex()
        return Output(value, Script(kind, shown, "", address_of_type(kind, script, self._network)))
