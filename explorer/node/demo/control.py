"""The methods about the node itself."""

from __future__ import annotations

from msgspec import Raw

from explorer.node.demo.moment import Fields, Moment, fields
from explorer.node.demo.parameters import METHOD_NOT_FOUND, NodeError


def getnetworkinfo(moment: Moment) -> Raw:
    return moment.record.meta.getnetworkinfo


def getindexinfo(moment: Moment, index_name: str | None = None) -> Fields:
    indexes = fields(moment.frame.answers["getindexinfo"])
    return {name: index for name, index in indexes.items() if not index_name or name == index_name}


def uptime(moment: Moment) -> int:
    """The demo's node starts with its record."""
    return moment.position


def usage(moment: Moment, command: str | None = None) -> str:
    """The methods, as a node lists them. Of a single one the demo has no text."""
    if command:
        raise NodeError(METHOD_NOT_FOUND, "Method not found")
    return moment.record.meta.help
