"""A transaction that is looked for: by its txid, at one tip, from whoever is asked."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.chain.batch import Batch, Reply
from explorer.chain.tip import ChainState, TipCheck
from explorer.node import answers
from explorer.node.capabilities import Capabilities
from explorer.node.rpc import Rpc


@dataclass(frozen=True, slots=True)
class Sought:
    """`capabilities` are those of `rpc`, and `state` is where it stands."""

    rpc: Rpc
    state: ChainState
    capabilities: Capabilities
    txid: str


def ask_bytes(sought: Sought) -> tuple[Reply[str], Reply[answers.MempoolEntry]]:
    """Its bytes in hex, which cost a node next to nothing, and its place in the mempool. Raises Moved."""
    batch = Batch(sought.rpc)
    check = TipCheck(batch, sought.state)
    raw = batch.ask(str, "getrawtransaction", sought.txid, 0)
    entry = batch.ask(answers.MempoolEntry, "getmempoolentry", sought.txid)
    batch.send()
    check.read()
    return raw, entry
