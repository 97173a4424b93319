"""The tip that this process saw last. A guess to ask by, never an answer: whoever uses it checks what comes back."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from explorer.node.rpc import Rpc

_heights: WeakKeyDictionary[Rpc, int] = WeakKeyDictionary()


def remember(rpc: Rpc, height: int) -> None:
    _heights[rpc] = height


def last_seen(rpc: Rpc) -> int | None:
    return _heights.get(rpc)
