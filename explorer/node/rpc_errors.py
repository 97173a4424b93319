"""What a node's error codes mean: from the code and the method asked, and from its words only where nothing else tells.

The codes are those of Bitcoin Core's src/rpc/protocol.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from explorer.errors import BadQuery, ExplorerError, NodeBusy, NodeFault, NotFound, Rejected, Unsupported

MISC = -1
NOT_FOUND = -5  # "invalid address or key": in practice an id that the node does not know
OUT_OF_RANGE = -8
VERIFY_FAILED, VERIFY_REJECTED, ALREADY_IN_CHAIN = -25, -26, -27
WARMING_UP = -28
METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603
LIMITED: Final = frozenset({429, -32005, -32007})  # what providers say of single calls once their limit is reached

WARM_UP_SECONDS: Final = 5  # when to look again; loading a large index takes minutes, a small one seconds
REASON_LENGTH: Final = 300  # a usage error carries the method's whole help text

BROADCASTS: Final = frozenset({"sendrawtransaction", "submitpackage"})
# What a -5 says that there is none of. The id asked for is the first parameter.
LOOKUPS: Final = {
    "getblock": "block_not_found",
    "getblockheader": "block_not_found",
    "getblockstats": "block_not_found",
    "getblockfilter": "block_not_found",
    "getchaintxstats": "block_not_found",
    "getdeploymentinfo": "block_not_found",
    "getrawtransaction": "transaction_not_found",
    "getmempoolentry": "transaction_not_found",
    "getmempoolancestors": "transaction_not_found",
    "getmempooldescendants": "transaction_not_found",
    "gettransaction": "transaction_not_found",
}
# These need an index of their own, and say -1 without it.
INDEXED: Final = frozenset({"getblockfilter", "scanblocks", "gettxspendingprevout"})


def translate(method: str, code: int, message: str, params: Sequence[Any] = ()) -> ExplorerError:
    """The error of the family that an RPC error is. Of `params`, only the id of a lookup is kept.

    A -5 becomes `NotFound`, also where the node could not know without txindex: only its capabilities tell that.
    """
    reason = _one_line(message)
    if code == WARMING_UP:
        return NodeBusy("node_warming_up", retry_after=WARM_UP_SECONDS, reason=reason)
    if code in LIMITED:
        return NodeBusy("node_limit", retry_after=1)
    if code == METHOD_NOT_FOUND:
        return Unsupported(method=method)
    if method in BROADCASTS or code in (VERIFY_FAILED, VERIFY_REJECTED, ALREADY_IN_CHAIN):
        return Rejected(reason=reason, code=code, method=method)
    if code == NOT_FOUND:
        # Its txid differs between the networks, so only the node's words tell that it is the genesis coinbase.
        if method == "getrawtransaction" and "genesis block coinbase" in message:
            return Unsupported("genesis_coinbase", query=_shown(params, 0))
        if method in LOOKUPS:
            return NotFound(LOOKUPS[method], query=_shown(params, 0))
        return NotFound(method=method)
    if code == OUT_OF_RANGE:
        if method in ("getblockhash", "getblockstats") and params and isinstance(params[0], int):
            return NotFound("height_not_found", height=params[0])
        return BadQuery(method=method, reason=reason)
    if code == MISC:
        return _miscellaneous(method, message, params)
    # What getrawtransaction 2 says of a block that was never connected, up to Core 30 at least.
    if code == INTERNAL_ERROR and message.startswith("Undo data expected"):
        return Unsupported("undo_missing", query=_block_of(method, params))
    return NodeFault(method=method, code=code, reason=reason)


def node_words(error: ExplorerError) -> tuple[int, str] | None:
    """The node's own code and message, as far as it is the node that refused. Not for visitors' eyes."""
    code, message = (getattr(error.__cause__, name, None) for name in ("code", "message"))
    return (code, message) if isinstance(code, int) and isinstance(message, str) else None


def _miscellaneous(method: str, message: str, params: Sequence[Any]) -> ExplorerError:
    """-1 is thrown for whatever has no code of its own, so that only the words can tell what it is about."""
    block = _block_of(method, params)
    if "pruned" in message:
        return Unsupported("block_pruned", query=block)
    # A side block that was never connected: the second are the words of Core 23 to 27.
    if "Undo data not available" in message or message.startswith("Can't read undo data"):
        return Unsupported("undo_missing", query=block)
    # The header is known already: the last are the words of Core 23 to 27, and those of a read that pruning overtakes.
    if "not fully downloaded" in message or message.startswith(("Block not found on disk", "Can't read block")):
        return Unsupported("block_not_downloaded", query=block)
    if message.startswith("Block not available"):  # all that getrawtransaction says, of a pruned block too
        return Unsupported("block_not_available", query=block)
    if "out of range" in message:  # a number beyond 32 bits, where the node expects a smaller one
        return BadQuery(method=method, reason=_one_line(message))
    if method in INDEXED:
        return Unsupported(method=method)
    return NodeFault(method=method, code=MISC, reason=_one_line(message))


def _block_of(method: str, params: Sequence[Any]) -> str | None:
    return _shown(params, 2 if method == "getrawtransaction" else 0)


def _shown(params: Sequence[Any], position: int) -> str | None:
    """A parameter that was an id. Callers take only those of lookups: others may be passphrases."""
    return str(params[position])[:100] if len(params) > position else None


def _one_line(message: str) -> str:
    return " ".join(message.split())[:REASON_LENGTH]
