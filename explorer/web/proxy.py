"""What stands between the visitor and the app: proxies, a path of its own, and a Host header that nobody believes."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from config import Settings
from explorer.web.headers import SafeHeaders


class NoHost:
    """Forgets the Host header: no address is ever made from it, and a malformed one breaks nothing (werkzeug 3.1)."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["HTTP_HOST"] = "localhost"
        environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"  # empty where the request line named a whole URL
        return self._app(environ, start_response)


class BasePath:
    """Serves an app under a path, whether the proxy passes the path on or strips it."""

    def __init__(self, app: WSGIApplication, path: str) -> None:
        self._app = app
        self._path = path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path == self._path:
            return Response(status=308, headers={"Location": f"{self._path}/"})(environ, start_response)
        environ["SCRIPT_NAME"] = self._path
        environ["PATH_INFO"] = path.removeprefix(self._path) if path.startswith(f"{self._path}/") else path
        return self._app(environ, start_response)


def register(app: Flask, settings: Settings) -> None:
    """Wraps the app, from the inside out."""
    wsgi: WSGIApplication = app.wsgi_app
    if settings.base_path:
        wsgi = BasePath(wsgi, settings.base_path)
    if hops := settings.trusted_proxies:
        # Not the host: no address is ever made from it. Not the prefix: BASE_PATH says it.
        wsgi = ProxyFix(wsgi, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)
    app.wsgi_app = SafeHeaders(NoHost(wsgi))  # type: ignore[method-assign]
