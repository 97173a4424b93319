"""One kept connection to a node: dialled, asked, and read, all of it before a deadline."""

from __future__ import annotations

import io
import queue
import select
import socket
import ssl
import threading
import time
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, Final, NamedTuple

from config import Secret
from explorer.node.discovery import Endpoint

CHUNK: Final = 256 * 1024
MAX_ANSWER: Final = 512 * 1024 * 1024  # bytes; a full mempool in every detail has about 200 MB


class Answer(NamedTuple):
    status: int
    is_json: bool
    retry_after: str | None
    body: bytes


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
        self._sock.settimeout(seconds_until(deadline))
        self._sock.sendall(head.reveal().encode("latin-1") + body)
        response = HTTPResponse(Reader(self._sock, deadline), method="POST")  # type: ignore[arg-type]  # makefile is all
        try:
            response.begin()
            chunks = []
            size = 0
            while chunk := response.read1(CHUNK):
                chunks.append(chunk)
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise HTTPException(f"an answer of more than {MAX_ANSWER} bytes")
            if response.length:  # read1 does not notice that the rest is missing
                raise IncompleteRead(b"", response.length)
            self.is_reusable = not response.will_close
            is_json = response.headers.get_content_type() == "application/json"
            return Answer(response.status, is_json, response.getheader("Retry-After"), b"".join(chunks))
        finally:
            response.close()

    def close(self) -> None:
        self._sock.close()


class Reader(io.RawIOBase):
    """Reads from a socket until a deadline: a socket's own timeout starts anew with every byte that arrives."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, CHUNK)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(seconds_until(self._deadline))
        return self._sock.recv_into(buffer)


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
