"""When a transaction, or one of its inputs, becomes valid: nLockTime (BIP 65's numbers) and nSequence (BIP 68)."""

from __future__ import annotations

from typing import NamedTuple

LOCKTIME_THRESHOLD = 500_000_000  # below it a height, from it on Unix seconds
SEQUENCE_DISABLED = 1 << 31  # BIP 68: no relative lock
SEQUENCE_IS_TIME = 1 << 22  # BIP 68: units of 512 s instead of blocks
SEQUENCE_MASK = 0xFFFF
SEQUENCE_UNIT = 512  # seconds


class Lock(NamedTuple):
    """Until when: one of the two is None. Absolute a height or Unix seconds, relative a number of blocks or seconds."""

    blocks: int | None = None
    seconds: int | None = None


def absolute_lock(locktime: int) -> Lock | None:
    """The height of the first block that may hold a transaction, or the time before which none may; None without."""
    if locktime == 0:
        return None
    if locktime < LOCKTIME_THRESHOLD:
        return Lock(blocks=locktime + 1)  # valid in a block higher than it
    return Lock(seconds=locktime)


def relative_lock(sequence: int, version: int) -> Lock | None:
    """How long after the confirmation of the output an input may spend it (BIP 68); None where it may at once."""
    if version < 2 or sequence & SEQUENCE_DISABLED or not sequence & SEQUENCE_MASK:
        return None
    amount = sequence & SEQUENCE_MASK
    return Lock(seconds=amount * SEQUENCE_UNIT) if sequence & SEQUENCE_IS_TIME else Lock(blocks=amount)
