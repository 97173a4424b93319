"""Living behind a proxy: under a path of its own, and with the visitor's address passed on."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from config import Settings


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
    if settings.base_path:
        app.wsgi_app = BasePath(app.wsgi_app, settings.base_path)  # type: ignore[method-assign]
    if hops := settings.trusted_proxies:
        # Not the host: no address is ever made from it. Not the prefix: BASE_PATH says it.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]
