"""A transaction as bytes: what it spends, pays and says of itself, without a model of it."""

from __future__ import annotations

from explorer.bitcoin.layout import (
    COINBASE_OUTPOINT,
    OUTPOINT_SIZE,
    TXID_SIZE,
    is_coinbase_at,
    layout_at,
    total_of,
    witnesses_of,
)
from explorer.bitcoin.models import Output, Script
from explorer.bitcoin.solver import address_of_type, asm_of_type, script_type


class RawTransaction:
    """A transaction by itself, as `getrawtransaction` 0 has it. Raises ValueError where the bytes are none."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        try:
            self._layout = layout_at(data, 0)
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
        return is_coinbase_at(self.data, self._layout)

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
        return total_of(self.data, self._layout.outputs)

    @property
    def output_count(self) -> int:
        return len(self._layout.outputs)

    @property
    def witnesses(self) -> list[tuple[str, ...]]:
        """The items of each input, in hex."""
        if not self._layout.has_witness:
            return [() for _ in self._layout.inputs]
        return list(witnesses_of(self.data, self._layout))

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
