"""Nodes by hand that follow one chain, and the connection that joins them: `join(own, other).call("getblockcount")`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from explorer.node.client import NodeConnection
from explorer.node.discovery import Endpoint
from explorer.node.failover import FailoverConnection
from tests.bitcoind import free_port
from tests.fakenode import FakeNode, RpcError


def chain_answers(
    height: int, branch: str = "main", network: str = "regtest", headers: int | None = None
) -> dict[str, Any]:
    def block_hash(at: int) -> str:
        if not 0 <= at <= height:
            raise RpcError(-8, "Block height out of range")
        return f"{'main' if at < 5 else branch} {at}"

    info = {"chain": network, "blocks": height, "headers": headers or height, "bestblockhash": f"{branch} {height}"}
    return {"getblockchaininfo": info, "getblockhash": block_hash, "getblockcount": height}


def refuse(code: int, message: str = "") -> Callable[..., Any]:
    def answer(*params: Any) -> Any:
        raise RpcError(code, message)

    return answer


def join(*nodes: FakeNode | NodeConnection, network: str | None = "regtest") -> FailoverConnection:
    connections = [node.connect(timeout=5) if isinstance(node, FakeNode) else node for node in nodes]
    for position, connection in enumerate(connections):
        object.__setattr__(connection.endpoint, "is_own", position == 0)
    return FailoverConnection(connections, network=network)


def nobody() -> NodeConnection:
    return NodeConnection(Endpoint("127.0.0.1", free_port(), None, "a test"), timeout=5)


def asked(node: FakeNode, method: str) -> int:
    """How many requests asked it for this."""
    bodies = [request.body if isinstance(request.body, list) else [request.body] for request in node.requests]
    return sum(any(call["method"] == method for call in body) for body in bodies)


def survey_done(rpc: FailoverConnection) -> None:
    """Waits until the own node has been looked at, as happens in the background."""
    wait_until(lambda: rpc.members[0].height is not None)


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not so in time"
        time.sleep(0.01)
