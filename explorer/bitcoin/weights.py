"""What a block's weight is made of: outputs by their kind of script, inputs, witnesses, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.bitcoin.layout import layouts
from explorer.bitcoin.models import WITNESS_SCALE
from explorer.bitcoin.solver import script_type

SEQUENCE_SIZE = 4  # bytes, after the script of an input


@dataclass(frozen=True, slots=True)
class OutputKind:
    """All outputs of a kind. `type` is the node's word, `value` their satoshis, `weight` that of their values, scripts
    and the scripts' lengths."""

    type: str
    count: int
    value: int
    weight: int


@dataclass(frozen=True, slots=True)
class BlockWeights:
    """In weight units; together they are the block's. `frame`: the header, all counts, versions and lock times."""

    kinds: tuple[OutputKind, ...]  # the heaviest first
    inputs: int  # what they spend, their scripts and sequences
    witnesses: int
    frame: int

    @property
    def outputs(self) -> int:
        return sum(kind.weight for kind in self.kinds)

    @property
    def output_count(self) -> int:
        return sum(kind.count for kind in self.kinds)

    @property
    def value(self) -> int:
        """Satoshis, of all outputs."""
        return sum(kind.value for kind in self.kinds)

    @property
    def total(self) -> int:
        return self.outputs + self.inputs + self.witnesses + self.frame


def weigh(block: bytes) -> BlockWeights:
    """Of a whole block. Raises ValueError where the bytes are none."""
    counts: dict[str, int] = {}
    values: dict[str, int] = {}
    sizes: dict[str, int] = {}
    inputs = witnesses = 0
    for layout in layouts(block):
        inputs += layout.inputs[-1][2] + SEQUENCE_SIZE - layout.inputs[0][0]
        witnesses += layout.witness_size
        for at, script, end in layout.outputs:
            kind = script_type(block[script:end])
            counts[kind] = counts.get(kind, 0) + 1
            values[kind] = values.get(kind, 0) + int.from_bytes(block[at : at + 8], "little")
            sizes[kind] = sizes.get(kind, 0) + end - at
    kinds = [OutputKind(kind, count, values[kind], WITNESS_SCALE * sizes[kind]) for kind, count in counts.items()]
    kinds.sort(key=lambda kind: (-kind.weight, kind.type))
    frame = len(block) - witnesses - inputs - sum(sizes.values())
    return BlockWeights(tuple(kinds), WITNESS_SCALE * inputs, witnesses, WITNESS_SCALE * frame)
