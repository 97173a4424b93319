"""What an index of the node costs, roughly, on the main chain of late 2026."""

from __future__ import annotations

TXINDEX = "about 65 GB and some hours to build"
SPENDERS = "about 90 GB and some hours to build"
BLOCK_FILTERS = "about 13 GB and some hours to build"
COIN_STATS = "less than 1 GB and some hours to build"
