"""The recorded chain at one position: blocks up to its tip, the mempool of that instant, and nothing of the future."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from explorer.node.demo.record import Block, Entry, Frame, Record

Fields = dict[str, Any]  # of a JSON object; values may be Raw, as recorded

_fields = msgspec.json.Decoder(dict[str, Raw])
_inputs = msgspec.json.Decoder(list[dict[str, Raw]])
_outputs = msgspec.json.Decoder(list[Raw])


def fields(raw: Raw) -> Fields:
    """The members of an object, each as it was recorded."""
    return dict(_fields.decode(raw))


def inputs(raw: Raw) -> list[Fields]:
    return list(_inputs.decode(raw))


def outputs(raw: Raw) -> list[Raw]:
    return _outputs.decode(raw)


class Moment:
    """`position` is in seconds since the record's start."""

    def __init__(self, record: Record, position: int) -> None:
        self.record = record
        self.position = position
        self.number = record.frame_number(position)
        self.frame: Frame = record.frames[self.number]
        self.height = self.frame.height

    # --- blocks -----------------------------------------------------------------------------------------------------

    @property
    def tip(self) -> Block:
        return self.record.blocks[self.height]

    def in_best_chain(self, block: int) -> bool:
        return block <= self.height

    def find_block(self, block_hash: str) -> int | None:
        """A block of the best chain by now, or a stale one: all of those are older than the moving part."""
        block = self.record.block_numbers.get(block_hash)
        return block if block is not None and self._is_there(block) else None

    def _is_there(self, block: int) -> bool:
        return block <= self.height or block > self.record.meta.tip

    def confirmations(self, block: int) -> int:
        return self.height - block + 1 if self.in_best_chain(block) else -1

    # --- transactions -----------------------------------------------------------------------------------------------

    def find_mined(self, txid: str) -> tuple[int, int] | None:
        """The numbers of a transaction and of its block, as a transaction index finds it: stale ones too."""
        number = self.record.number(txid)
        if number is None:
            return None
        block = self.record.block_of(number)
        return (number, block) if block is not None and self._is_there(block) else None

    def find_in_block(self, txid: str, block: int) -> int | None:
        numbers = self.record.numbers(block)
        if (number := self.record.number(txid)) in numbers:
            return number
        # What is in a stale block too has its number from the best chain.
        return (
            None if self.in_best_chain(block) else dict(zip(self.record.txids(numbers), numbers, strict=True)).get(txid)
        )

    # --- the mempool ------------------------------------------------------------------------------------------------

    def pool(self) -> list[Entry]:
        return [self.record.entries[number] for number in self.frame.pool]

    def find_unconfirmed(self, txid: str) -> Entry | None:
        number = self.record.entry_numbers.get(txid)
        return self.record.entries[number] if number is not None and number in self.frame.pool else None

    def spender(self, txid: str, vout: int) -> str | None:
        """Who in the mempool spends an output."""
        return self.record.spenders(self.number).get((txid, vout))
