"""Is the node well? Its start, its network, how far it has got, its clock, its disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from explorer.findings import Finding, amount, duration
from explorer.node.diagnosis import machine
from explorer.node.diagnosis.patient import Patient, Reply
from explorer.node.diagnosis.reach import node_elsewhere
from explorer.node.rpc_errors import WARMING_UP

BEHIND: Final = 3  # blocks; a node that gets a new one is one behind for a moment
LOOK_SECONDS: Final = 2.0  # between two looks at a node that catches up
CLOCK_SECONDS: Final = 60  # what a clock may be off: peers are told apart from 70 minutes, people sooner
BLOCK_AHEAD: Final = 2 * 3600  # seconds; a node takes no block that is further ahead of its own clock
GB: Final = 1_000_000_000
DISK_LOW: Final = {"main": 10 * GB}  # a month of blocks and their undo data
DISK_LOW_ELSEWHERE: Final = GB
QUEUE_LOOKS: Final = 4


def examine(patient: Patient) -> Iterator[Finding]:
    reply = _patiently(patient, "getblockchaininfo")
    if reply.code == WARMING_UP:
        yield Finding("warming_up", reason=reply.message)
        return
    if not isinstance(reply.result, dict):
        yield Finding("odd_answer", method="getblockchaininfo", http_status=reply.status, code=reply.code)
        return
    patient.chain = reply.result
    yield _network(patient)
    yield _headway(patient)
    yield from _clocks(patient)
    yield from _disk(patient)


def _patiently(patient: Patient, method: str) -> Reply:
    """A queue may be full for a moment."""
    for _ in range(QUEUE_LOOKS):
        reply = patient.ask(method)
        if reply.status not in (429, 503):
            break
        patient.pause(0.5)
    return reply


def _network(patient: Patient) -> Finding:
    """The network that was asked for against the one that answers, and whether the right one is at its own port."""
    wanted = patient.settings.bitcoin_network or patient.endpoint.network
    network = str(patient.chain.get("chain"))
    if wanted is None or wanted == network:
        return Finding("network", network=network)
    label = patient.endpoint.label
    if patient.settings.bitcoin_network is None:  # no more than what is usual at that port
        return Finding("network_unusual", endpoint=label, network=network, wanted=wanted)
    if elsewhere := node_elsewhere(patient, wanted):
        return Finding("wrong_port", endpoint=label, network=wanted, port=elsewhere[1])
    return Finding("wrong_network", endpoint=label, network=network, wanted=wanted)


# --- catching up ------------------------------------------------------------------------------------------------------


def _headway(patient: Patient) -> Finding:
    """Two looks at a node that is behind: how fast it goes, and so for how long."""
    before, since = patient.chain, time.monotonic()
    if not _is_behind(before):
        return Finding("in_step", height=before["blocks"])
    patient.pause(LOOK_SECONDS)
    reply = _patiently(patient, "getblockchaininfo")
    after = reply.result if isinstance(reply.result, dict) else before
    patient.chain = after
    if not _is_behind(after):
        return Finding("in_step", height=after["blocks"])
    values = {
        "height": after["blocks"],
        "headers": after["headers"],
        "percent": f"{100 * float(after['verificationprogress']):.2f}",
    }
    seconds = _seconds_left(before, after, time.monotonic() - since)
    if seconds is None:
        network = _patiently(patient, "getnetworkinfo").result
        peers = network.get("connections") if isinstance(network, dict) else None
        return Finding("catching_up_stuck", **values, peers=peers, seconds=round(LOOK_SECONDS))
    return Finding("catching_up", **values, left=duration(seconds))


def _is_behind(chain: dict[str, Any]) -> bool:
    return bool(chain["initialblockdownload"]) or chain["headers"] - chain["blocks"] >= BEHIND


def _seconds_left(before: dict[str, Any], after: dict[str, Any], elapsed: float) -> float | None:
    """By the share of all transactions that is done, which tells more than blocks do; by blocks where that stands."""
    done = float(after["verificationprogress"]) - float(before["verificationprogress"])
    blocks = after["blocks"] - before["blocks"]
    if blocks <= 0 or elapsed <= 0:
        return None
    if done > 0 and after["verificationprogress"] < 1:
        return (1 - float(after["verificationprogress"])) * elapsed / done
    return float((after["headers"] - after["blocks"]) * elapsed / blocks)


# --- clock and disk ---------------------------------------------------------------------------------------------------


def _clocks(patient: Patient) -> Iterator[Finding]:
    """Three clocks: the node's peers', the node's, ours; and the newest block, which must not come from the future."""
    network = _patiently(patient, "getnetworkinfo").result
    offset = network.get("timeoffset", 0) if isinstance(network, dict) else 0
    if abs(offset) > CLOCK_SECONDS:  # what peers have on average, minus the node's
        yield Finding("clock_of_node", off=duration(abs(offset)), direction="behind" if offset > 0 else "ahead of")
        return
    if patient.date is not None and abs(difference := patient.date[0] - patient.date[1]) > CLOCK_SECONDS:
        yield Finding(
            "clocks_differ", off=duration(abs(difference)), direction="ahead of" if difference > 0 else "behind"
        )
        return
    newest = patient.chain.get("time", 0)
    if (ahead := newest - time.time()) > BLOCK_AHEAD:
        yield Finding("block_from_future", off=duration(ahead), height=patient.chain["blocks"])
        return
    yield Finding("clocks_agree")


def _disk(patient: Patient) -> Iterator[Finding]:
    folder = machine.data_folder(patient.endpoint, patient.settings)
    free = machine.free_bytes(folder) if folder else None
    if free is None:
        return
    low = DISK_LOW.get(str(patient.chain.get("chain")), DISK_LOW_ELSEWHERE)
    yield Finding("disk_nearly_full" if free < low else "disk", folder=str(folder), free=amount(free))
