"""What comes over the wire, byte by byte: other servers than Bitcoin Core's stand before nodes, and nodes break off."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from config import Secret
from explorer.node import wire
from explorer.node.wire import Answer, Closed, CutShort, NotHttp, TooLarge, Wire

PAUSE = 0.03  # seconds, so that two pieces arrive as two
OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"Content-Type: application/json\r\n"
WHOLE = OK + JSON + b"Content-Length: 2\r\n\r\n{}"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
QUESTION = Secret("GET / HTTP/1.1\r\nHost: node\r\n\r\n")

Say = Callable[..., Wire]


@pytest.fixture
def say() -> Iterator[Say]:
    """A wire to somebody who answers any question with these pieces, and hangs up unless told to stay."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads = []

        def say(*pieces: bytes, stay: bool = False) -> Wire:
            def answer() -> None:
                visitor, _ = server.accept()
                with visitor, contextlib.suppress(OSError):  # it was hung up on us
                    visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    visitor.recv(1000)
                    for piece in pieces:
                        visitor.sendall(piece)
                        time.sleep(PAUSE)
                    if stay:
                        visitor.recv(1)

            threads.append(threading.Thread(target=answer))
            threads[-1].start()
            endpoint: Any = SimpleNamespace(host="127.0.0.1", port=server.getsockname()[1])
            soon = time.monotonic() + 5
            return Wire(endpoint, None, soon, soon)

        yield say
        for thread in threads:
            thread.join()


def ask(connection: Wire) -> Answer:
    try:
        return connection.ask(QUESTION, b"", time.monotonic() + 5)
    finally:
        connection.close()


@pytest.mark.parametrize(
    "pieces",
    [
        [WHOLE],
        [bytes([byte]) for byte in WHOLE],
        [OK + JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n", b"0\r\n\r\n"],
        [OK + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Type: text/plain\r\n\r\n"],
        [CONTINUE + WHOLE],
        [CONTINUE, WHOLE],
        [CONTINUE + WHOLE[:4], WHOLE[4:]],
        [CONTINUE, OK, WHOLE[len(OK) :]],
        [CONTINUE, OK + b"Content-Ty", WHOLE[len(OK) + 10 :]],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Type: text/css\r\n\r\n", WHOLE],
    ],
)
def test_a_whole_answer_however_it_comes(say: Say, pieces: list[bytes]) -> None:
    connection = say(*pieces, stay=True)
    assert ask(connection) == Answer(200, True, None, b"{}")
    assert connection.is_reusable


@pytest.mark.parametrize(
    "after",
    [
        b"garbage",
        b"HTTP/1.1 500 X\r\n",
        b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nRetry-After: 9\r\n\r\n!",
    ],
)
def test_what_comes_after_it_was_not_asked_for(say: Say, after: bytes) -> None:
    connection = say(WHOLE + after, stay=True)
    assert ask(connection) == Answer(200, True, None, b"{}")
    assert not connection.is_reusable


@pytest.mark.parametrize(
    "whole",
    [
        OK + JSON + b"\r\n{}",  # it ends with the connection
        b"HTTP/1.0 200 OK\r\n" + JSON + b"\r\n{}",
        b"HTTP/1.0 200 OK\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}",
        OK + JSON + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
        OK + JSON + b"Connection: close\r\nConnection: x\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_some_answers_are_the_last(say: Say, whole: bytes) -> None:
    connection = say(whole)
    assert ask(connection) == Answer(200, True, None, b"{}")
    assert not connection.is_reusable


@pytest.mark.parametrize(
    ("pieces", "failure"),
    [
        ([], Closed),
        ([b"HTTP/1.1 2"], CutShort),
        ([OK + JSON], CutShort),
        ([WHOLE[:-1]], CutShort),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"], CutShort),
        ([CONTINUE], CutShort),
        ([CONTINUE, b"HTTP/1.1 2"], CutShort),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], NotHttp),
        ([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"], NotHttp),
        ([OK + b"Content-Length: x\r\n\r\n"], NotHttp),
    ],
)
def test_no_whole_answer(say: Say, pieces: list[bytes], failure: type[Exception]) -> None:
    connection = say(*pieces)
    with pytest.raises(failure):
        ask(connection)
    assert not connection.is_reusable


def test_too_much(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_HEAD", 1_000)
    with pytest.raises(NotHttp):
        ask(say(OK, *[b"X-Y: " + b"z" * 500 + b"\r\n"] * 3))
    with pytest.raises(NotHttp):
        ask(say(*[CONTINUE * 20] * 3))
    monkeypatch.setattr(wire, "MAX_ANSWER", 1_000)
    with pytest.raises(TooLarge):
        ask(say(OK + b"\r\n" + bytes(900), bytes(900)))


def test_a_deadline_holds_however_steadily_something_comes(say: Say) -> None:
    connection = say(OK, *[b"X-Y: z\r\n"] * 100)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        connection.ask(QUESTION, b"", began + 0.2)
    connection.close()
    assert time.monotonic() - began < 1
