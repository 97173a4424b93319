"""A provider by hand, before a real node: it asks for a key in the path and limits how often it is asked.

`with Provider(node, limit=20) as provider: … provider.url`. What goes beyond the limit gets 429 with Retry-After.
"""

from __future__ import annotations

import base64
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.bitcoind import Bitcoind

KEY = "key-7f3a9c21e5d84b06"
RETRY_AFTER = 1  # seconds


class Provider:
    """`limit` is in requests within any second. `served` and `refused` count them, by when they came."""

    def __init__(self, node: Bitcoind, limit: int) -> None:
        self.node = node
        self.limit = limit
        self.served: list[float] = []
        self.refused: list[float] = []
        self.lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/{KEY}/?project={KEY}"

    @property
    def label(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def may_serve(self) -> bool:
        with self.lock:
            now = time.monotonic()
            is_free = len([at for at in self.served if now - at < 1]) < self.limit
            (self.served if is_free else self.refused).append(now)
            return is_free

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        provider = self.server.provider
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != f"/v1/{KEY}/?project={KEY}":
            self.reply(401, b"")
        elif not provider.may_serve():
            self.reply(429, b"", **{"Retry-After": str(RETRY_AFTER)})
        else:
            self.forward(provider.node, body)

    def forward(self, node: Bitcoind, body: bytes) -> None:
        token = base64.b64encode(f"{node.user}:{node.password}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{node.rpcport}/", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.reply(answer.status, answer.read(), **{"Content-Type": "application/json"})
        except urllib.error.HTTPError as error:
            with error:
                self.reply(error.code, error.read(), **{"Content-Type": error.headers["Content-Type"]})
        except OSError:
            self.reply(502, b"Bad gateway")

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that goes away is part of the tests
