"""What a node hands out as bytes, and is not what it should be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from explorer.errors import NodeUnavailable


@contextmanager
def reading(method: str) -> Iterator[None]:
    """Inside, bytes that `method` handed out are read. Those that are not of the kind, or do not belong together, raise
    ValueError or IndexError there, and NodeUnavailable here."""
    try:
        yield
    except (ValueError, IndexError) as error:
        raise NodeUnavailable("node_unexpected_answer", method=method, reason=str(error)) from error
