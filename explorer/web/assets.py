"""Static files, each under a name that changes with its content, so that browsers may keep it for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Request, Response, current_app, request, url_for

YEAR = 31_536_000  # seconds


@cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def static_url(filename: str) -> str:
    folder = Path(current_app.static_folder or "")
    return url_for("static", filename=filename, v=_fingerprint(folder / filename))


def _is_current(request: Request) -> bool:
    """Whether the name asked for is that of what we have: while versions change, another one's is not kept."""
    path = Path(current_app.static_folder or "") / (request.view_args or {})["filename"]
    return request.args.get("v") == _fingerprint(path)


def register(app: Flask) -> None:
    @app.after_request
    def keep_for_good(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code == 200 and _is_current(request):
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.max_age = YEAR
            response.cache_control.immutable = True
        return response
