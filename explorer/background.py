"""What a process does beside answering visitors."""

from __future__ import annotations

import contextlib
import threading

from config import Settings
from explorer.chain.status import get_status
from explorer.errors import ExplorerError
from explorer.node.capabilities import get_capabilities
from explorer.node.connection import get_rpc_connection


def greet_node(settings: Settings) -> None:
    """Asks the node, without waiting for it, what it can do and where it stands, before the first visitor needs it."""
    threading.Thread(target=_greet, args=(settings,), name="greet-node", daemon=True).start()


def _greet(settings: Settings) -> None:
    with contextlib.suppress(ExplorerError):  # pages say what is wrong
        connection = get_rpc_connection(settings)
        get_capabilities(connection)
        get_status(connection)
