"""Host headers that no browser sends, over a real socket: a test client would not let them pass."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.server import LiveServer


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with LiveServer({"BITCOIN_RPC_URL": "demo", "BASE_PATH": "/explorer"}) as server:
        yield server


def ask(server: LiveServer, line: str, host: str) -> tuple[int, str]:
    """The status, and the whole answer."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as wire:
        wire.sendall(f"{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    return int(answer.split()[1]), answer.decode()


@pytest.mark.parametrize(
    "host", ["a..b", ".", "x" * 64, "xn--zz..", "xn--", "ü", "[::1", "a b", "%00", "{0.__class__}"]
)
@pytest.mark.parametrize("path", ["/explorer/", "/explorer/healthz", "/explorer/nothing", "/explorer/search?q=1"])
def test_a_malformed_host_breaks_nothing(server: LiveServer, host: str, path: str) -> None:
    status, answer = ask(server, f"GET {path} HTTP/1.1", host)
    assert status in (200, 302, 404)
    assert "content-security-policy" in answer.lower()


@pytest.mark.parametrize("target", ["http://evil.example?q=1", "http://evil.example", "http://evil.example/explorer"])
def test_a_whole_url_leads_nowhere_else(server: LiveServer, target: str) -> None:
    status, answer = ask(server, f"GET {target} HTTP/1.1", "evil.example")
    assert status in (200, 302, 308, 400, 404)
    assert "evil.example" not in answer
    assert "content-security-policy" in answer.lower()


def test_no_traceback_was_logged(server: LiveServer) -> None:
    assert "Traceback" not in server.log
