"""The explorer, and beside it an empty Flask view, on one server: `gunicorn -c gunicorn.conf.py bench.wsgi:app`."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from app import app as app  # the Flask app itself: the hooks of gunicorn.conf.py need it
from bench import empty


def _beside_empty(explorer: WSGIApplication) -> WSGIApplication:
    """Outside of everything that the explorer wraps around its answers."""

    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return (empty.app if environ["PATH_INFO"] == empty.PATH else explorer)(environ, start_response)

    return dispatch


app.wsgi_app = _beside_empty(app.wsgi_app)  # type: ignore[assignment, method-assign]
