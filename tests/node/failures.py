"""The failure that a call ends in: `failure(rpc, "getblockcount").message_id`."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.errors import ExplorerError
from explorer.node.client import NodeConnection


def failure(rpc: NodeConnection, method: str = "getblockcount", *params: Any) -> ExplorerError:
    with pytest.raises(ExplorerError) as caught:
        rpc.call(method, *params)
    return caught.value
