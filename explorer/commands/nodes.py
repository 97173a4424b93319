"""The nodes that a command asks, each by itself: a command says of every node what that node says."""

from __future__ import annotations

from dataclasses import replace

import config
from explorer.node.connection import connect_to_each
from explorer.node.demo import DemoConnection
from explorer.node.rpc import Rpc


def all_nodes() -> tuple[Rpc, ...]:
    """The own node and then the others, or the demo chain alone. Raises `ConfigError`."""
    return connect_to_each(config.load()) or (DemoConnection(),)


def own_node(timeout: int | None = None) -> Rpc:
    """The first of them. `timeout` in seconds is for each answer, instead of RPC_TIMEOUT."""
    settings = config.load()
    if timeout is not None:
        settings = replace(settings, rpc_timeout=(timeout,))
    return next(iter(connect_to_each(settings)), None) or DemoConnection()
