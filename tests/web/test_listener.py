"""The visitor's end of a stream, on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from explorer.web.listener import SILENT_SECONDS, Listener

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Ours and the visitor's."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as visitor:
        ours, _ = server.accept()
        with ours:
            yield ours, visitor


def seconds(began: float) -> float:
    return time.monotonic() - began


def fill(connection: socket.socket) -> None:
    with pytest.raises(TimeoutError):
        connection.sendall(b"x" * 100_000_000)


def test_one_who_stays(ends: Ends) -> None:
    listener = Listener(ends[0])
    ends[1].sendall(b"GET /next HTTP/1.1\r\n")  # whatever a visitor says meanwhile
    began = time.monotonic()
    assert not listener.leaves_within(0.2)
    assert seconds(began) >= 0.15
    assert listener.has_room(1, 0.1, lambda: True)


@pytest.mark.parametrize("how", ["closes", "says no more"])
def test_one_who_leaves(ends: Ends, how: str) -> None:
    listener = Listener(ends[0])
    leave = ends[1].close if how == "closes" else lambda: ends[1].shutdown(socket.SHUT_WR)
    threading.Timer(0.1, leave).start()
    began = time.monotonic()
    assert listener.leaves_within(5)
    assert seconds(began) < 2


def test_one_who_reads_nothing(ends: Ends) -> None:
    listener = Listener(ends[0])
    fill(ends[0])  # a write ends in time
    began = time.monotonic()
    assert not listener.has_room(0.3, 0.1, lambda: True)
    assert 0.2 < seconds(began) < 2
    began = time.monotonic()
    assert not listener.has_room(60, 0.1, lambda: False)
    assert seconds(began) < 2
    listener.drop()
    with pytest.raises(BrokenPipeError):
        ends[0].sendall(b"x")


def test_one_whose_machine_falls_silent(ends: Ends) -> None:
    Listener(ends[0])
    assert ends[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENT_SECONDS * 1000


def test_a_unix_socket_will_do() -> None:
    ours, visitor = socket.socketpair()
    with ours:
        listener = Listener(ours)
        assert not listener.leaves_within(0)
        visitor.close()
        assert listener.leaves_within(1)


def test_after_the_end_no_request_is_read(ends: Ends) -> None:
    Listener(ends[0]).expect_nothing_more()
    ends[0].sendall(b"the end")
    assert ends[0].recv(10) == b""
    assert ends[1].recv(10) == b"the end"


def test_one_who_has_gone_already(ends: Ends) -> None:
    ends[1].close()
    listener = Listener(ends[0])
    ends[0].close()
    listener.drop()
    listener.expect_nothing_more()


def test_without_a_socket_everybody_is_there() -> None:
    listener = Listener(None)
    began = time.monotonic()
    assert not listener.leaves_within(0.1)
    assert seconds(began) >= 0.1
    assert listener.has_room(0, 0, lambda: False)
    listener.drop()
