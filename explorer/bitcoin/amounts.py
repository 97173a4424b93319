"""Satoshis are ints. A node's JSON gives bitcoins as decimals; this is the only way from one to the other."""

from __future__ import annotations

from decimal import Decimal

COIN = 100_000_000  # satoshis


def satoshis(bitcoins: Decimal) -> int:
    """Exact; raises ValueError where the amount has parts of a satoshi."""
    amount = int(bitcoins.scaleb(8))
    if amount != bitcoins.scaleb(8):
        raise ValueError(f"not a whole number of satoshis: {bitcoins}")
    return amount


def rate_per_vbyte(bitcoins_per_kvb: Decimal) -> Decimal:
    """sat/vB from the node's BTC/kvB."""
    return bitcoins_per_kvb * COIN / 1000
