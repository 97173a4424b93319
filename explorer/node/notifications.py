"""What a node says by itself, over ZMQ: that a block or a transaction has come. Only a hint to look at once.

Where it publishes is found by asking it (`getzmqnotifications`). Only the own node is listened to.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from explorer.errors import ExplorerError
from explorer.node.client import NodeConnection
from explorer.node.failover import FailoverConnection
from explorer.node.rpc import Rpc

ASK_EVERY: Final = 60.0  # seconds: a node may have been restarted with others
PAUSE: Final = 0.1  # seconds between two looks at least, however much a node has to say

# The first that is there says enough: a sequence is about blocks and the mempool, the others about one of them.
TOPICS: Final = (("sequence",), ("hashblock", "hashtx"), ("rawblock", "rawtx"))


class _Notifier(Struct):
    type: str  # pubhashblock
    address: str


class Notifications:
    """Of the own node behind an `Rpc`. To be used by one thread."""

    def __init__(self, rpc: Rpc) -> None:
        self._node = rpc.own if isinstance(rpc, FailoverConnection) else rpc
        self._asked_at = -ASK_EVERY
        self._subscribed: tuple[tuple[str, str], ...] = ()  # address and topic
        self._socket: Any = None

    @property
    def come(self) -> bool:
        """Whether the node is listened to."""
        return bool(self._subscribed)

    def keep_up(self) -> None:
        """Asks now and then where the node publishes, and listens there."""
        if not isinstance(self._node, NodeConnection) or time.monotonic() - self._asked_at < ASK_EVERY:
            return
        self._asked_at = time.monotonic()
        try:
            found = self._node.call("getzmqnotifications", into=list[_Notifier])
        except ExplorerError:  # without ZMQ, or not allowed: polling will do
            found = []
        wanted = subscriptions(found, self._node.endpoint.host)
        if wanted != self._subscribed:
            self._listen(wanted)

    def wait(self, seconds: float) -> None:
        """Until the node says something, so many seconds at most."""
        if self._socket is None:
            time.sleep(seconds)
            return
        time.sleep(min(PAUSE, seconds))
        if self._socket.poll(max(0, seconds - PAUSE) * 1000):
            self._drain()

    def _listen(self, wanted: tuple[tuple[str, str], ...]) -> None:
        import zmq  # loaded only where a node publishes

        if self._socket is not None:
            self._socket.close(0)
            self._socket = None
        self._subscribed = wanted
        if wanted:
            self._socket = zmq.Context.instance().socket(zmq.SUB)
            for address, topic in wanted:
                self._socket.connect(address)
                self._socket.subscribe(topic)

    def _drain(self) -> None:
        while self._socket.poll(0):
            self._socket.recv_multipart()


def subscriptions(found: Sequence[_Notifier], host: str) -> tuple[tuple[str, str], ...]:
    """Addresses and topics that together tell of blocks and of the mempool; as little as does it."""
    published = {notifier.type.removeprefix("pub"): notifier.address for notifier in found}
    reachable = {topic: address for topic, name in published.items() if (address := _reachable(name, host))}
    for topics in TOPICS:
        here = [topic for topic in topics if topic in reachable]
        if topics[0] in here:
            return tuple((reachable[topic], topic) for topic in here)
    return ()


def _reachable(address: str, host: str) -> str | None:
    """The address as seen from here: the node's host, whichever of its own addresses the node names. None where it
    listens on its own machine alone, and that is another one."""
    url = urlsplit(address)
    if url.scheme == "ipc":
        return address if _is_loopback(host) else None
    try:
        port = url.port
    except ValueError:
        return None
    if url.scheme != "tcp" or not port or not url.hostname or (_is_loopback(url.hostname) and not _is_loopback(host)):
        return None
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
