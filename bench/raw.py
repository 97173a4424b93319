"""The node asked as cheaply as can be: ready-made requests on a kept connection, and nothing done with the answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from bench.kept import Kept
from tests.bitcoind import Bitcoind

IDLE_SECONDS = 20  # bitcoind closes an idle connection after 30

Call = tuple[str, tuple[Any, ...]]  # method and parameters


class Raw(NamedTuple):
    body: bytes
    seconds: float

    @property
    def results(self) -> list[Any]:
        """Of a batch, in its order. Raises ValueError when the node refused one of the calls."""
        answers = json.loads(self.body)
        if failed := [answer["error"] for answer in answers if answer["error"]]:
            raise ValueError(f"the node refused a call of the yardstick: {failed[0]}")
        return [answer["result"] for answer in answers]


class RawNode(Kept):
    def __init__(self, node: Bitcoind) -> None:
        super().__init__(node.rpcport, IDLE_SECONDS)
        self._login = base64.b64encode(f"{node.user}:{node.password}".encode()).decode()

    def batch(self, calls: Sequence[Call]) -> Raw:
        """All the calls in one request. Errors of single calls do not show before `results` is read."""
        batch = [{"id": i, "method": method, "params": params} for i, (method, params) in enumerate(calls)]
        body = json.dumps(batch).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Basic {self._login}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        answer = self.exchange(head.encode() + body)
        if answer.status != 200:
            raise OSError(f"the node answered with {answer.status}: {answer.body[:200]!r}")
        return Raw(answer.body, answer.seconds)

    def call(self, method: str, *params: Any) -> Raw:
        return self.batch([(method, params)])

    def rest(self, path: str) -> Raw:
        """A path such as /rest/block/HASH.bin."""
        answer = self.exchange(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        if answer.status != 200:
            raise OSError(f"the node answered {path} with {answer.status}")
        return Raw(answer.body, answer.seconds)

    def warm_up(self) -> None:
        """Opens the connection, so that the next question does not wait for that."""
        self.call("uptime")
