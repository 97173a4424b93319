"""One kept connection to a node: dialled, asked, and read, all of it before a deadline."""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from typing import Any, Final, NamedTuple

import httptools

from config import Secret
from explorer.node.discovery import Endpoint

ROOM: Final = 256 * 1024  # bytes that are read at once
FINAL: Final = 200  # the first status of an answer; lower ones are word that it will come
MAX_HEAD: Final = 256 * 1024  # bytes before an answer's body
MAX_ANSWER: Final = 512 * 1024 * 1024  # bytes; a full mempool in every detail has about 200 MB


class Answer(NamedTuple):
    status: int
    is_json: bool
    retry_after: str | None
    body: bytes


class NotHttp(Exception):
    """What came back is something else."""


class CutShort(Exception):
    """The other side closed the connection in the middle of its answer."""


class Closed(ConnectionError):
    """It did so before the first byte."""


class TooLarge(Exception):
    """An answer of more bytes than its argument."""


class Wire:
    """Deadlines are in monotonic seconds. Any exception leaves it unusable; TimeoutError, once the deadline has passed.

    Until `accept_by` somebody there must have accepted the connection: a node that is there does so at once.
    """

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext | None, accept_by: float, deadline: float) -> None:
        self._sock = _dial(endpoint.host, endpoint.port, accept_by)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._sock.settimeout(seconds_until(deadline))
            self._sock = tls.wrap_socket(self._sock, server_hostname=endpoint.host)  # closes it when it fails
        self._room = memoryview(bytearray(ROOM))
        self.is_reusable = True

    def __del__(self) -> None:
        if hasattr(self, "_sock"):
            self._sock.close()

    def is_stale(self) -> bool:
        """Whether something can be read although nothing was asked: the end of the connection, as a rule."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))

    def ask(self, head: Secret, body: bytes, deadline: float) -> Answer:
        self._send(head.reveal().encode("latin-1") + body, deadline)
        self.is_reusable = False
        reply = _Reply()
        try:
            while not reply.is_whole:
                if count := self._receive(deadline):
                    reply.feed(self._room[:count])
                else:
                    reply.end()
        finally:
            reply.let_go()
        self.is_reusable = reply.can_go_on
        return reply.answer

    def _send(self, request: bytes, deadline: float) -> None:
        self._sock.settimeout(seconds_until(deadline))
        self._sock.sendall(request)

    def _receive(self, deadline: float) -> int:
        """Bytes into our room. A socket's own timeout starts anew with each that arrives, the deadline does not."""
        self._sock.settimeout(seconds_until(deadline))
        return self._sock.recv_into(self._room)

    def close(self) -> None:
        self._sock.close()


class _Reply:
    """The first answer that comes, as httptools reads it to us. Word that it will come may go before it; whatever comes
    after it was not asked for."""

    def __init__(self) -> None:
        self.is_whole = False
        self.can_go_on = False  # whether another question can be asked on the same connection
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._size = self._head_size = 0
        self._is_begun = self._has_headers = False

    def feed(self, data: memoryview) -> None:
        """Raises NotHttp, TooLarge."""
        if not self._has_headers:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.can_go_on = False
            if not self.is_whole:
                raise NotHttp from None
        if self._size > MAX_ANSWER:
            raise TooLarge(MAX_ANSWER)
        if not self._has_headers and self._head_size > MAX_HEAD:
            raise NotHttp

    def end(self) -> None:
        """Nothing more comes. Raises what that means, unless it is how the answer ends."""
        if not self._is_begun:
            raise Closed
        if not self._has_headers or b"content-length" in self._headers or b"transfer-encoding" in self._headers:
            raise CutShort
        self.is_whole = True

    def let_go(self) -> None:
        """Of the parser: it and this know each other, and would both wait for the collector."""
        del self._parser

    @property
    def answer(self) -> Answer:
        kind, _, _ = (self._header("content-type") or "").partition(";")
        is_json = kind.strip().lower() == "application/json"
        return Answer(self._status, is_json, self._header("retry-after"), b"".join(self._chunks))

    def _header(self, name: str) -> str | None:
        found = self._headers.get(name.encode())
        return None if found is None else found.decode("latin-1")

    # --- what httptools calls ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._is_begun = True
        self.can_go_on = False  # for what comes after the answer; else it is decided at the end of that

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_headers:
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if not self.is_whole:
            self._status = self._parser.get_status_code()
            self._has_headers = True

    def on_body(self, chunk: bytes) -> None:
        if not self.is_whole:
            self._chunks.append(chunk)
            self._size += len(chunk)

    def on_message_complete(self) -> None:
        if self.is_whole:
            return
        if self._status < FINAL:
            self._headers.clear()
            self._has_headers = False
        else:
            self.is_whole = True
            self.can_go_on = self._parser.should_keep_alive()


def _dial(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to the first of the host's addresses that accepts one.

    None may spend the time of those after it: behind a dead IPv6, the host is there by IPv4.
    """
    failure: OSError = ConnectionError("nothing there accepts a connection")
    found = _resolve(host, port, deadline)
    for i, (family, kind, protocol, _, address) in enumerate(found):
        try:
            sock = socket.socket(family, kind, protocol)  # fails where the kernel has no IPv6
        except OSError as error:
            failure = error
            continue
        try:
            sock.settimeout(seconds_until(deadline) / (len(found) - i))
            sock.connect(address)
        except TimeoutError:
            sock.close()
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _resolve(host: str, port: int, deadline: float) -> list[Any]:
    """The host's addresses. On a thread of its own, since the C library asks name servers for as long as it likes."""
    found: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found.put(_addresses(host, port))
        except OSError as error:
            found.put(error)

    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = found.get(timeout=seconds_until(deadline))
    except (queue.Empty, TimeoutError):
        raise ConnectionError("its name could not be resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _addresses(host: str, port: int, flags: int = 0) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError:  # of an empty label, or one of more than 63 characters
        raise ConnectionError("it cannot be a name") from None


def seconds_until(deadline: float) -> float:
    """Raises TimeoutError once it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
