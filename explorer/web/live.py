"""`/live`: what happens on the chain, as it happens, as server-sent events. docs/live.md says what comes.

A stream holds a thread, so a process has only so many of them. Where a listener stands is in the ids of the events
and nowhere else: any worker can go on with what another one began.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import Final, cast

from flask import Blueprint, Flask, Response, current_app, request

from config import Settings
from explorer.bitcoin.query import MAX_HEIGHT, parse_hash, parse_number
from explorer.chain import tip
from explorer.chain.path import Tip
from explorer.chain.tip import ChainState
from explorer.deadline import deadline
from explorer.errors import ExplorerError
from explorer.node.failover import conversation
from explorer.node.rpc import Rpc
from explorer.web.encoding import EVENT_STREAM
from explorer.web.listener import Listener
from explorer.web.news import News
from explorer.web.page import rpc

LOOK_EVERY: Final = 0.25  # seconds
ASK_EVERY: Final = 1.0  # seconds between two questions to the node, where nobody watches it
ASK_SECONDS: Final = 2.0  # for one
QUIET_FOR: Final = 15.0  # seconds until a sign of life
LASTS: Final = 600.0  # seconds; then the browser opens another one
STALLED: Final = 10.0  # seconds that a listener may take nothing
RETRY_SECONDS: Final = 10  # for those who find no place

OPENING: Final = b"retry: 1000\n: here\n\n"
SIGN_OF_LIFE: Final = b": still here\n\n"

bp = Blueprint("live", __name__)


def _always() -> bool:
    return True


_goes_on: Callable[[], bool] = _always  # until the server says otherwise, by `while_`


def while_(goes_on: Callable[[], bool]) -> None:
    """Streams of this process end as soon as this is False: a server that stops does not wait for them."""
    global _goes_on
    _goes_on = goes_on


def register(app: Flask, settings: Settings) -> None:
    app.extensions["live"] = Streams(settings.web_threads // 2)
    app.register_blueprint(bp)


@bp.get("/live")
def stream() -> Response:
    if request.method == "HEAD":
        return _answer(())
    streams = cast(Streams, current_app.extensions["live"])
    connection = rpc()
    since = _place(request.headers.get("Last-Event-ID") or request.args.get("since", ""))
    listener = Listener(request.environ.get("gunicorn.socket"))
    if not streams.take():
        return _no_place()
    return _answer(Stream(streams, listener, connection, News(connection, since)))


def _place(text: str) -> Tip | None:
    """`height:hash`; None for anything else."""
    height, block_hash = parse_number(text.partition(":")[0], 0, MAX_HEIGHT), parse_hash(text.partition(":")[2])
    return None if height is None or block_hash is None else Tip(height, block_hash)


def _answer(parts: Iterable[bytes]) -> Response:
    response = Response(parts, mimetype=EVENT_STREAM)
    response.cache_control.no_store = True
    response.headers["X-Accel-Buffering"] = "no"  # nginx passes on what comes when it comes
    return response


def _no_place() -> Response:
    response = Response("Too many listen already.\n", 503, mimetype="text/plain")
    response.retry_after = RETRY_SECONDS
    response.cache_control.no_store = True
    return response


class Streams:
    """The places of a process, and how everything stands, seen by one stream for all of them."""

    def __init__(self, most: int) -> None:
        self._places = threading.BoundedSemaphore(most)
        self._asking = threading.Lock()
        self._asked_at = -ASK_EVERY
        self._seen: ChainState | ExplorerError | None = None

    def take(self) -> bool:
        return self._places.acquire(blocking=False)

    def leave(self) -> None:
        self._places.release()

    def look(self, connection: Rpc) -> ChainState | ExplorerError | None:
        """As the watcher saw it, or asked for now and then; None while another stream asks."""
        tip.wanted(connection)
        if state := tip.watched(connection):
            return state
        if not self._asking.acquire(blocking=False):
            return None
        try:
            if monotonic() - self._asked_at >= ASK_EVERY:
                self._seen = _ask(connection)
                self._asked_at = monotonic()
            return self._seen
        finally:
            self._asking.release()


def _ask(connection: Rpc) -> ChainState | ExplorerError:
    try:
        with deadline(ASK_SECONDS), conversation():
            return tip.look(connection)
    except ExplorerError as error:
        return error.with_traceback(None)


class Stream:
    """The body of an answer. It has a place, which `close` gives back, whether anything was sent or not."""

    def __init__(self, streams: Streams, listener: Listener, connection: Rpc, news: News) -> None:
        self._streams = streams
        self._listener = listener
        self._connection = connection
        self._news = news
        self._parts = self._send()
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._streams.leave()

    def _send(self) -> Iterator[bytes]:
        end = monotonic() + LASTS
        yield OPENING
        sent_at = monotonic()
        while _goes_on() and monotonic() < end:
            seen = self._streams.look(self._connection)
            part = self._news.of(seen).encode() if seen is not None else b""
            if not part and monotonic() - sent_at > QUIET_FOR:
                part = SIGN_OF_LIFE
            if part:
                if not self._listener.has_room(STALLED, LOOK_EVERY, _goes_on):
                    self._listener.drop()
                    return
                yield part
                sent_at = monotonic()
            if self._listener.leaves_within(LOOK_EVERY):
                return
        self._listener.expect_nothing_more()  # or the server would wait for it before it stops
