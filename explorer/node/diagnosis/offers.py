"""What a node that works offers, and what it could: indexes, old blocks, notifications; and too many rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from explorer.findings import Finding
from explorer.node.diagnosis.patient import Chain, Patient
from explorer.node.methods import METHODS

# The index as a node names it, and as our findings do.
INDEXES: Final = {
    "txindex": "txindex",
    "basic block filter index": "block_filters",
    "coinstatsindex": "coin_stats",
}
# Reads that the explorer has no use for: whoever may call one of them may call more than needed.
NEEDLESS: Final = ("getmemoryinfo", "getnettotals", "getpeerinfo", "getrpcinfo", "getwalletinfo", "listwallets")
FORBIDDEN: Final = 403


class _Index(Struct):
    synced: bool
    best_block_height: int


class _Notification(Struct):
    type: str  # pubhashblock, pubrawtx …


def examine(patient: Patient) -> Iterator[Finding]:
    chain = patient.chain
    if chain is None:
        return
    yield from _indexes(patient, chain)
    yield Finding("pruned", height=chain.pruneheight) if chain.pruned else Finding("every_block")
    if patient.is_provider:
        return  # neither its notifications nor its rights are ours to arrange
    yield from _notifications(patient)
    if wallets := patient.ask("listwallets").known(list[str]):
        yield Finding("wallet_loaded", count=len(wallets))
    yield _rights(patient)


def _indexes(patient: Patient, chain: Chain) -> Iterator[Finding]:
    indexes = patient.ask("getindexinfo").known(dict[str, _Index])
    if indexes is None:
        return
    for name, finding in INDEXES.items():
        index = indexes.get(name)
        if index is None:
            if name != "txindex" or not chain.pruned:  # these two exclude each other
                yield Finding(f"{finding}_missing")
        elif not index.synced:
            height, tip = index.best_block_height, chain.blocks
            yield Finding(f"{finding}_building", height=height, tip=tip, percent=100 * height // max(tip, 1))
        else:
            yield Finding(finding)


def _notifications(patient: Patient) -> Iterator[Finding]:
    reply = patient.ask("getzmqnotifications")
    if reply.status == FORBIDDEN:
        return
    if notifications := reply.known(list[_Notification]):
        yield Finding("zmq_on", topics=", ".join(sorted({one.type.removeprefix("pub") for one in notifications})))
    else:  # also where the node was built without it
        yield Finding("zmq_off")


def _rights(patient: Patient) -> Finding:
    allowed = [name for name in NEEDLESS if name not in METHODS and patient.ask(name).status != FORBIDDEN]
    if allowed:
        return Finding("more_rights", methods=", ".join(allowed))
    return Finding("limited_user")
