"""Questions gathered for one round trip, each with a typed reply of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast

from explorer.errors import ExplorerError, NotFound, Unsupported
from explorer.node.allowed import batch_as_allowed
from explorer.node.rpc import Call, Rpc

T = TypeVar("T")

HANDS: Final = 16  # threads that ask beside those of the visitors; the node's connections are fewer


class Reply(Generic[T]):
    """What came back for one call, once its batch has been sent."""

    __slots__ = ("_answer",)

    _answer: T | ExplorerError

    def whole(self) -> T:
        """The result. Raises the call's error."""
        if isinstance(self._answer, ExplorerError):
            raise self._answer
        return self._answer

    def known(self) -> T | None:
        """The result, or None where the node does not know or cannot tell. Raises every other error."""
        return None if isinstance(self._answer, (NotFound, Unsupported)) else self.whole()

    @property
    def error(self) -> ExplorerError | None:
        return self._answer if isinstance(self._answer, ExplorerError) else None

    def settle(self, answer: T | ExplorerError) -> None:
        self._answer = answer


class Batch:
    """`ask` as often as needed, `send`, then read the replies. Nothing is sent twice; without questions nothing is."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        self._calls: list[Call] = []
        self._types: list[Any] = []
        self._replies: list[Reply[Any]] = []

    def ask(self, into: type[T], method: str, *params: Any) -> Reply[T]:
        reply: Reply[T] = Reply()
        self._calls.append((method, *params))
        self._types.append(into)
        self._replies.append(reply)
        return reply

    def ask_maybe(self, into: type[T], method: str, *params: Any) -> Reply[T | None]:
        """For a method that answers null where there is nothing."""
        return cast(Reply[T | None], self.ask(cast(type[T], into | None), method, *params))

    def send(self) -> None:
        self._settle(self.rpc.batch(self._calls, into=self._types) if self._calls else [])

    def send_meanwhile(self) -> Callable[[], None]:
        """Sends on a connection of its own, while other questions are asked. Call what this returns before reading."""
        return meanwhile(self.send)

    def send_as_allowed(self) -> None:
        """For a handful of questions of which some may be forbidden: these do not spoil the others."""
        self._settle(batch_as_allowed(self.rpc, self._calls, self._types) if self._calls else [])

    def _settle(self, answers: list[Any]) -> None:
        for reply, answer in zip(self._replies, answers, strict=True):
            reply.settle(answer)
        self._calls, self._types, self._replies = [], [], []


def meanwhile(work: Callable[[], T]) -> Callable[[], T]:
    """Begins the work on another thread, under this one's deadline; what this returns waits for its result."""
    return _hands().submit(copy_context().run, work).result


@cache
def _hands() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(HANDS, thread_name_prefix="ask")


os.register_at_fork(after_in_child=_hands.cache_clear)  # threads stay behind in the parent
