"""Several endpoints behind one face: the own node first, and others that answer while it cannot.

- Reads move on where an endpoint is down, busy, or cannot know (`Unsupported`). `NotFound` is an answer.
- The questions of a page go to one endpoint, as long as it answers, so that a page is of one piece.
- While nobody answers, all are tried again after growing waits, within the context's deadline, of which each endpoint
  gets its share: also those that hang leave time for the others.
- What signs, spends or changes a node goes to the own node, once. A transaction that is given to the network goes to
  the own node, and to another one only where it is down: the same transaction twice is one.
- Single items that fail in a batch are asked again without the others, here first and then elsewhere.

Whether another endpoint may answer at all: same_chain.py. The demo chain is never one of them.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, Protocol, TypeVar, overload

from explorer.deadline import deadline, left
from explorer.errors import ExplorerError, NodeBusy, NodeUnavailable, NotFound, UnfitFallback
from explorer.node.capabilities import get_capabilities, why_unknown
from explorer.node.client import NodeConnection
from explorer.node.health import MemberState
from explorer.node.member import Member, Other, Own
from explorer.node.reads import is_read, may_be_asked_elsewhere
from explorer.node.retry import NO_ANSWER, PATIENCE, TROUBLE, is_temporary, pause
from explorer.node.rpc import Call, Rpc, is_named

T = TypeVar("T")

CHECK_SECONDS: Final = 3.0  # for a look at all of them
YET_SECONDS: Final = 5  # until a block has reached the next node, at most, as a rule
MOST_TRIES: Final = 10
FOREVER: Final = 3600.0
UNASKED: Final = object()

_answered: ContextVar[list[Member] | None] = ContextVar("answered", default=None)


@contextmanager
def conversation() -> Iterator[None]:
    """What is asked inside belongs together, as the questions of a page do: it stays with who has answered already."""
    token = _answered.set([])
    try:
        yield
    finally:
        _answered.reset(token)


def has_answered() -> bool:
    """Whether anybody has, in this conversation."""
    return bool(_answered.get())


class FailoverConnection:
    """An `Rpc` that asks the first of `connections`, the own node's, and the others where that cannot answer.

    `max_behind` is how many blocks another one may be behind; `network` is the own node's, where the settings name it.
    Safe for threads and after a fork.
    """

    is_demo: Final = False
    epoch: Final = 0

    def __init__(
        self, connections: Sequence[NodeConnection], *, max_behind: int = 3, network: str | None = None
    ) -> None:
        self._own = Own(connections[0], max_behind)
        others = [Other(connection, self._own, network, max_behind) for connection in connections[1:]]
        self._members: tuple[Member, ...] = (self._own, *others)
        _all.add(self)

    def __repr__(self) -> str:
        return f"<FailoverConnection {', '.join(member.label for member in self._members)}>"

    @property
    def label(self) -> str:
        """Who has answered in this conversation; the own node where nobody has."""
        answered = [member.label for member in _answered.get() or () if member in self._members]
        return ", ".join(answered) or self._own.label

    @property
    def own(self) -> NodeConnection:
        """The own node alone."""
        return self._own.rpc

    @property
    def members(self) -> tuple[MemberState, ...]:
        """How each endpoint is, as far as is known, the own node first; `check` asks them."""
        return tuple(member.state for member in self._members)

    @property
    def round_trips(self) -> int:
        """How often this process has asked any of them so far."""
        return sum(member.rpc.round_trips for member in self._members)

    def now(self) -> int:
        return int(time.time())

    def for_wallet(self, name: str) -> NodeConnection:
        """The own node's: nobody else is asked about wallets."""
        return self.own.for_wallet(name)

    def check(self) -> tuple[MemberState, ...]:
        """Asks all of them, at the same time, how they are and where they stand."""

        def examine(member: Member) -> None:
            with deadline(seconds):
                member.examine()

        seconds = left(CHECK_SECONDS)
        threads = [threading.Thread(target=examine, args=(member,), daemon=True) for member in self._members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds)
        return self.members

    @overload
    def call(self, method: str, *params: Any) -> Any: ...
    @overload
    def call(self, method: str, *params: Any, into: type[T]) -> T: ...
    def call(self, method: str, *params: Any, into: Any = Any) -> Any:
        """See `Rpc`."""
        (answer,) = self._answers([(method, *params)], [into], _call)
        if isinstance(answer, ExplorerError):
            raise answer.with_traceback(None)
        return answer

    def batch(self, calls: Sequence[Call], *, into: Any = None) -> list[Any]:
        """See `Rpc`."""
        types = into if isinstance(into, (list, tuple)) else [into] * len(calls)
        return self._answers(calls, types, _batch) if calls else []

    def rest(self, path: str) -> bytes:
        """See `Rpc`."""
        return self.through(lambda endpoint: endpoint.rest(path))

    def through(self, question: Callable[[Rpc], T]) -> T:
        """See `Rpc`."""
        errors: list[tuple[Member, ExplorerError]] = []
        for member, share in self._turns(True, True, lambda: _temporary(errors)):
            try:
                return self._attempt(member, share, question)
            except TROUBLE as error:
                errors.append((member, error))
        raise self._why(errors)

    # --- asking ------------------------------------------------------------------------------------------------------

    def _answers(self, calls: Sequence[Call], types: Sequence[Any], send: _Send) -> list[Any]:
        """For each call its answer or its error. Raises only where nobody could be asked at all."""
        methods = [call[0] for call in calls]
        again = all(map(is_read, methods))
        answers: list[Any] = [UNASKED] * len(calls)
        pending = list(range(len(calls)))
        errors: list[tuple[Member, ExplorerError]] = []

        def reason_to_wait() -> ExplorerError | None:
            """What may pass, where it still keeps a call from its answer."""
            if any(answers[i] is UNASKED for i in pending):
                return _temporary(errors)
            return next((answers[i] for i in pending if is_temporary(answers[i])), None)

        for member, share in self._turns(may_be_asked_elsewhere(methods), again, reason_to_wait):
            asked, into = [calls[i] for i in pending], [types[i] for i in pending]
            try:
                found = self._attempt(member, share, partial(send, calls=asked, types=into), answers=True)
            except TROUBLE as error:
                if not again and not _is_down(error):
                    raise
                errors.append((member, error))
                continue
            for i, answer in zip(pending, found, strict=True):
                understood = self._understood(member, calls[i], answer)
                if answers[i] is UNASKED or not isinstance(understood, NO_ANSWER):
                    answers[i] = understood
            pending = [i for i in pending if isinstance(answers[i], NO_ANSWER)]
            if not pending or not again:
                break
        if all(answer is UNASKED for answer in answers):
            raise self._why(errors)
        return [self._why(errors) if answer is UNASKED else answer for answer in answers]

    def _turns(
        self, elsewhere: bool, again: bool, reason_to_wait: Callable[[], ExplorerError | None]
    ) -> Iterator[tuple[Member, int]]:
        """Whom to ask, in order, and among how many the time that is left is shared; after a wait all of them again.

        Who is ill is left out. Where everybody is, nobody has to wait to learn it: the threads that look after them
        will notice who is back. The own node is asked all the same where it is alone, is the only one that may be
        asked, or has not been looked after for a while.
        """
        if len(self._members) > 1:
            for member in self._members:
                member.look_after()
        able = self._able(elsewhere, stay=again)
        was_well = bool(able)
        for tries in range(1, MOST_TRIES):
            if not able and (len(self._members) == 1 or not again or self._own.health.is_overdue):
                able = [self._own]
            for position, member in enumerate(able):
                yield member, len(able) - position
            reason = (reason_to_wait() if able else self._own.health.last_error) if again else None
            if reason is None or not self._wait(reason, tries, was_well):
                return
            able = self._able(elsewhere, stay=again)

    def _able(self, elsewhere: bool, stay: bool) -> list[Member]:
        """Those that are well; first the one that has answered in this conversation, if it is to stay with it."""
        asked = self._members if elsewhere else (self._own,)
        # What is not to be repeated is offered to the own node in any case: it may be ill, and not down.
        able = [member for member in asked if member.health.is_closed or (member is self._own and not stay)]
        answered = [member for member in _answered.get() or () if member in able] if stay else []
        return [*answered[:1], *(member for member in able if member not in answered[:1])]

    def _wait(self, reason: ExplorerError, tries: int, was_well: bool) -> bool:
        """False where it is not worth it. What has been ill for a while is not waited for, only what is busy."""
        rests = [rest for member in self._members if (rest := member.health.rest_left)]
        if rests and min(rests) < left(PATIENCE):
            time.sleep(min(rests))
            return True
        return (was_well or isinstance(reason, NodeBusy)) and pause(reason, tries)

    def _attempt(self, member: Member, share: int, question: Callable[[Rpc], T], *, answers: bool = False) -> T:
        """Asks one of them, within its share of the time. `answers`: it is indeed asked, and not a memory of it."""
        begun = time.monotonic()
        try:
            with deadline(left(FOREVER) / share):
                member.vet()
                found = question(member.rpc)
        except UnfitFallback:
            raise
        except ExplorerError as error:
            member.judge_failure(error, time.monotonic() - begun)
            raise
        if answers:
            member.succeeded(time.monotonic() - begun)
            conversation_so_far = _answered.get()
            if conversation_so_far is not None and member not in conversation_so_far:
                conversation_so_far.append(member)
        return found

    def _understood(self, member: Member, call: Call, answer: Any) -> Any:
        """A NotFound by an endpoint that cannot know is none: another one may know. Without a txindex, a node finds by
        its txid only what is in the mempool."""
        if not isinstance(answer, NotFound):
            return answer
        if member.has_not_seen(call):
            return NodeBusy("fallback_does_not_know_yet", retry_after=YET_SECONDS, endpoint=member.label)
        method, *params = call
        named = params[0] if is_named(params) else {}
        if method != "getrawtransaction" or len(params) > 2 or "blockhash" in named:
            return answer
        try:
            capabilities = get_capabilities(member.rpc)
        except ExplorerError as error:
            return error
        return answer if capabilities.txindex else why_unknown(capabilities, str(answer.values.get("query")))

    def _why(self, errors: Sequence[tuple[Member, ExplorerError]]) -> ExplorerError:
        """The error to show: the own node's, also where it was left alone this time."""
        for member, error in errors:
            if member is self._own:
                return error.with_traceback(None)
        known = self._own.health.last_error or next((error for _, error in errors), None)
        return known.with_traceback(None) if known else NodeBusy("too_slow", retry_after=1)


def _is_down(error: ExplorerError) -> bool:
    """Whether nobody took the question, so that another node may be given the transaction."""
    return isinstance(error, (NodeUnavailable, UnfitFallback)) or error.message_id == "node_warming_up"


def _temporary(errors: Sequence[tuple[Member, ExplorerError]]) -> ExplorerError | None:
    return next((error for _, error in errors if is_temporary(error)), None)


class _Send(Protocol):
    def __call__(self, rpc: Rpc, /, calls: Sequence[Call], types: Sequence[Any]) -> list[Any]: ...


def _call(rpc: Rpc, /, calls: Sequence[Call], types: Sequence[Any]) -> list[Any]:
    (call,), (into,) = calls, types
    try:
        return [rpc.call(*call, into=into)]
    except TROUBLE:
        raise
    except ExplorerError as error:
        return [error]


def _batch(rpc: Rpc, /, calls: Sequence[Call], types: Sequence[Any]) -> list[Any]:
    """Items that fail for the moment are asked again without the others."""
    answers = rpc.batch(calls, into=types)
    for tries in range(1, MOST_TRIES):
        failed = [i for i, answer in enumerate(answers) if is_temporary(answer)]
        if not failed or not all(is_read(calls[i][0]) for i in failed) or not pause(answers[failed[0]], tries):
            break
        try:
            again = rpc.batch([calls[i] for i in failed], into=[types[i] for i in failed])
        except TROUBLE:
            break
        for i, answer in zip(failed, again, strict=True):
            answers[i] = answer
    return answers


_all: weakref.WeakSet[FailoverConnection] = weakref.WeakSet()


def _after_fork() -> None:
    """A child begins anew, without the locks and threads of its parent."""
    for connection in list(_all):
        for member in connection._members:
            member.reset()


os.register_at_fork(after_in_child=_after_fork)
