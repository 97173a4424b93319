"""Does whoever listens there speak as a node does: TLS or not, HTTP, JSON-RPC?"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from http.client import HTTPException, RemoteDisconnected
from typing import Final

from explorer.findings import Finding
from explorer.node.diagnosis.patient import NO_PATH, QUEUE_LOOKS, QUEUE_SECONDS, Patient, Reply

# How messages between peers begin, and the ports on which peers listen.
MAGIC: Final = {
    "main": bytes.fromhex("f9beb4d9"),
    "test": bytes.fromhex("0b110907"),
    "testnet4": bytes.fromhex("1c163f28"),
    "signet": bytes.fromhex("0a03cf40"),
    "regtest": bytes.fromhex("fabfb5da"),
}
PEER_PORTS: Final = {"main": 8333, "test": 18333, "testnet4": 48333, "signet": 38333, "regtest": 18444}
PEER_SECONDS: Final = 2


def examine(patient: Patient) -> Iterator[Finding]:
    endpoint = patient.endpoint
    try:
        reply = patient.post("getblockcount")
    except ssl.SSLCertVerificationError as error:
        yield Finding("tls_untrusted", endpoint=endpoint.label, reason=error.verify_message)
        return
    except ssl.SSLError:
        yield Finding("tls_absent", endpoint=endpoint.label)
        return
    except TimeoutError:
        if network := _peers_speak(patient):
            yield Finding("p2p_port", endpoint=endpoint.label, network=network)
        else:
            yield Finding("no_answer", endpoint=endpoint.label, seconds=patient.timeout)
        return
    except (ConnectionError, HTTPException) as error:
        yield _what_else(patient, error)
        return
    if reply.status == 503 and patient.has_nodes_http():
        reply = yield from _work_queue(patient, reply)
        if reply.status == 503:
            return
    if reply.status == 429:
        yield Finding("rate_limited", endpoint=endpoint.label)
        return
    if reply.is_rpc or (reply.is_refusal and _is_node_that_refuses(patient, reply)):
        patient.date = (reply.date, reply.asked_at) if reply.date else None
        yield Finding("speaks_rpc", endpoint=endpoint.label)
    else:
        yield Finding("http_no_rpc", endpoint=endpoint.label, http_status=reply.status)


def _is_node_that_refuses(patient: Patient, reply: Reply) -> bool:
    """A node refuses an address (403) at every path alike. A password it wants at its own paths only; a proxy before it
    may want one at every path, and lets us see the node once it has it."""
    if patient.is_provider:
        return True
    if reply.status == 403:
        return reply.is_bare and patient.send("GET", path=NO_PATH).status == 403
    if reply.is_bare and patient.has_nodes_http():
        return True
    with suppress(OSError):  # of the cookie, which is `entry`'s to judge
        return patient.post("getblockcount", login=patient.read_login()).is_rpc
    return False


def _work_queue(patient: Patient, reply: Reply) -> Generator[Finding, None, Reply]:
    """Looks again whether it drains: asks for the password only once there is room. Returns the last reply."""
    for _ in range(QUEUE_LOOKS):
        patient.pause(QUEUE_SECONDS)
        reply = patient.post("getblockcount")
        if reply.status != 503:
            yield Finding("work_queue_busy", endpoint=patient.endpoint.label)
            return reply
    yield Finding("work_queue_full", endpoint=patient.endpoint.label)
    return reply


def _what_else(patient: Patient, error: Exception) -> Finding:
    """Who it is that listens and does not speak HTTP."""
    endpoint = patient.endpoint
    if network := _peers_speak(patient):
        return Finding("p2p_port", endpoint=endpoint.label, network=network)
    if endpoint.scheme == "http" and _speaks_tls(patient):
        return Finding("tls_needed", endpoint=endpoint.label)
    if isinstance(error, (RemoteDisconnected, ConnectionError)):
        return Finding("hangs_up", endpoint=endpoint.label)
    return Finding("no_http", endpoint=endpoint.label)


def _speaks_tls(patient: Patient) -> bool:
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # to see whether it is TLS: nothing is sent over it
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    address = (patient.endpoint.host, patient.endpoint.port)
    with suppress(OSError), socket.create_connection(address, PEER_SECONDS) as plain:
        anyone.wrap_socket(plain, server_hostname=patient.endpoint.host).close()
        return True
    return False


# --- what peers say to each other -------------------------------------------------------------------------------------


def _peers_speak(patient: Patient) -> str | None:
    """The network whose peers are greeted there, if a `version` message is answered by one."""
    networks = sorted(MAGIC, key=lambda name: PEER_PORTS[name] != patient.endpoint.port)
    for network in networks:
        try:
            if _greets(patient, MAGIC[network]):
                return network
        except TimeoutError:  # a peer of another network answers too, or hangs up
            return None
        except OSError:
            continue
    return None


def _greets(patient: Patient, magic: bytes) -> bool:
    with socket.create_connection((patient.endpoint.host, patient.endpoint.port), PEER_SECONDS) as peer:
        peer.sendall(_version_message(magic))
        answer = b""
        while len(answer) < 12 and (more := peer.recv(1024)):
            answer += more
    return answer[:12] == magic + b"version\x00"


def _version_message(magic: bytes) -> bytes:
    """Protocol 70015; no services, nobody's address, height 0, and no wish for transactions."""
    nobody = bytes(26)
    payload = (
        struct.pack("<iQq", 70015, 0, int(time.time())) + nobody + nobody + bytes(8) + b"\x00" + bytes(4) + b"\x00"
    )
    checksum = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    return magic + b"version".ljust(12, b"\x00") + struct.pack("<I", len(payload)) + checksum + payload
