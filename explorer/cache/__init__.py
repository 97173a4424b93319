"""Facts: what never changes once it is known. Kept compactly, bounded in bytes, each fetched by one visitor at a time.

A key names its content (a block hash, a block hash and a txid), so that facts of different chains never meet. What
depends on the tip does not belong here. Behind it stands flask-caching, with `get` and `set` only: its decorators have
no protection against a stampede and key on the path alone (2.5).

`CACHE_TYPE` says with whom they are shared: SimpleCache with the workers of this machine, RedisCache with other
machines too, NullCache with nobody, since nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeVar, cast

import msgspec
from flask import Flask, has_app_context
from flask_caching import Cache

from config import Settings
from explorer.cache import shelf
from explorer.cache.layers import Layers
from explorer.cache.memory import Memory
from explorer.cache.shared import Alone, Shared
from explorer.decoding import fact_decoder
from explorer.single_flight import SingleFlight

T = TypeVar("T")

FORMAT = 3  # raise it when a model changes shape: facts kept in the old form are then not found
MB = 1_000_000

_facts = Cache()
_flights: SingleFlight[dict[str, Any]] = SingleFlight()


def init_app(app: Flask, settings: Settings) -> None:
    """Gives the app its memory, of at most CACHE_MB, and what it shares."""
    is_off = settings.cache_type == "NullCache"
    _facts.init_app(
        app,
        {
            "CACHE_TYPE": "explorer.cache.layers.Layers",
            "CACHE_OPTIONS": {
                "memory": Memory(0 if is_off else settings.cache_mb * MB),
                "shared": Alone() if is_off else _shared(settings),
            },
            "CACHE_DEFAULT_TIMEOUT": 0,
        },
    )


def _shared(settings: Settings) -> Shared:
    if settings.cache_type == "RedisCache" and settings.cache_redis_url:
        from explorer.cache.redis import RedisShared  # its client is loaded only where it is used

        return RedisShared(settings.cache_redis_url)
    folder = shelf.opened_folder()
    return shelf.Shelf(folder, settings.cache_shared_mb * MB) if folder else Alone()


def layers() -> Layers:
    """The app's memory and what it shares. Needs an app context."""
    return cast(Layers, _facts.cache)


def layers_of(app: Flask) -> Layers:
    """The same, from outside of its context."""
    return cast(Layers, app.extensions["cache"][_facts])


def fetch(
    keys: Sequence[str],
    kind: type[T],
    make: Callable[[Sequence[str]], Mapping[str, T]],
    *,
    complete: Callable[[T], bool] = lambda fact: True,
) -> dict[str, T]:
    """The facts under these keys, as `kind`; `make` is asked for the missing ones, by one for all who want them: of
    the threads of this process, and of those processes with which it shares.

    Only facts that are `complete` are kept. Outside of an app nothing is. Returns what `make` could make, too.
    """
    if not has_app_context():
        return dict(make(keys))
    found = _look_up(keys, kind)
    missing = [key for key in keys if key not in found]
    if not missing:
        return found

    def work() -> dict[str, T]:
        with _lock(kind, missing):
            known = _look_up(missing, kind)  # somebody may have fetched them just now
            unknown = [key for key in missing if key not in known]
            made = make(unknown) if unknown else {}
            for key, fact in made.items():
                if complete(fact):
                    layers().set_now(_full_key(key, kind), msgspec.msgpack.encode(fact))
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


def _lock(kind: type[Any], keys: Sequence[str]) -> AbstractContextManager[None]:
    return layers().shared.lock(_full_key("+".join(keys), kind))


def _full_key(key: str, kind: type[Any]) -> str:
    return f"{FORMAT}:{kind.__name__}:{key}"


def _look_up(keys: Sequence[str], kind: type[T]) -> dict[str, T]:
    decode = fact_decoder(cast(Any, kind)).decode
    kept = zip(keys, _facts.get_many(*(_full_key(key, kind) for key in keys)), strict=True)
    found = {}
    for key, value in kept:
        if value is not None:
            with suppress(msgspec.DecodeError, ValueError):  # what somebody else damaged is not there
                found[key] = decode(value)
    return found
