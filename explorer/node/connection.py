"""The cached connection factory: `get_rpc_connection()` for whoever asks about the chain.

What it connects is in client.py (one node), failover.py (several behind one face) and demo/ (the recorded chain).
"""

from __future__ import annotations

import config
from config import Settings
from explorer.node.client import NodeConnection
from explorer.node.discovery import find_endpoints
from explorer.node.failover import FailoverConnection
from explorer.node.rpc import Rpc

_connections: dict[Settings, Rpc] = {}


def get_rpc_connection(settings: Settings | None = None) -> Rpc:
    """The one connection of this process to the nodes that the settings name, or to the demo chain where none is.

    Without settings, those of the environment. Raises `config.ConfigError`; whether the node answers shows when asked.
    """
    settings = settings or config.load()
    rpc = _connections.get(settings)
    return rpc or _connections.setdefault(settings, _connect(settings))


def connect_to_each(settings: Settings) -> tuple[NodeConnection, ...]:
    """New connections to the endpoints that the settings name, the own node's first; () for the demo chain."""

    def own_limit(limits: tuple[int, ...], position: int) -> int:
        return limits[position] if len(limits) > 1 else limits[0]

    return tuple(
        NodeConnection(
            endpoint,
            timeout=own_limit(settings.rpc_timeout, position),
            connections=settings.rpc_connections,
            batch_size=own_limit(settings.rpc_batch_size, position),
            rate=own_limit(settings.rpc_rate, position),
        )
        for position, endpoint in enumerate(find_endpoints(settings))
    )


def _connect(settings: Settings) -> Rpc:
    connections = connect_to_each(settings)
    if not connections:
        from explorer.node.demo import DemoConnection  # its record is loaded only where it is shown

        return DemoConnection()
    network = connections[0].endpoint.network
    return FailoverConnection(connections, max_behind=settings.max_blocks_behind, network=network)
