"""What this process saw last of each node. Good for a guess or a badge, never an answer: whoever asks by it checks."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from explorer.bitcoin.models import ChainStatus
from explorer.node.rpc import Rpc


@dataclass(frozen=True, slots=True)
class Seen:
    network: str
    height: int
    version: str | None  # the node's user agent
    label: str  # of the endpoint that said so


_seen: WeakKeyDictionary[Rpc, Seen] = WeakKeyDictionary()


def remember(rpc: Rpc, chain: ChainStatus, version: str | None = None) -> None:
    """`version` stays what it was where it was not asked for, and the same endpoint answers."""
    before = _seen.get(rpc)
    known = before.version if before and before.label == rpc.label else None
    _seen[rpc] = Seen(chain.network, chain.height, version or known, rpc.label)


def last_seen(rpc: Rpc) -> Seen | None:
    return _seen.get(rpc)
