"""The process's own memory for what may be found again: bounded in bytes, the least used goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final

OVERHEAD: Final = 500  # bytes that an entry costs beside its key and value, about


class Memory:
    """Holds at most `max_bytes`. Whoever puts a value in says how many bytes it has. Safe for threads."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The value, None where there is none."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def set(self, key: Hashable, value: Any, size: int) -> None:
        size += OVERHEAD
        with self._lock:
            self._drop(key)
            if size > self.max_bytes:
                return
            self._entries[key] = value, size
            self.bytes += size
            while self.bytes > self.max_bytes:
                self._drop(next(iter(self._entries)))

    def delete(self, key: Hashable) -> bool:
        with self._lock:
            return self._drop(key)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.bytes = 0

    def _drop(self, key: Hashable) -> bool:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry[1]
        return entry is not None
