"""Is the node well? Its start, its network, how far it has got, its clock, its disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from explorer.findings import Finding, amount, duration
from explorer.node.diagnosis import machine
from explorer.node.diagnosis.patient import Chain, Patient
from explorer.node.diagnosis.reach import node_elsewhere
from explorer.node.rpc_errors import WARMING_UP

BEHIND: Final = 3  # blocks; a node that gets a new one is one behind for a moment
LOOK_SECONDS: Final = 2.0  # between two looks at a node that catches up
CLOCK_SECONDS: Final = 60  # what a clock may be off: peers are told apart from 70 minutes, people sooner
BLOCK_AHEAD: Final = 2 * 3600  # seconds; a node takes no block that is further ahead of its own clock
GB: Final = 1_000_000_000
DISK_LOW: Final = {"main": 10 * GB}  # a month of blocks and their undo data
DISK_LOW_ELSEWHERE: Final = GB


class _Network(Struct):
    timeoffset: int = 0
    connections: int | None = None


def examine(patient: Patient) -> Iterator[Finding]:
    reply = patient.ask("getblockchaininfo")
    if reply.code == WARMING_UP:
        yield Finding("warming_up", reason=reply.message)
        return
    chain = reply.known(Chain)
    if chain is None:
        yield Finding("odd_answer", method="getblockchaininfo", http_status=reply.status, code=reply.code or 0)
        return
    yield _network(patient, chain)
    finding, chain = _headway(patient, chain)
    patient.chain = chain
    yield finding
    yield _clocks(patient, chain)
    yield from _disk(patient, chain)


def _network(patient: Patient, chain: Chain) -> Finding:
    """The network that was asked for against the one that answers, and whether the right one is at its own port."""
    wanted = patient.settings.bitcoin_network or patient.endpoint.network
    if wanted is None or wanted == chain.chain:
        return Finding("network", network=chain.chain)
    label = patient.endpoint.label
    if patient.settings.bitcoin_network is None:  # no more than what is usual at that port
        return Finding("network_unusual", endpoint=label, network=chain.chain, wanted=wanted)
    if elsewhere := node_elsewhere(patient, wanted):
        return Finding("wrong_port", endpoint=label, network=wanted, port=elsewhere[1])
    return Finding("wrong_network", endpoint=label, network=chain.chain, wanted=wanted)


# --- catching up ------------------------------------------------------------------------------------------------------


def _headway(patient: Patient, before: Chain) -> tuple[Finding, Chain]:
    """Two looks at a node that is behind: how fast it goes, and so for how long. Also what was seen last."""
    since = time.monotonic()
    if not _is_behind(before):
        return Finding("in_step", height=before.blocks), before
    patient.pause(LOOK_SECONDS)
    after = patient.ask("getblockchaininfo").known(Chain) or before
    if not _is_behind(after):
        return Finding("in_step", height=after.blocks), after
    percent = f"{100 * after.verificationprogress:.2f}"
    seconds = _seconds_left(before, after, time.monotonic() - since)
    if seconds is not None:
        left = duration(seconds)
        return Finding("catching_up", height=after.blocks, headers=after.headers, percent=percent, left=left), after
    network = patient.ask("getnetworkinfo").known(_Network)
    stuck = Finding(
        "catching_up_stuck",
        height=after.blocks,
        headers=after.headers,
        percent=percent,
        peers=network.connections if network else None,
        seconds=round(LOOK_SECONDS),
    )
    return stuck, after


def _is_behind(chain: Chain) -> bool:
    return chain.initialblockdownload or chain.headers - chain.blocks >= BEHIND


def _seconds_left(before: Chain, after: Chain, elapsed: float) -> float | None:
    """By the share of all transactions that is done, which tells more than blocks do; by blocks where that stands."""
    done = after.verificationprogress - before.verificationprogress
    blocks = after.blocks - before.blocks
    if blocks <= 0 or elapsed <= 0:
        return None
    if done > 0 and after.verificationprogress < 1:
        return (1 - after.verificationprogress) * elapsed / done
    return (after.headers - after.blocks) * elapsed / blocks


# --- clock and disk ---------------------------------------------------------------------------------------------------


def _clocks(patient: Patient, chain: Chain) -> Finding:
    """Three clocks: the node's peers', the node's, ours; and the newest block, which must not come from the future."""
    network = patient.ask("getnetworkinfo").known(_Network)
    offset = network.timeoffset if network else 0  # what peers have on average, minus the node's
    if abs(offset) > CLOCK_SECONDS:
        return Finding(f"clock_of_node_{'behind' if offset > 0 else 'ahead'}", off=duration(abs(offset)))
    if patient.date is not None and abs(difference := patient.date[0] - patient.date[1]) > CLOCK_SECONDS:
        return Finding("clock_ahead_of_ours" if difference > 0 else "clock_behind_ours", off=duration(abs(difference)))
    if (ahead := chain.time - time.time()) > BLOCK_AHEAD:
        return Finding("block_from_future", off=duration(ahead), height=chain.blocks)
    return Finding("clocks_agree")


def _disk(patient: Patient, chain: Chain) -> Iterator[Finding]:
    folder = machine.data_folder(patient.endpoint, patient.settings)
    free = machine.free_bytes(folder) if folder else None
    if free is None:
        return
    low = DISK_LOW.get(chain.chain, DISK_LOW_ELSEWHERE)
    yield Finding("disk_nearly_full" if free < low else "disk", folder=str(folder), free=amount(free))
