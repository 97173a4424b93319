"""What several machines share, through Redis. While it is away, everybody works alone: slower, and just as right."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from redis import Redis, RedisError
from redis.exceptions import LockError, ResponseError

from config import Secret
from explorer.cache.shared import DAY, PATIENCE
from explorer.deadline import left

T = TypeVar("T")

PREFIX: Final = "explorer:"
TIMEOUT: Final = 0.5  # seconds: longer than that, asking the node is no slower
REST: Final = 5.0  # seconds for which it is left alone after a failure
LOCK_SECONDS: Final = 30  # after which a lock is free whatever became of its holder
PAUSE: Final = 0.01  # seconds between looks at a lock that somebody holds

log = logging.getLogger(__name__)


class RedisShared:
    """A `Shared` in a Redis database. Values are kept as they are, never pickled: reading them runs nothing."""

    is_near = False

    def __init__(self, url: Secret) -> None:
        self._redis = Redis.from_url(url.reveal(), socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        self._rests_until = 0.0
        self._is_away = False
        self._changing = threading.Lock()

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        found: Any = self._try(lambda: self._redis.mget([PREFIX + key for key in keys]))
        return found or [None] * len(keys)

    def set(self, key: str, value: bytes, seconds: int = DAY) -> None:
        self._try(lambda: self._redis.set(PREFIX + key, value, ex=max(1, seconds)))

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        lock = self._redis.lock(f"{PREFIX}lock:{key}", timeout=LOCK_SECONDS, sleep=PAUSE)
        is_ours = self._try(lambda: lock.acquire(blocking_timeout=left(PATIENCE)))
        try:
            yield
        finally:
            if is_ours:
                with suppress(LockError):  # it took longer than LOCK_SECONDS
                    self._try(lock.release)

    def clear(self) -> None:
        def delete_all() -> None:
            for key in self._redis.scan_iter(f"{PREFIX}*", count=1000):
                self._redis.delete(key)

        self._try(delete_all)

    def _try(self, work: Callable[[], T]) -> T | None:
        """The work's result; None where Redis is away, or full."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            result = work()
        except LockError:
            raise
        except ResponseError as error:  # it is there and refuses: full, read-only, out of rights
            self._note(error)
            return None
        except RedisError as error:
            self._rests_until = time.monotonic() + REST
            self._note(error)
            return None
        self._note(None)
        return result

    def _note(self, error: RedisError | None) -> None:
        """Logs that it went away, or came back, once. Never its URL, which may hold a password."""
        is_away = error is not None
        if is_away == self._is_away:
            return
        with self._changing:
            was_away, self._is_away = self._is_away, is_away
        if is_away and not was_away:
            log.warning("Redis does not take part for now: %s", type(error).__name__)
        elif was_away and not is_away:
            log.warning("Redis takes part again")
