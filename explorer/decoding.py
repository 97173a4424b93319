"""msgspec's decoders, each made once.

msgspec 0.22 finds out about a type when its first decoder is made; two threads that do so at the same time for types
with a part in common can crash the process. So they are made one at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_making = threading.RLock()


def _start_anew() -> None:
    global _making
    _making = threading.RLock()


os.register_at_fork(after_in_child=_start_anew)


@lru_cache(maxsize=512)
def json_decoder(into: Any) -> msgspec.json.Decoder[Any]:
    """Of a node's answer: a number with a fraction that has no type of its own becomes a Decimal."""
    with _making:
        return msgspec.json.Decoder(into, float_hook=Decimal)


@lru_cache(maxsize=128)
def fact_decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """Of what the cache keeps."""
    with _making:
        return msgspec.msgpack.Decoder(kind)


def one_at_a_time(make: Callable[[], T]) -> T:
    """What else makes msgspec look at a type."""
    with _making:
        return make()
