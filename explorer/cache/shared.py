"""What several processes share: values under text keys, and a lock for each key."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

DAY: Final = 86_400
PATIENCE: Final = 60.0  # seconds that somebody waits for another's work before doing it as well


class Shared(Protocol):
    """Safe for threads. Where it fails, it is as if nothing were there: nobody's page depends on it."""

    is_near: bool  # a value is set in less time than handing it to another thread takes

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]: ...

    def set(self, key: str, value: bytes, seconds: int = DAY) -> None:
        """Keeps a value, for so long at most."""
        ...

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Inside, nobody else holds the same key's: waited for within the context's deadline, and done without then."""
        ...

    def clear(self) -> None: ...


class Alone:
    """For a process that shares with nobody."""

    is_near = True

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [None] * len(keys)

    def set(self, key: str, value: bytes, seconds: int = DAY) -> None:
        pass

    def lock(self, key: str) -> AbstractContextManager[None]:
        return nullcontext()

    def clear(self) -> None:
        pass
