"""How many new satoshis a block may create."""

from __future__ import annotations

from explorer.bitcoin.amounts import COIN

FIRST_SUBSIDY = 50 * COIN
HALVING_INTERVAL = 210_000  # blocks
REGTEST_HALVING_INTERVAL = 150


def subsidy(height: int, network: str) -> int:
    """In satoshis, without fees. Regtest halves every 150 blocks, all others every 210,000."""
    halvings = height // (REGTEST_HALVING_INTERVAL if network == "regtest" else HALVING_INTERVAL)
    return FIRST_SUBSIDY >> halvings  # reaches 0 at the 33rd halving
