"""Is there somebody at that address? The name, the port, and what can be seen on this machine where nobody listens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException

from explorer.errors import Phrase
from explorer.findings import Finding
from explorer.node import discovery
from explorer.node.diagnosis import machine
from explorer.node.diagnosis.patient import CONNECT_SECONDS, Patient


def examine(patient: Patient) -> Iterator[Finding]:
    endpoint = patient.endpoint
    try:
        addresses = sorted({found[4][0] for found in _resolve(endpoint.host, endpoint.port)}, key=str)
    except (OSError, UnicodeError) as error:  # UnicodeError: an empty or overlong label
        reason = error.strerror if isinstance(error, socket.gaierror) else Phrase("it cannot be a name")
        yield Finding("name_unknown", host=endpoint.host, reason=reason)
        return
    if endpoint.host not in addresses:  # it was an address itself
        yield Finding("name_resolves", host=endpoint.host, addresses=", ".join(map(str, addresses)))
    try:
        socket.create_connection((endpoint.host, endpoint.port), CONNECT_SECONDS).close()
    except ConnectionRefusedError:
        yield _why_nothing_listens(patient)
    except TimeoutError:
        yield Finding(
            "filtered",
            endpoint=endpoint.label,
            reason=Phrase("no answer within {seconds} seconds", seconds=CONNECT_SECONDS),
        )
    except OSError as error:  # a router or a firewall says so: no route, network unreachable
        yield Finding("filtered", endpoint=endpoint.label, reason=error.strerror or type(error).__name__)
    else:
        yield Finding("port_open", endpoint=endpoint.label)


def node_elsewhere(patient: Patient, network: str | None = None) -> tuple[str, int] | None:
    """The network and port of a node that answers on this host at another usual port (at that of `network` alone).

    It is one when it asks for a password as a node does, or lets a request without any through to JSON-RPC.
    """
    for name, port in discovery.RPC_PORTS.items():
        if port == patient.endpoint.port or network not in (None, name):
            continue
        with suppress(OSError, HTTPException):  # SSLError is an OSError
            socket.create_connection((patient.endpoint.host, port), 1).close()
            reply = patient.post("getblockcount", port=port, path="/")
            if reply.is_rpc and not reply.is_refusal:
                return name, port
            if reply.status == 401 and reply.is_bare and patient.has_nodes_http(port):
                return name, port
    return None


def _why_nothing_listens(patient: Patient) -> Finding:
    endpoint = patient.endpoint
    if elsewhere := node_elsewhere(patient):
        network, port = elsewhere
        return Finding("wrong_port", endpoint=endpoint.label, network=network, port=port)
    folder = machine.data_folder(endpoint, patient.settings)
    if folder is not None:
        match machine.is_running(folder):
            case False:
                return Finding("node_not_running", endpoint=endpoint.label, folder=str(folder))
            case True:
                return Finding("server_off", endpoint=endpoint.label, folder=str(folder))
    return Finding("nothing_listens", endpoint=endpoint.label)


def _resolve(host: str, port: int) -> list[tuple[object, object, object, object, tuple[object, ...]]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
