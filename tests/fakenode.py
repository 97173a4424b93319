"""A node by hand, for the faults that a real one does not produce on demand: `with FakeNode() as node: …`.

Undisturbed it answers as bitcoind 29 does; a test holds it against the real one.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from config import Secret
from explorer.node.client import NodeConnection
from explorer.node.discovery import Endpoint, Password

USER, PASSWORD = "fake", "wonder-land"
HTTP_STATUS = {-32600: 400, -32601: 404}  # of a single JSON-RPC 1.1 error; every other one is sent with 500


class RpcError(Exception):
    """Raised by an answer: the node's error for this call."""

    def __init__(self, code: int, message: str) -> None:
        self.error = {"code": code, "message": message}


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: Any  # decoded JSON
    connection: int  # counted from 1


Fault = Callable[["_Handler"], None]


class FakeNode:
    """`answers` has, by method, a result or a function of the parameters. A queued fault takes one request's place."""

    def __init__(
        self,
        answers: dict[str, Any] | None = None,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.answers: dict[str, Any] = {"getblockcount": 7, **(answers or {})}
        self.login = f"{USER}:{PASSWORD}"
        self.whitelist: set[str] | None = None  # rpcwhitelist=: every other method is refused
        self.refuses_addresses = False  # rpcallowip=: nobody may ask, whatever the password
        self.rest: dict[str, bytes] = {}  # with rest=1, by path; without it every such path is unknown
        self.asks_everywhere = False  # as a proxy does: for a password at every path
        self.faults: deque[Fault] = deque()
        self.requests: list[Request] = []
        self.connections: list[socket.socket] = []
        self.scheme: Literal["http", "https"] = "https" if tls else "http"
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def endpoint(self, **changes: Any) -> Endpoint:
        login = Password(USER, Secret(PASSWORD))
        return replace(Endpoint(self.host, self.port, login, "a test", self.scheme), **changes)

    def connect(self, **options: Any) -> NodeConnection:
        """A connection of its own, not the process's; `options` are NodeConnection's."""
        return NodeConnection(self.endpoint(), **({"timeout": 5} | options))

    def hang_up_on_all(self) -> None:
        """Close every kept connection, as bitcoind does with idle ones."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self.hang_up_on_all()
        self._server.server_close()
        self._thread.join()


# --- faults ----------------------------------------------------------------------------------------------------------


def says(status: int, body: str = "", content_type: str = "text/html; charset=ISO-8859-1", **headers: str) -> Fault:
    """An HTTP answer with this status. Header names are written with underscores."""

    def fault(handler: _Handler) -> None:
        handler.reply(status, body.encode(), content_type, {k.replace("_", "-"): v for k, v in headers.items()})

    return fault


def says_json(body: str) -> Fault:
    return says(200, body, "application/json")


def nothing_wrong(handler: _Handler) -> None:
    """Answers, so that the next fault is another request's."""
    handler.answer()


def hangs_up(handler: _Handler) -> None:
    """Closes the connection without an answer."""
    handler.close_connection = True


def truncates(handler: _Handler) -> None:
    """Promises more than it sends, then closes the connection."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"result":')
    handler.close_connection = True


def is_no_http(handler: _Handler) -> None:
    handler.wfile.write(b"\xf9\xbe\xb4\xd9version\x00\x00\x00\x00\x00\r\n\r\n")
    handler.close_connection = True


def waits(seconds: float) -> Fault:
    """Answers, but only then."""

    def fault(handler: _Handler) -> None:
        time.sleep(seconds)
        handler.answer()

    return fault


def drips(handler: _Handler) -> None:
    """Sends a byte now and then, never all of them."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    with suppress(OSError):
        for _ in range(1000):
            handler.wfile.write(b" ")
            time.sleep(0.02)
    handler.close_connection = True


def answers_in_chunks(handler: _Handler) -> None:
    """The right answer in chunked encoding, as proxies send it."""
    body = handler.result()
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for start in range(0, len(body), 5):
        part = body[start : start + 5]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
    handler.wfile.write(b"0\r\n\r\n")


# --- how it answers --------------------------------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    body: bytes

    def setup(self) -> None:
        super().setup()
        self.server.node.connections.append(self.connection)
        self.number = len(self.server.node.connections)

    def do_POST(self) -> None:
        node = self.server.node
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        with suppress(ValueError):
            node.requests.append(Request(self.path, dict(self.headers), json.loads(self.body), self.number))
        if node.refuses_addresses:
            self.reply(403, b"")
            return
        fault = node.faults.popleft() if node.faults else _Handler.answer
        fault(self)

    def do_GET(self) -> None:
        if self.server.node.refuses_addresses:
            self.reply(403, b"")
        elif self.server.node.asks_everywhere:
            self.reply(401, b"")
        elif self.path == "/":
            self.reply(405, b"JSONRPC server handles only POST requests")
        elif (found := self.server.node.rest.get(self.path)) is not None:
            self.reply(200, found, "application/octet-stream")
        else:
            self.reply(404, b"")

    def answer(self) -> None:
        expected = "Basic " + base64.b64encode(self.server.node.login.encode()).decode()
        if self.headers["Authorization"] != expected:
            self.reply(401, b"", headers={"WWW-Authenticate": 'Basic realm="jsonrpc"'})
            return
        if self._is_refused():
            self.reply(403, b"")
            return
        body = self.result()
        answer = json.loads(body)
        status = 200
        if isinstance(answer, dict) and "jsonrpc" not in answer and answer["error"]:
            status = HTTP_STATUS.get(answer["error"]["code"], 500)
        self.reply(status, body, "application/json")

    def _is_refused(self) -> bool:
        """One method outside of the whitelist refuses the whole batch."""
        whitelist = self.server.node.whitelist
        try:
            asked = json.loads(self.body)
        except ValueError:
            return False
        calls = asked if isinstance(asked, list) else [asked]
        return whitelist is not None and not {call["method"] for call in calls} <= whitelist

    def result(self) -> bytes:
        try:
            asked = json.loads(self.body)
        except ValueError:
            answer: Any = {"result": None, "error": {"code": -32700, "message": "Parse error"}, "id": None}
        else:
            answer = [self._one(call) for call in asked] if isinstance(asked, list) else self._one(asked)
        return json.dumps(answer, separators=(",", ":")).encode() + b"\n"

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        error = result = None
        try:
            if call["method"] not in self.server.node.answers:
                raise RpcError(-32601, "Method not found")
            answer = self.server.node.answers[call["method"]]
            result = answer(*call.get("params", [])) if callable(answer) else answer
        except RpcError as refusal:
            error = refusal.error
        if call.get("jsonrpc") != "2.0":
            return {"result": result, "error": error, "id": call["id"]}
        return {"jsonrpc": "2.0", **({"error": error} if error else {"result": result}), "id": call["id"]}

    def reply(
        self,
        status: int,
        body: bytes,
        content_type: str = "text/html; charset=ISO-8859-1",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, node: FakeNode, tls: ssl.SSLContext | None) -> None:
        self.node = node
        self.address_family = socket.AF_INET6 if ":" in node.host else socket.AF_INET
        super().__init__((node.host, 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that goes away is part of the tests
