"""What this node can answer: found by asking it, never by comparing versions."""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from msgspec import Struct

from explorer.deadline import left
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, Unsupported
from explorer.node.allowed import batch_as_allowed
from explorer.node.retry import PATIENCE
from explorer.node.rpc import Call, Rpc

RECHECK_SECONDS: Final = 60  # an index that was being built gets ready, a node restarts with other settings


@dataclass(frozen=True)
class Capabilities:
    """An index counts as there once it has caught up with the chain, for only then it answers everything."""

    chain: str  # main, test, testnet4, signet, regtest
    pruned: bool
    prune_height: int | None  # the lowest block that is still there, on a pruned node
    txindex: bool
    txindex_height: int | None  # how far it has got, also while it is being built; None without it
    block_filters: bool
    coin_stats: bool
    spender_index: bool  # what spent an output in a block: txospenderindex, since Bitcoin Core 31
    rest: bool  # blocks, and what they spend, in binary: with rest=1, since Bitcoin Core 30
    methods: frozenset[str]  # every method that the node lists


class _Chain(Struct):
    chain: str
    bestblockhash: str
    pruned: bool = False
    pruneheight: int | None = None


class _Index(Struct):
    synced: bool
    best_block_height: int


CALLS: Final[list[Call]] = [("getblockchaininfo",), ("getindexinfo",), ("help",)]
TYPES: Final[list[Any]] = [_Chain, dict[str, _Index], str]


def get_capabilities(rpc: Rpc) -> Capabilities:
    """What the node that answers can do, remembered for a minute. Raises the node's own error while none answers."""
    return rpc.through(_recall)


def why_unknown(capabilities: Capabilities, txid: str) -> Unsupported:
    """Why a node without a txindex, or with one that is not complete, cannot say that there is no such transaction."""
    if capabilities.txindex_height is not None:
        return Unsupported("txindex_building", query=txid, height=f"{capabilities.txindex_height:,}")
    return Unsupported("needs_txindex", query=txid)


def _recall(node: Rpc) -> Capabilities:
    memory = _memories.get(node) or _memories.setdefault(node, _Memory())
    return memory.recall(node)


class _Memory:
    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._capabilities: Capabilities | None = None
        self._fresh_until = 0.0

    def recall(self, rpc: Rpc) -> Capabilities:
        """Who finds it outdated asks anew; the others go on with what was known, or wait if nothing was."""
        known = self._capabilities
        if known is not None and (monotonic() < self._fresh_until or self._asking.locked()):
            return known
        if not self._asking.acquire(timeout=left(PATIENCE)):
            raise NodeBusy("too_slow", retry_after=1)
        try:
            if self._capabilities is None or monotonic() >= self._fresh_until:
                self._capabilities = _ask(rpc)
                self._fresh_until = monotonic() + RECHECK_SECONDS
            return self._capabilities
        finally:
            self._asking.release()


def _ask(rpc: Rpc) -> Capabilities:
    chain, indexes, listing = batch_as_allowed(rpc, CALLS, TYPES)
    if isinstance(chain, ExplorerError):
        raise chain
    indexes = _without(indexes, {})
    listing = _without(listing, "")
    txindex = indexes.get("txindex")
    ready = {name for name, index in indexes.items() if index.synced}
    return Capabilities(
        chain=chain.chain,
        pruned=chain.pruned,
        prune_height=chain.pruneheight if chain.pruned else None,
        txindex="txindex" in ready,
        txindex_height=txindex.best_block_height if txindex else None,
        block_filters="basic block filter index" in ready,
        coin_stats="coinstatsindex" in ready,
        spender_index="txospenderindex" in ready,
        rest=_has_rest(rpc, chain.bestblockhash),
        methods=frozenset(line.split()[0] for line in listing.splitlines() if line and not line.startswith("=")),
    )


def _has_rest(rpc: Rpc, best_hash: str) -> bool:
    """Asked for what the newest block spends: an older node has REST, and not that."""
    try:
        return bool(rpc.rest(f"spenttxouts/{best_hash}.bin"))
    except ExplorerError:
        return False


def _without(answer: Any, substitute: Any) -> Any:
    """What a node that does not know the method, or does not allow it, can do without it."""
    if isinstance(answer, (Unsupported, NodeRefused)):
        return substitute
    if isinstance(answer, ExplorerError):
        raise answer
    return answer


_memories: weakref.WeakKeyDictionary[Rpc, _Memory] = weakref.WeakKeyDictionary()
os.register_at_fork(after_in_child=_memories.clear)  # a thread of the parent may have been asking
