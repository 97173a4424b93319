"""A few questions at once, also to a node that does not allow this user all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from explorer.errors import ExplorerError, NodeRefused
from explorer.node.rpc import Call, Rpc


def batch_as_allowed(rpc: Rpc, calls: Sequence[Call], into: Sequence[Any]) -> list[Any]:
    """Like `Rpc.batch`. One method outside of rpcwhitelist= empties the whole batch's answer (HTTP 403), so then each
    is asked alone: for a handful of calls only."""
    try:
        return rpc.batch(calls, into=into)
    except NodeRefused as error:
        if error.message_id != "node_forbidden":
            raise
    return [_alone(rpc, call, wanted) for call, wanted in zip(calls, into, strict=True)]


def _alone(rpc: Rpc, call: Call, into: Any) -> Any:
    try:
        return rpc.call(*call, into=into)
    except ExplorerError as error:
        return error
