"""Finished pages, kept as long as what they show holds.

A view declares what its page shows beyond facts (`@kept(TIP, MEMPOOL)`) and how its address is read. The key holds
those generations of the ChainState, what the address meant and the visitor's Preferences, never the raw query and
never the Host. Errors and
redirects are never kept. One visitor's request makes a page, everybody else's waits for that one, in all processes that
share (explorer/cache).

`PageCache` stands in front of Flask and answers what the process has in its memory; whatever it does not find, the view
finds with others or makes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache, wraps
from hashlib import blake2b
from pathlib import Path
from time import time
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from config import Settings
from explorer import cache, language
from explorer.cache.layers import Layers
from explorer.chain import tip
from explorer.chain.tip import ChainState
from explorer.errors import ExplorerError
from explorer.node.connection import get_rpc_connection
from explorer.node.failover import has_answered
from explorer.node.rpc import Rpc
from explorer.single_flight import SingleFlight
from explorer.version import VERSION
from explorer.web import lifetime
from explorer.web.encoding import choose, decode_zstd, encode
from explorer.web.page import rpc
from explorer.web.preferences import VARY, Preferences, note_use, of_request

TIP, MEMPOOL, NODE = "tip", "mempool", "node"  # generations of a ChainState
UNATTENDED: Final = "explorer.unattended"  # in the environ of visits that nobody makes
MOST_ADDRESSES: Final = 1_024  # remembered as they were read
MOST_QUERY: Final = 2_000  # characters; what is longer is read by Flask alone

Arguments = Mapping[str, str]
Parameters = Callable[..., Hashable]  # (arguments, **what the route found) -> what the address means


class Kept(NamedTuple):
    """What a view declares."""

    shows: tuple[str, ...]
    parameters: Parameters


class Address(NamedTuple):
    """What an address means to the view that answers there."""

    endpoint: str
    meant: Hashable
    shows: tuple[str, ...]


class Page(msgspec.Struct):
    """`body` is compressed by zstd, `until` is in Unix seconds."""

    etag: str
    until: float
    body: bytes
    gzipped: bytes = b""  # made when the first visitor wants it

    @classmethod
    def make(cls, html: str, seconds: float) -> Page:
        whole = html.encode()
        return cls(f'W/"{blake2b(whole, digest_size=12).hexdigest()}"', time() + seconds, encode(whole, "zstd"))

    @property
    def holds(self) -> bool:
        return time() < self.until

    @property
    def cost(self) -> int:
        """Bytes in memory, both forms."""
        return len(self.etag) + 2 * len(self.body)

    def in_encoding(self, encoding: str) -> bytes:
        if encoding == "zstd":
            return self.body
        whole = decode_zstd(self.body)
        if encoding != "gzip":
            return whole
        self.gzipped = self.gzipped or encode(whole, "gzip")
        return self.gzipped

    def answer(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, headers and body for this visitor."""
        headers = [("ETag", self.etag), ("Cache-Control", "no-cache"), ("Vary", VARY)]
        if _knows(environ.get("HTTP_IF_NONE_MATCH", ""), self.etag):
            return "304 NOT MODIFIED", headers, b""
        encoding = choose(environ.get("HTTP_ACCEPT_ENCODING", ""))
        body = self.in_encoding(encoding)
        headers += [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
        if encoding:
            headers.append(("Content-Encoding", encoding))
        return "200 OK", headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body


def _knows(if_none_match: str, etag: str) -> bool:
    """Whether the visitor has this very page (or any, by *). Weak: the same page in another encoding is the same."""
    if not if_none_match:
        return False
    named = [name.strip().removeprefix("W/") for name in if_none_match.split(",")]
    return etag.removeprefix("W/") in named or named == ["*"]


# --- in the view ------------------------------------------------------------------------------------------------------

_flights: SingleFlight[Page] = SingleFlight()
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Page)


def no_parameters(arguments: Arguments) -> Hashable:
    """For an address that means one thing only."""
    return ()


def kept(*shows: str, parameters: Parameters = no_parameters) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Keeps what a view returns as text. `parameters` gives what the address means, None where that is no page, and
    raises the ExplorerError that the view would raise as well."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def answer(**found: str) -> Any:
            meant = _meant(declared, request.args, found)
            if meant is None:
                return view(**found)
            return _respond(_find_or_make(declared, meant, lambda: view(**found)))

        declared = Kept(shows, parameters)
        answer.kept = declared  # type: ignore[attr-defined]  # where PageCache finds it
        return answer

    return decorate


def _meant(declared: Kept, arguments: Arguments, found: Mapping[str, Any]) -> Hashable | None:
    """None where the view has to say what is wrong."""
    with suppress(ExplorerError):
        return declared.parameters(arguments, **found)
    return None


def _find_or_make(declared: Kept, meant: Hashable, view: Callable[[], str]) -> Page:
    layers = cache.layers()
    preferences = of_request(request.environ)

    def key(state: ChainState) -> str:
        return key_of(str(request.endpoint), meant, declared.shows, state, preferences)

    def make() -> Page:
        with layers.shared.lock(here):
            if page := _find(layers, here):
                return page
            with tip.given(state):
                return _make(layers, declared.shows, key, view)

    state = tip.current(rpc())
    here = key(state)
    return _find(layers, here) or _flights.do((id(layers), here), make)


def _find(layers: Layers, key: str) -> Page | None:
    page: Page | None = layers.memory.get(key)
    if page and page.holds:
        return page
    (found,) = layers.shared.get_many([_shared_key(key)])
    with suppress(msgspec.DecodeError):  # what somebody else damaged is not there
        page = _decoder.decode(found) if found else None
    if page and page.holds:
        layers.memory.set(key, page, page.cost)
        return page
    return None


def _make(layers: Layers, shows: tuple[str, ...], key: Callable[[ChainState], str], view: Callable[[], str]) -> Page:
    with lifetime.of_page() as life:
        html = view()
        if MEMPOOL in shows:
            # Two contents of the mempool could be told apart too late, and one come back: not for longer than this.
            life.note(lifetime.LEAST)
    page = Page.make(html, life.seconds)
    state: ChainState = g.state  # the one that the page was made of, at last: the chain may have moved meanwhile
    if not has_answered() or rpc().label == state.label:  # else it is about two nodes
        layers.memory.set(key(state), page, page.cost)
        layers.shared.set(_shared_key(key(state)), _encoder.encode(page), int(life.seconds))
    return page


def _respond(page: Page) -> Response:
    status, headers, body = page.answer(request.environ)
    return Response([body], status=status, headers=headers)  # a list: of bytes Flask tells the length, also for HEAD


def key_of(endpoint: str, meant: Hashable, shows: tuple[str, ...], state: ChainState, preferences: Preferences) -> str:
    generations = "|".join([getattr(state, name) for name in shows])
    # Every page says who answered, in which version, and where the tip is.
    who = f"{state.label}|{state.status.node.version}|{state.tip}"
    return f"{endpoint}|{meant!r}|{preferences.key}|{who}|{generations}"


def _shared_key(key: str) -> str:
    """Those with whom it is shared may show other links, or be of another version."""
    return f"page:{current_app.config[EDITION]}:{key}"


EDITION = "EXPLORER_EDITION"  # the key in app.config


def _edition(app: Flask, settings: Settings) -> str:
    """Of everything that pages are made of beside the chain: the program, its looks, its address."""
    digest = blake2b(f"{VERSION} {settings.base_path} {settings.origin}".encode(), digest_size=8)
    for folder in (f"{app.root_path}/{app.template_folder}", str(app.static_folder), str(language.FOLDER)):
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


# --- in front of Flask ------------------------------------------------------------------------------------------------


class PageCache:
    """Answers with pages that are in this process's memory, before Flask does any work."""

    def __init__(self, app: WSGIApplication, flask: Flask, settings: Settings) -> None:
        self._app = app
        self._flask = flask
        self._settings = settings
        self._routes = flask.url_map.bind("localhost")
        self._read = lru_cache(maxsize=MOST_ADDRESSES)(self._read_address)
        self._connection: Rpc | None = None

    @property
    def _rpc(self) -> Rpc:
        """Connected when it is first needed, not while the app is put together."""
        self._connection = self._connection or get_rpc_connection(self._settings)
        return self._connection

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if UNATTENDED not in environ:
            tip.wanted(self._rpc)
        page = self._find(environ) if environ["REQUEST_METHOD"] in ("GET", "HEAD") else None
        if page is None:
            return self._app(environ, start_response)
        status, headers, body = page.answer(environ)
        start_response(status, headers)
        return [body]

    def _find(self, environ: WSGIEnvironment) -> Page | None:
        state = tip.watched(self._rpc)
        query = environ.get("QUERY_STRING", "")
        if state is None or len(query) > MOST_QUERY:
            return None
        address = self._read(environ["PATH_INFO"], query)
        if address is None:
            return None
        preferences = of_request(environ)
        if UNATTENDED not in environ:
            note_use(preferences)
        page: Page | None = cache.layers_of(self._flask).memory.get(key_of(*address, state, preferences))
        return page if page and page.holds else None

    def _read_address(self, path: str, query: str) -> Address | None:
        """None where it is not that of a page that is kept."""
        try:
            endpoint, found = self._routes.match(path, "GET")
        except HTTPException:
            return None
        declared: Kept | None = getattr(self._flask.view_functions[endpoint], "kept", None)
        if declared is None:
            return None
        meant = _meant(declared, dict(reversed(parse_qsl(query, keep_blank_values=True))), found)
        return None if meant is None else Address(endpoint, meant, declared.shows)


def register(app: Flask, settings: Settings) -> None:
    """Wraps the app. First of all wrappers: the innermost."""
    app.config[EDITION] = _edition(app, settings)
    app.wsgi_app = PageCache(app.wsgi_app, app, settings)  # type: ignore[method-assign]
