"""Dialling a node: names that lead nowhere, addresses where nobody answers, families that the kernel lacks."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from explorer.deadline import deadline
from explorer.errors import NodeUnavailable
from explorer.node import transport
from explorer.node.client import NodeConnection
from explorer.node.discovery import Endpoint
from tests.bitcoind import free_port
from tests.fakenode import FakeNode
from tests.node.failures import failure


def test_a_port_where_nothing_listens() -> None:
    port = free_port()
    error = failure(NodeConnection(Endpoint("127.0.0.1", port, None, "a test")))
    assert isinstance(error, NodeUnavailable)
    assert error.values == {"endpoint": f"127.0.0.1:{port}", "reason": "Connection refused"}


def test_a_name_that_does_not_exist() -> None:
    error = failure(NodeConnection(Endpoint("nowhere.invalid", 8332, None, "a test")))
    assert isinstance(error, NodeUnavailable)
    assert "ame" in str(error.values["reason"])  # "Name or service not known", in the C library's words


@pytest.mark.parametrize("host", ["a..b", ".b", f"{'a' * 64}.example"])
def test_a_name_that_cannot_be_one(host: str) -> None:
    error = failure(NodeConnection(Endpoint(host, 8332, None, "a test")))
    assert isinstance(error, NodeUnavailable)
    assert error.values["reason"] == "it cannot be a name"


def test_a_name_that_takes_long_to_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no name server answers: the C library asks them for half a minute."""
    resolve = socket.getaddrinfo

    def slowly(host: str, port: int, *args: Any, **options: Any) -> Any:
        if host == "slow.invalid" and not options.get("flags"):
            time.sleep(2)
        return resolve(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    before = time.monotonic()
    with deadline(0.3):
        error = failure(NodeConnection(Endpoint("slow.invalid", 8332, None, "a test")))
    assert error.values["reason"] == "its name could not be resolved in time"
    assert time.monotonic() - before < 0.6


def test_a_connection_that_nobody_accepts(deaf: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.2)
    error = failure(NodeConnection(Endpoint(*deaf, None, "a test")))
    assert isinstance(error, NodeUnavailable)
    assert error.values["reason"] == "nothing there accepts a connection"


def resolve_to(monkeypatch: pytest.MonkeyPatch, *found: tuple[int, tuple[str, int]]) -> None:
    """Every name has these addresses: family, and host with port."""
    rows = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: rows)


def test_an_address_of_a_family_that_the_kernel_lacks(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ::1 before 127.0.0.1 where localhost has both."""
    with pytest.raises(OSError, match="not supported"):
        socket.socket(socket.AF_APPLETALK, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    resolve_to(monkeypatch, (socket.AF_APPLETALK, ("", 0)), (socket.AF_INET, ("127.0.0.1", node.port)))
    assert NodeConnection(node.endpoint(host="localhost")).call("getblockcount") == 7


def test_an_address_that_is_deaf_leaves_time_for_the_next(
    node: FakeNode, deaf: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a host behind an IPv6 that leads nowhere."""
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.4)
    resolve_to(monkeypatch, (socket.AF_INET, deaf), (socket.AF_INET, ("127.0.0.1", node.port)))
    assert NodeConnection(node.endpoint(host="localhost")).call("getblockcount") == 7
