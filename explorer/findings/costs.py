"""What an index of the node costs, roughly, on the main chain of late 2026."""

from __future__ import annotations

from explorer.language import noop

TXINDEX = noop("about 65 GB and some hours to build")
SPENDERS = noop("about 90 GB and some hours to build")
BLOCK_FILTERS = noop("about 13 GB and some hours to build")
COIN_STATS = noop("less than 1 GB and some hours to build")
