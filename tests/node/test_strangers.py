"""What the doctor finds where something else answers than a node, or where TLS is not as it is asked for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import parse_headers
from pathlib import Path

import pytest

from config import Secret
from explorer.node import discovery
from explorer.node.discovery import Endpoint, Password
from tests.fakenode import FakeNode
from tests.node.examination import NESTED, examined, make_healthy, node, the_trouble

__all__ = ["node"]  # a fixture

# --- something else answers -------------------------------------------------------------------------------------------


@contextmanager
def server(behaviour: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where every connection is given to the behaviour."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        behaviour(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def hear(connection: socket.socket) -> bytes:
    """A whole request: closing a connection before all of it is read resets it. Returns the verb."""
    with connection.makefile("rb") as file:
        verb = file.readline().partition(b" ")[0]
        file.read(int(parse_headers(file).get("Content-Length", 0)))
    return verb


def greets_in_its_own_way(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ready\r\n")
    connection.recv(4096)


def hangs_up_at_once(connection: socket.socket) -> None:
    connection.recv(4096)


@pytest.mark.parametrize(
    ("behaviour", "finding_id"), [(greets_in_its_own_way, "no_http"), (hangs_up_at_once, "hangs_up")]
)
def test_no_http(behaviour: Callable[[socket.socket], None], finding_id: str) -> None:
    with server(behaviour) as port:
        the_trouble(Endpoint("127.0.0.1", port, Password("u", Secret("p")), "a test"), finding_id)


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 502, 503])
def test_a_web_server(status: int) -> None:
    """Also one that asks for a password, forbids, or is overrun: it does so for every path, which a node does not."""

    def answers(connection: socket.socket) -> None:
        told = status if hear(connection) == b"POST" or status in (401, 503) else 200
        connection.sendall(f"HTTP/1.1 {told} So\r\nContent-Length: 4\r\nConnection: close\r\n\r\nSo.\n".encode())

    with server(answers) as port:
        trouble = the_trouble(Endpoint("127.0.0.1", port, Password("u", Secret("p")), "a test"), "http_no_rpc")
    assert trouble.values["http_status"] == status


WEB_ERRORS = [
    '{"error":"Not Found"}',
    '{"error":{"message":"Not Found"},"status":400}',
    '{"error":{"code":"NOT_FOUND"}}',
    '{"error":{"code":true}}',
    '{"result":null,"error":"Not Found"}',
]


@contextmanager
def web_api(status: int, body: str) -> Iterator[int]:
    """It answers every question with that, and knows no other path."""

    def answers(connection: socket.socket) -> None:
        told = status if hear(connection) == b"POST" else 404
        head = f"HTTP/1.1 {told} So\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body.encode())

    with server(answers) as port:
        yield port


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
@pytest.mark.parametrize("body", WEB_ERRORS)
def test_an_error_of_a_web_api(status: int, body: str) -> None:
    """Also where it asks for a password: a node that does so has no body."""
    with web_api(status, body) as port:
        findings = examined(Endpoint("127.0.0.1", port, Password("u", Secret("p")), "a test"))
    assert [finding.id for finding in findings] == ["port_open", "http_no_rpc"]
    assert findings[-1].values["http_status"] == status


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, '{"error":"unauthorized"}'),
        (401, '{"error":{"code":7}}'),
        (403, '{"error":{"code":7}}'),
        (404, WEB_ERRORS[0]),
    ],
)
def test_a_web_api_at_the_port_of_another_network(status: int, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    with web_api(status, body) as port:
        monkeypatch.setattr(discovery, "RPC_PORTS", {"signet": port})
        the_trouble(Endpoint("127.0.0.1", closed, Password("u", Secret("p")), "a test"), "nothing_listens")


def test_a_proxy_that_asks_for_the_password_itself(node: FakeNode) -> None:
    """At every path, the password of its own being that of the node."""
    node.asks_everywhere = True
    assert {finding.level for finding in examined(node.endpoint())} == {"ok"}


def drips_its_head(connection: socket.socket) -> None:
    hear(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(connection)


def drips_its_body(connection: socket.socket) -> None:
    hear(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    drip(connection)


def drip(connection: socket.socket) -> None:
    """For 6 seconds; the doctor here waits for one."""
    for _ in range(60):
        connection.sendall(b" ")
        time.sleep(0.1)


@pytest.mark.parametrize("behaviour", [drips_its_head, drips_its_body])
def test_an_answer_that_never_ends(behaviour: Callable[[socket.socket], None]) -> None:
    """Every byte arrives in time, all of them never do."""
    with server(behaviour) as port:
        trouble = the_trouble(Endpoint("127.0.0.1", port, Password("u", Secret("p")), "a test"), "no_answer")
    assert trouble.values["seconds"] == 1


def test_lists_in_lists() -> None:
    """Too deep to be read."""
    with web_api(200, NESTED) as port:
        the_trouble(Endpoint("127.0.0.1", port, Password("u", Secret("p")), "a test"), "http_no_rpc")


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tls_node(tls_node: FakeNode) -> FakeNode:
    make_healthy(tls_node)
    return tls_node


def test_an_authority_of_its_own(tls_node: FakeNode, certificate: Path) -> None:
    findings = examined(tls_node.endpoint(ca_file=certificate))
    assert {finding.level for finding in findings} == {"ok"}


def test_a_certificate_that_nobody_vouches_for(tls_node: FakeNode) -> None:
    trouble = the_trouble(tls_node.endpoint(), "tls_untrusted")
    assert "self-signed" in trouble.words.what
    assert not tls_node.requests


def test_tls_where_none_is_spoken(tls_node: FakeNode) -> None:
    the_trouble(tls_node.endpoint(scheme="http"), "tls_needed")


def test_no_tls_where_it_is_asked_for(node: FakeNode) -> None:
    the_trouble(node.endpoint(scheme="https"), "tls_absent")
