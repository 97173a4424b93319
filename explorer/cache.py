"""Facts: what never changes once it is known. Kept compactly, bounded in bytes, each fetched by one visitor at a time.

A key names its content (a block hash, a block hash and a txid), so that facts of different chains never meet. What
depends on the tip does not belong here. Behind it stands flask-caching, with `get` and `set` only: its decorators have
no protection against a stampede and key on the path alone (2.5).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from flask import Flask, has_app_context
from flask_caching import Cache
from flask_caching.backends.base import BaseCache

from config import Settings
from explorer.single_flight import SingleFlight

T = TypeVar("T")

FORMAT = 1  # raise it when a model changes shape: facts kept in the old form are then not found
OVERHEAD = 200  # bytes that an entry costs beside its key and value, about

_facts = Cache()
_flights: SingleFlight[dict[str, Any]] = SingleFlight()


def init_app(app: Flask, settings: Settings) -> None:
    """Gives the app its memory for facts, of at most CACHE_MB."""
    _facts.init_app(
        app,
        {
            "CACHE_TYPE": "explorer.cache.MemoryCache",
            "CACHE_OPTIONS": {"max_bytes": settings.cache_mb * 1_000_000},
            "CACHE_DEFAULT_TIMEOUT": 0,
        },
    )


def fetch(
    keys: Sequence[str],
    kind: type[T],
    make: Callable[[Sequence[str]], Mapping[str, T]],
    *,
    complete: Callable[[T], bool] = lambda fact: True,
) -> dict[str, T]:
    """The facts under these keys, as `kind`; `make` is asked for the missing ones, by one thread for all who want them.

    Only facts that are `complete` are kept. Outside of an app nothing is. Returns what `make` could make, too.
    """
    if not has_app_context():
        return dict(make(keys))
    found = _look_up(keys, kind)
    missing = [key for key in keys if key not in found]
    if not missing:
        return found

    def work() -> dict[str, T]:
        known = _look_up(missing, kind)  # somebody may have fetched them just now
        unknown = [key for key in missing if key not in known]
        made = make(unknown) if unknown else {}
        for key, fact in made.items():
            if complete(fact):
                keep(key, fact)
        return {**known, **made}

    return found | _flights.do((kind, *missing), work)


def look_up(key: str, kind: type[T]) -> T | None:
    """The fact under a key, if it is kept."""
    return _look_up([key], kind).get(key) if has_app_context() else None


def keep(key: str, fact: object) -> None:
    """Keeps a complete fact under its own type."""
    if has_app_context():
        _facts.set(_full_key(key, type(fact)), msgspec.msgpack.encode(fact))


def clear() -> None:
    """Forgets every fact."""
    _facts.clear()


def _full_key(key: str, kind: type[Any]) -> str:
    return f"{FORMAT}:{kind.__name__}:{key}"


def _look_up(keys: Sequence[str], kind: type[T]) -> dict[str, T]:
    decode = _decoder(kind).decode
    kept = zip(keys, _facts.get_many(*(_full_key(key, kind) for key in keys)), strict=True)
    return {key: decode(value) for key, value in kept if value is not None}


_decoders: dict[type[Any], msgspec.msgpack.Decoder[Any]] = {}


def _decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    if kind not in _decoders:
        _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return _decoders[kind]


class MemoryCache(BaseCache):
    """A cache in the process's memory that holds bytes, at most `max_bytes` of them, and drops the least used first."""

    def __init__(self, max_bytes: int, default_timeout: int = 0) -> None:
        super().__init__(default_timeout)
        self.max_bytes = max_bytes
        self.bytes = 0
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> MemoryCache:
        return cls(config["CACHE_OPTIONS"]["max_bytes"])

    def get(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def set(self, key: str, value: bytes, timeout: int | timedelta | None = None) -> bool:
        with self._lock:
            self._drop(key)
            self._entries[key] = value
            self.bytes += self._cost(key, value)
            while self.bytes > self.max_bytes:
                self._drop(next(iter(self._entries)))
        return True

    def delete(self, key: str) -> bool:
        with self._lock:
            return self._drop(key)

    def has(self, key: str) -> bool:
        return key in self._entries

    def clear(self) -> bool:
        with self._lock:
            self._entries.clear()
            self.bytes = 0
        return True

    def _drop(self, key: str) -> bool:
        value = self._entries.pop(key, None)
        if value is not None:
            self.bytes -= self._cost(key, value)
        return value is not None

    @staticmethod
    def _cost(key: str, value: bytes) -> int:
        return len(key) + len(value) + OVERHEAD
