"""The methods about the mempool."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from explorer.node.demo.moment import Fields, Moment
from explorer.node.demo.parameters import INVALID, NOT_FOUND, NodeError, hash_of


def getrawmempool(
    moment: Moment, verbose: bool | None = None, mempool_sequence: bool | None = None
) -> Fields | list[str]:
    if verbose:
        if mempool_sequence:
            raise NodeError(INVALID, "Verbose results cannot contain mempool sequence values.")
        return {entry.txid: entry.at(moment.number) for entry in moment.pool()}
    txids = [entry.txid for entry in moment.pool()]
    return {"txids": txids, "mempool_sequence": moment.frame.sequence} if mempool_sequence else txids


def getmempoolentry(moment: Moment, txid: Any) -> Raw:
    entry = moment.find_unconfirmed(hash_of(txid, "parameter 1"))
    if entry is None:
        raise NodeError(NOT_FOUND, "Transaction not in mempool")
    return entry.at(moment.number)
