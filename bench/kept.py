"""A kept connection that asks and takes the time until the last byte of the answer."""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import NamedTuple, Self

LARGEST_READ = 1 << 18  # bytes


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]  # names in small letters
    body: bytes  # as it came over the wire
    seconds: float  # from the first byte sent to the last one received


class Kept:
    """HTTP/1.1 to a port of 127.0.0.1. After `idle_seconds` without use it is opened anew, which is not timed."""

    def __init__(self, port: int, idle_seconds: float, timeout: float = 60) -> None:
        self.port = port
        self._idle_seconds = idle_seconds
        self._timeout = timeout
        self._last_used = 0.0
        self._socket: socket.socket | None = None

    @property
    def own_port(self) -> int:
        """Of the visitor's end."""
        port: int = self.opened().getsockname()[1]
        return port

    def opened(self) -> socket.socket:
        if self._socket is None or time.monotonic() - self._last_used > self._idle_seconds:
            self.close()
            self._socket = socket.create_connection(("127.0.0.1", self.port), self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._last_used = time.monotonic()
        return self._socket

    def exchange(self, request: bytes) -> Answer:
        """Sends a whole request and reads a whole answer. Raises OSError when the other end closes before that."""
        sock = self.opened()
        try:
            answer = _exchange(sock, request)
        except OSError:
            self.close()
            raise
        self._last_used = time.monotonic()
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _exchange(sock: socket.socket, request: bytes) -> Answer:
    start = time.perf_counter()
    sock.sendall(request)
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _read(sock)
    lines = received[:end].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    status, rest = int(lines[0].split()[1]), received[end + 4 :]
    if status == 304:
        body = b""
    elif "chunked" in headers.get("transfer-encoding", "").lower():
        body = _chunked(sock, rest)
    elif "content-length" in headers:
        body = _exactly(sock, rest, int(headers["content-length"]))
    else:
        raise OSError(f"an answer of unknown length: {lines[0]}")
    return Answer(status, headers, body, time.perf_counter() - start)


def _exactly(sock: socket.socket, start: bytes, length: int) -> bytes:
    parts, missing = [start], length - len(start)
    while missing > 0:
        parts.append(_read(sock))
        missing -= len(parts[-1])
    return b"".join(parts)


def _chunked(sock: socket.socket, buffer: bytes) -> bytes:
    body = b""
    while True:
        while (end := buffer.find(b"\r\n")) < 0:
            buffer += _read(sock)
        size = int(buffer[:end], 16)
        chunk = _exactly(sock, buffer[end + 2 :], size + 2)
        body, buffer = body + chunk[:size], chunk[size + 2 :]
        if size == 0:
            return body


def _read(sock: socket.socket) -> bytes:
    data = sock.recv(LARGEST_READ)
    if not data:
        raise ConnectionResetError("closed before the answer was complete")
    return data
