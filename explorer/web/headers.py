"""Headers that go out with every answer, whoever made it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


YEAR = 31_536_000  # seconds


def keep_for_good(response: Response) -> Response:
    """For what its address commits to: browsers and proxies never have to ask again."""
    response.cache_control.no_cache = None
    response.cache_control.public = True
    response.cache_control.max_age = YEAR
    response.cache_control.immutable = True
    return response


class SafeHeaders:
    """Adds HEADERS to everything that an app answers."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, *HEADERS.items()], *error)

        return self._app(environ, start)


def register(app: Flask) -> None:
    @app.after_request
    def ask_again(response: Response) -> Response:
        if "Cache-Control" not in response.headers:
            response.cache_control.no_cache = True  # keep it if you like, but ask whether it still holds
        if response.mimetype == "text/html":
            response.vary.update(("Accept-Language", "Cookie"))  # a visitor's preferences
        return response
