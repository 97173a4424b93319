"""A proxy between explorer and node that writes down what is asked. For passes that are not timed."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.bitcoind import Bitcoind

LARGEST_READ = 1 << 16  # bytes


class Asked(NamedTuple):
    """A JSON-RPC call, or with the method GET a path of the node's REST interface."""

    method: str
    params: tuple[Any, ...]
    request: int  # which of the HTTP requests it came in, counted from 0; calls of a batch share it

    def names(self, words: set[str]) -> bool:
        """Whether it asks about one of these hashes."""
        if self.method == "GET":
            return any(word in self.params[0] for word in words)
        return any(_mentions(param, words) for param in self.params)


def _mentions(param: Any, words: set[str]) -> bool:
    match param:
        case list():
            return any(_mentions(item, words) for item in param)
        case dict():
            return any(_mentions(item, words) for item in param.values())
        case str():
            return param in words
        case _:
            return False


class Recorder:
    """Passes bytes on unchanged, and reads along what goes to the node: `with Recorder(node) as recorder`."""

    def __init__(self, node: Bitcoind) -> None:
        self._node = node
        self._asked: list[Asked] = []
        self._requests = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._ends: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """In the place of the node's."""
        return f"http://{self._node.user}:{self._node.password}@127.0.0.1:{self._listener.getsockname()[1]}"

    def take(self) -> list[Asked]:
        """Everything asked since the last time, in the order in which it came."""
        with self._lock:
            asked, self._asked = self._asked, []
        return asked

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="recorder", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _shut(self._listener)
        with self._lock:
            ends = list(self._ends)
        for end in ends:
            _shut(end)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._listener.accept()
                node = socket.create_connection(("127.0.0.1", self._node.rpcport))
                for end in (visitor, node):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._ends |= {visitor, node}
                threading.Thread(target=self._to_node, args=(visitor, node), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(node, visitor), daemon=True).start()

    def _to_node(self, visitor: socket.socket, node: socket.socket) -> None:
        self._pass_on(visitor, node, _Requests())

    def _pass_on(self, source: socket.socket, target: socket.socket, requests: _Requests | None = None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(LARGEST_READ):
                if requests:  # before it goes on: whoever has the answer finds the question written down
                    for asked in requests.feed(data):
                        self._write_down(asked)
                target.sendall(data)
        for end in (source, target):
            _shut(end)
        with self._lock:
            self._ends -= {source, target}

    def _write_down(self, calls: list[tuple[str, tuple[Any, ...]]]) -> None:
        with self._lock:
            self._asked += [Asked(method, params, self._requests) for method, params in calls]
            self._requests += 1


class _Requests:
    """The HTTP requests in a stream of bytes, each as its calls."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[list[tuple[str, tuple[Any, ...]]]]:
        self._buffer += data
        found = []
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            line, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._buffer) < whole:
                break
            method, path, _ = line.split(" ", 2)
            found.append([("GET", (path,))] if method == "GET" else _calls(bytes(self._buffer[end + 4 : whole])))
            del self._buffer[:whole]
        return found


def _calls(body: bytes) -> list[tuple[str, tuple[Any, ...]]]:
    asked = json.loads(body)
    return [(call["method"], _params(call.get("params"))) for call in (asked if isinstance(asked, list) else [asked])]


def _params(params: Any) -> tuple[Any, ...]:
    return (params,) if isinstance(params, dict) else tuple(params or ())  # named ones stay together


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
