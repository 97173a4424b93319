"""When a transaction, or one of its inputs, becomes valid: nLockTime (BIP 65's numbers) and nSequence (BIP 68)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from explorer.bitcoin.models import TransactionPart

LOCKTIME_THRESHOLD = 500_000_000  # below it a height, from it on Unix seconds
SEQUENCE_DISABLED = 1 << 31  # BIP 68: no relative lock
SEQUENCE_IS_TIME = 1 << 22  # BIP 68: units of 512 s instead of blocks
SEQUENCE_MASK = 0xFFFF
SEQUENCE_UNIT = 512  # seconds


def locktime_words(tx: TransactionPart) -> str:
    """What the lock time says, in a few words of plain text."""
    if tx.locktime == 0:
        return "none"
    if tx.locktime < LOCKTIME_THRESHOLD:
        words = f"not before block {tx.locktime + 1:,}"  # valid in a block higher than it
    else:
        words = f"not before {datetime.fromtimestamp(tx.locktime, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if tx.is_final:
        return f"{words}, switched off by final sequences"
    return words


def relative_lock_words(sequence: int, version: int) -> str | None:
    """The relative lock of an input (BIP 68), in words; None where it has none."""
    if version < 2 or sequence & SEQUENCE_DISABLED or not sequence & SEQUENCE_MASK:
        return None
    amount = sequence & SEQUENCE_MASK
    if sequence & SEQUENCE_IS_TIME:
        return f"{timedelta(seconds=amount * SEQUENCE_UNIT)} after the output was confirmed"
    return f"{amount:,} block{'s' if amount != 1 else ''} after the output was confirmed"
