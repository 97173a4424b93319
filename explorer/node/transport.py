"""HTTP to one node: a few kept connections that threads share, and every failure of theirs told apart.

What python-bitcoinrpc does not do: wait for a free connection, replace one that the node has closed, read the cookie
again after the node's restart, verify certificates, keep to a deadline and to a rate.
"""

from __future__ import annotations

import base64
import contextlib
import math
import os
import re
import ssl
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

from config import Secret
from explorer.deadline import left
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, NodeUnavailable, Phrase
from explorer.node.discovery import Cookie, Endpoint, Password
from explorer.node.rate import Turns
from explorer.node.wire import Answer, Closed, CutShort, NotHttp, TooLarge, Wire, seconds_until

CONNECT_SECONDS: Final = 5  # a node that is there accepts at once, even while it is busy
BUSY_SECONDS: Final = 2  # when to ask again after HTTP 503: a work queue drains quickly
TURN_SECONDS: Final = 2  # how long a request waits for its turn under RPC_RATE, before another endpoint is asked
LIMIT_SECONDS: Final = 1  # when to ask again after HTTP 429 that does not say it: most limits are per second


class Transport:
    """Posts to one endpoint over at most `limit` connections. Safe for threads, and after a fork.

    `timeout` is in seconds, for all of it: waiting for a turn and for a free connection, connecting, and the whole
    answer. The context's deadline makes it shorter. `rate` is in requests per second, 0 for any number.
    """

    def __init__(self, endpoint: Endpoint, *, limit: int, timeout: float, rate: int = 0) -> None:
        self._endpoint = endpoint
        self._limit = limit
        self._timeout = timeout
        self._rate = rate
        self._tls = _trusting(endpoint) if endpoint.scheme == "https" else None
        self._login = _Login(endpoint)
        self._idle: deque[Wire] = deque()  # newest last: the others get old and are closed by the node
        self.reopen()
        _transports.add(self)

    def reopen(self) -> None:
        """Begin anew, without the connections and locks that a parent process may still be using."""
        while self._idle:
            self._idle.pop().close()
        self._free = threading.BoundedSemaphore(self._limit)
        self._turns = Turns(self._rate) if self._rate else None
        self._counting = threading.Lock()
        self.round_trips = 0

    def __repr__(self) -> str:
        return f"<Transport {self._endpoint.label}>"

    def post(self, body: bytes, asking: str, *, repeatable: bool, path: str = "") -> bytes:
        """The body of the JSON answer. `asking` names the method, for errors; `path` goes on after the endpoint's.

        A `repeatable` request is sent once more when the node closed a kept connection without a word. Raises
        `NodeBusy`, `NodeRefused` or `NodeUnavailable`.
        """
        answer = self._asked(asking, lambda deadline: self._logged_in(body, path, deadline, repeatable))
        if (refusal := self._refusal(answer, asking)) is not None:
            raise refusal
        return answer.body

    def get(self, path: str, asking: str) -> Answer:
        """What the node's REST interface answers, whatever its status: it asks for no login.

        `asking` names the question, for errors. Raises `NodeBusy` or `NodeUnavailable`.
        """
        head = Secret(
            f"GET /rest/{path} HTTP/1.1\r\nHost: {self._endpoint.authority}\r\nUser-Agent: bitcoin-explorer\r\n\r\n"
        )
        return self._asked(asking, lambda deadline: self._exchange(head, b"", deadline, repeatable=True))

    def _asked(self, asking: str, ask: Callable[[float], Answer]) -> Answer:
        """The answer of `ask`, which is given its deadline: waited for within ours, with one of our connections."""
        seconds = left(self._timeout)
        deadline = time.monotonic() + seconds
        self._wait_for_turn(min(seconds / 2, TURN_SECONDS))
        if not self._free.acquire(timeout=seconds / 2):  # the other half is for the answer
            raise NodeBusy("node_connections_busy", retry_after=BUSY_SECONDS, limit=self._limit)
        try:
            return ask(deadline)
        except TimeoutError as error:
            raise NodeUnavailable(
                "node_timeout", endpoint=self._endpoint.label, method=asking, seconds=max(1, round(seconds))
            ) from error.with_traceback(None)
        except (OSError, NotHttp, CutShort, TooLarge) as error:
            raise self._unreachable(error) from error.with_traceback(None)
        finally:
            self._free.release()

    def _wait_for_turn(self, patience: float) -> None:
        if self._turns is None:
            return
        wait = self._turns.reserve(patience)
        if wait is None:
            raise NodeBusy("node_rate", retry_after=BUSY_SECONDS, endpoint=self._endpoint.label, rate=self._rate)
        time.sleep(wait)

    def _logged_in(self, body: bytes, path: str, deadline: float, repeatable: bool) -> Answer:
        login = self._login.current()
        answer = self._exchange(self._head(login, body, path), body, deadline, repeatable)
        if answer.status == 401 and (renewed := self._login.renewed(login)):
            answer = self._exchange(self._head(renewed, body, path), body, deadline, repeatable)
        return answer

    def _exchange(self, head: Secret, body: bytes, deadline: float, repeatable: bool) -> Answer:
        with self._counting:
            self.round_trips += 1
        if (kept := self._take()) is not None:
            try:
                return self._use(kept, head, body, deadline)
            except (ConnectionError, ssl.SSLEOFError):
                # The node closed it in the very moment of asking, or ended. It may have done what it was asked.
                if not repeatable:
                    raise
        accept_by = time.monotonic() + min(CONNECT_SECONDS, seconds_until(deadline))
        return self._use(Wire(self._endpoint, self._tls, accept_by, deadline), head, body, deadline)

    def _take(self) -> Wire | None:
        while self._idle:
            try:
                wire = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if not wire.is_stale():
                return wire
            wire.close()
        return None

    def _use(self, wire: Wire, head: Secret, body: bytes, deadline: float) -> Answer:
        try:
            answer = wire.ask(head, body, deadline)
        except BaseException:
            wire.close()
            raise
        if wire.is_reusable:
            self._idle.append(wire)
        else:
            wire.close()
        return answer

    def _head(self, login: Secret | None, body: bytes, path: str) -> Secret:
        base, mark, query = self._endpoint.target.reveal().partition("?")
        target = f"{base.rstrip('/')}/{path}" if path else base
        return Secret(
            f"POST {target}{mark}{query} HTTP/1.1\r\n"
            f"Host: {self._endpoint.authority}\r\nUser-Agent: bitcoin-explorer\r\n"
            + (f"Authorization: Basic {login.reveal()}\r\n" if login else "")
            + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )

    def _refusal(self, answer: Answer, asking: str) -> ExplorerError | None:
        label = self._endpoint.label
        match answer.status:
            case 401:
                return NodeRefused("node_credentials", endpoint=label)
            case 403:
                return NodeRefused("node_forbidden", endpoint=label, method=asking)
            case 429:
                return NodeBusy("node_limit", retry_after=_seconds(answer, LIMIT_SECONDS), endpoint=label)
            case 503:
                return NodeBusy(retry_after=_seconds(answer, BUSY_SECONDS))
        if not answer.is_json:
            return NodeUnavailable("node_not_json", endpoint=label, http_status=answer.status)
        return None

    def _unreachable(self, error: Exception) -> NodeUnavailable:
        label = self._endpoint.label
        if isinstance(error, NotHttp):
            return NodeUnavailable("node_not_json", endpoint=label, http_status=None)
        if isinstance(error, ssl.SSLCertVerificationError):
            reason: str = Phrase("its certificate cannot be trusted ({reason})", reason=error.verify_message)
        elif isinstance(error, (Closed, CutShort)):
            reason = Phrase("it closed the connection before the answer was complete")
        elif isinstance(error, TooLarge):
            reason = Phrase("its answer has more than {size} bytes", size=f"{error.args[0]:,}")
        else:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return NodeUnavailable(endpoint=label, reason=reason)


def _trusting(endpoint: Endpoint) -> ssl.SSLContext:
    """Who is trusted: the usual authorities, and those of the endpoint's own."""
    tls = ssl.create_default_context()
    if endpoint.ca_file:
        tls.load_verify_locations(endpoint.ca_file)
    return tls


def _seconds(answer: Answer, usual: int) -> int:
    """What its Retry-After says, which may be a date as well."""
    if answer.retry_after and re.fullmatch(r"[0-9]{1,4}", answer.retry_after):
        return int(answer.retry_after)
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        date = parsedate_to_datetime(answer.retry_after or "")
        return min(9999, max(1, math.ceil(date.timestamp() - time.time())))
    return usual


class _Login:
    """The value of the Authorization header: from user and password, or from the cookie as it last was."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._credentials = endpoint.credentials
        self._known: Secret | None = None
        if isinstance(self._credentials, Password):
            self._known = _basic(f"{self._credentials.user}:{self._credentials.password.reveal()}")

    def current(self) -> Secret | None:
        if self._known is None and isinstance(self._credentials, Cookie):
            self._known = self._read(self._credentials)
        return self._known

    def renewed(self, refused: Secret | None) -> Secret | None:
        """What to try after a 401: a cookie that is newer than the refused one, or None."""
        if not isinstance(self._credentials, Cookie):
            return None
        self._known = self._read(self._credentials)
        return self._known if self._known != refused else None

    @staticmethod
    def _read(cookie: Cookie) -> Secret:
        try:
            return _basic(cookie.path.read_text(encoding="utf-8", errors="surrogateescape").strip())
        except FileNotFoundError as error:  # the node writes it when it starts
            raise NodeUnavailable("node_no_cookie") from error.with_traceback(None)
        except OSError as error:
            raise NodeRefused("node_no_cookie") from error.with_traceback(None)


def _basic(pair: str) -> Secret:
    return Secret(base64.b64encode(pair.encode("utf-8", "surrogateescape")).decode("ascii"))


_transports: weakref.WeakSet[Transport] = weakref.WeakSet()


def _after_fork() -> None:
    """A child must not talk on its parent's connections, nor wait for a lock that a thread of the parent held."""
    for transport in list(_transports):
        transport.reopen()


os.register_at_fork(after_in_child=_after_fork)
