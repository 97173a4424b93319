"""The node under examination: asked plainly, one request to a connection, so that every answer can be seen as it is.

`explorer/node/client.py` mends what can be mended (a renewed cookie, a closed connection). Here nothing is.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from config import Secret, Settings
from explorer.node.discovery import Cookie, Endpoint, Password
from explorer.node.wire import seconds_until

T = TypeVar("T")

ANSWER_SECONDS: Final = 10  # a healthy node answers every question asked here at once
CONNECT_SECONDS: Final = 5
QUEUE_LOOKS: Final = 5  # before a work queue counts as full
QUEUE_SECONDS: Final = 0.5
NO_PATH: Final = "/no-such-path"
MAX_ANSWER: Final = 1024 * 1024  # bytes; nothing asked here has more


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. `is_rpc` tells whether it was JSON-RPC, with a result or else with an error code.

    `is_bare`, whether it had no body: so a node refuses, and so it knows no path. Web servers have a page for both.
    """

    status: int
    is_rpc: bool = False
    is_bare: bool = False
    result: Any = None
    code: int | None = None
    message: str = ""
    date: int | None = None  # the Date header, Unix seconds
    asked_at: float = 0  # our clock, in the middle between question and answer

    @property
    def is_refusal(self) -> bool:
        return self.status in (401, 403)

    def known(self, into: type[T]) -> T | None:
        """The result, or None where there is none or it is of another shape: whoever answers may be no node."""
        if not self.is_rpc or self.code is not None:
            return None
        try:
            return msgspec.convert(self.result, into)
        except msgspec.ValidationError:
            return None


class Chain(Struct):
    """`getblockchaininfo`."""

    chain: str
    blocks: int
    headers: int
    verificationprogress: float
    initialblockdownload: bool
    pruned: bool = False
    pruneheight: int = 0
    time: int = 0  # of the newest block; since Bitcoin Core 23


class Patient:
    """One node. What examinations learn of it on the way is kept in its fields."""

    def __init__(self, endpoint: Endpoint, settings: Settings, timeout: int, pause: Callable[[float], None]) -> None:
        self.endpoint = endpoint
        self.settings = settings
        self.pause = pause
        self.timeout = timeout
        self.login: Secret | None = None  # the value of the Authorization header, once it is known to be right
        self.chain: Chain | None = None  # what getblockchaininfo said last
        self.date: tuple[int, float] | None = None  # the node's clock, and ours at that moment

    @property
    def is_provider(self) -> bool:
        """Whether it is let in by a key in the URL, as providers do, instead of by a user and password."""
        endpoint = self.endpoint
        return endpoint.credentials is None and (endpoint.target != Secret("/") or not endpoint.is_own)

    def read_login(self) -> Secret | None:
        """From the settings, or the cookie as it is now. Raises OSError where it cannot be read."""
        match self.endpoint.credentials:
            case Password(user, password):
                return _basic(f"{user}:{password.reveal()}")
            case Cookie(path):
                return _basic(path.read_text(encoding="utf-8", errors="surrogateescape").strip())
            case _:
                return None

    def ask(self, method: str, *params: Any) -> Reply:
        """As the user that the settings name. A queue that is full may be so for a moment."""
        for _ in range(QUEUE_LOOKS):
            reply = self.post(method, *params, login=self.login)
            if reply.status not in (429, 503):
                break
            self.pause(QUEUE_SECONDS)
        return reply

    def post(
        self, method: str, *params: Any, login: Secret | None = None, port: int | None = None, path: str | None = None
    ) -> Reply:
        """Raises OSError (TimeoutError among them), ssl.SSLError, or HTTPException where no HTTP comes back."""
        body = json.dumps({"id": 1, "method": method, "params": params})
        return self.send("POST", body, login=login, port=port, path=path)

    def send(
        self,
        verb: str,
        body: str | None = None,
        *,
        login: Secret | None = None,
        port: int | None = None,
        path: str | None = None,
    ) -> Reply:
        connection = self._connection(port or self.endpoint.port)
        began, deadline = time.time(), time.monotonic() + self.timeout
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "bitcoin-explorer", "Connection": "close"}
            if login:
                headers["Authorization"] = f"Basic {login.reveal()}"
            connection.request(verb, path or self.endpoint.target.reveal(), body, headers)
            response = HTTPResponse(_Reader(connection.sock, deadline), method=verb)  # type: ignore[arg-type]
            response.begin()
            text = response.read(MAX_ANSWER)
            date = response.getheader("Date")
        finally:
            connection.close()
        return _reply(response.status, text, date, (began + time.time()) / 2)

    def has_nodes_http(self, port: int | None = None) -> bool:
        """Whether the HTTP server is a node's: it knows but / and /wallet/, and says so even while it is busy."""
        reply = self.send("GET", port=port, path=NO_PATH)
        return reply.status == 404 and reply.is_bare

    def _connection(self, port: int) -> HTTPConnection:
        if self.endpoint.scheme == "https":
            return HTTPSConnection(self.endpoint.host, port, timeout=self.timeout, context=self.tls())
        return HTTPConnection(self.endpoint.host, port, timeout=self.timeout)

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.endpoint.ca_file:
            context.load_verify_locations(self.endpoint.ca_file)
        return context


class _Reader(io.RawIOBase):
    """Reads from a socket until a deadline: a socket's own timeout starts anew with every byte that arrives."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(seconds_until(self._deadline))
        return self._sock.recv_into(buffer)


def _reply(status: int, text: bytes, date: str | None, asked_at: float) -> Reply:
    clock = None
    if date:
        try:
            clock = int(parsedate_to_datetime(date).timestamp())
        except (ValueError, OverflowError):  # OverflowError: a year or a zone beyond what C counts
            clock = None
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: lists in lists, a thousand deep
        answer = None
    if not isinstance(answer, dict):
        return Reply(status, is_bare=not text, date=clock, asked_at=asked_at)
    error = answer.get("error")
    if isinstance(error, dict) and type(code := error.get("code")) is int:
        said = error.get("message")
        message = " ".join(said.split())[:200] if isinstance(said, str) else ""
        return Reply(status, is_rpc=True, code=code, message=message, date=clock, asked_at=asked_at)
    is_rpc = "result" in answer and error is None  # a web server's error is a word, or an object without a number
    return Reply(status, is_rpc=is_rpc, result=answer.get("result"), date=clock, asked_at=asked_at)


def _basic(pair: str) -> Secret:
    return Secret(base64.b64encode(pair.encode("utf-8", "surrogateescape")).decode("ascii"))
