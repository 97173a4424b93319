"""What a node that works offers, and what it could: indexes, old blocks, notifications; and too many rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from explorer.findings import Finding
from explorer.node.diagnosis.patient import Patient
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


def examine(patient: Patient) -> Iterator[Finding]:
    yield from _indexes(patient)
    yield from _pruning(patient)
    if patient.is_provider:
        return  # neither its notifications nor its rights are ours to arrange
    yield from _notifications(patient)
    yield from _wallets(patient)
    yield _rights(patient)


def _indexes(patient: Patient) -> Iterator[Finding]:
    indexes = patient.ask("getindexinfo").result
    if not isinstance(indexes, dict):
        return
    for name, finding in INDEXES.items():
        index: dict[str, Any] | None = indexes.get(name)
        if index is None:
            if name != "txindex" or not patient.chain.get("pruned"):  # these two exclude each other
                yield Finding(f"{finding}_missing")
        elif not index["synced"]:
            height, tip = index["best_block_height"], patient.chain["blocks"]
            yield Finding(f"{finding}_building", height=height, tip=tip, percent=100 * height // max(tip, 1))
        else:
            yield Finding(finding)


def _pruning(patient: Patient) -> Iterator[Finding]:
    if patient.chain.get("pruned"):
        yield Finding("pruned", height=patient.chain.get("pruneheight", 0))
    else:
        yield Finding("every_block")


def _notifications(patient: Patient) -> Iterator[Finding]:
    reply = patient.ask("getzmqnotifications")
    if reply.status == FORBIDDEN:
        return
    if reply.result:
        yield Finding("zmq_on", topics=", ".join(sorted({one["type"].removeprefix("pub") for one in reply.result})))
    else:  # also where the node was built without it
        yield Finding("zmq_off")


def _wallets(patient: Patient) -> Iterator[Finding]:
    if wallets := patient.ask("listwallets").result:
        yield Finding("wallet_loaded", count=len(wallets))


def _rights(patient: Patient) -> Finding:
    allowed = [name for name in NEEDLESS if name not in METHODS and patient.ask(name).status != FORBIDDEN]
    if allowed:
        return Finding("more_rights", methods=", ".join(allowed))
    return Finding("limited_user")
