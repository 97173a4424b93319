"""A block's version as BIP 9 reads it: the upper three bits say 001, each of the others is a signal."""

from __future__ import annotations

TOP_MASK = 0xE0000000
TOP_BITS = 0x20000000


def signals(version: int) -> tuple[int, ...] | None:
    """The bits that are set, or None where the version is an ordinary number from before BIP 9."""
    if version & TOP_MASK != TOP_BITS:
        return None
    return tuple(bit for bit in range(29) if version >> bit & 1)
