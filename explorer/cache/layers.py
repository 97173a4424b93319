"""flask-caching's backend for facts: the process's memory, and behind it what it shares with others."""

from __future__ import annotations

import os
import queue
import threading
from datetime import timedelta
from functools import cache
from typing import Any

from flask import Flask
from flask_caching.backends.base import BaseCache

from explorer.cache.memory import Memory
from explorer.cache.shared import Shared


class Layers(BaseCache):
    """Holds bytes under text keys. What is found with others comes into the own memory."""

    def __init__(self, memory: Memory, shared: Shared) -> None:
        super().__init__(default_timeout=0)
        self.memory = memory
        self.shared = shared

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> Layers:
        return cls(**config["CACHE_OPTIONS"])

    def get(self, key: str) -> bytes | None:
        return self.get_many(key)[0]

    def get_many(self, *keys: str) -> list[bytes | None]:
        found: list[bytes | None] = [self.memory.get(key) for key in keys]
        missing = [key for key, value in zip(keys, found, strict=True) if value is None]
        if not missing:
            return found
        others = dict(zip(missing, self.shared.get_many(missing), strict=True))
        for key, value in others.items():
            if value is not None:
                self._remember(key, value)
        return [others[key] if value is None else value for key, value in zip(keys, found, strict=True)]

    def set(self, key: str, value: bytes, timeout: int | timedelta | None = None) -> bool:
        """At once in the own memory; those who are far find it a moment later, so that no visitor waits for that."""
        if self.shared.is_near:
            self.set_now(key, value)
        else:
            self._remember(key, value)
            _sharing.put((self.shared, key, value))
            _sharer()
        return True

    def set_now(self, key: str, value: bytes) -> None:
        """For others who wait for it."""
        self._remember(key, value)
        self.shared.set(key, value)

    def delete(self, key: str) -> bool:
        return self.memory.delete(key)

    def has(self, key: str) -> bool:
        return self.get(key) is not None

    def clear(self) -> bool:
        self.memory.clear()
        self.shared.clear()
        return True

    def _remember(self, key: str, value: bytes) -> None:
        self.memory.set(key, value, len(key) + len(value))


_sharing: queue.SimpleQueue[tuple[Shared, str, bytes]] = queue.SimpleQueue()


@cache
def _sharer() -> threading.Thread:
    def share() -> None:
        while True:
            shared, key, value = _sharing.get()
            shared.set(key, value)

    thread = threading.Thread(target=share, name="share", daemon=True)
    thread.start()
    return thread


def _after_fork() -> None:
    """The thread stayed behind in the parent."""
    global _sharing
    _sharing = queue.SimpleQueue()
    _sharer.cache_clear()


os.register_at_fork(after_in_child=_after_fork)
