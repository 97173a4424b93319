"""Static files, each under a name that changes with its content, so that browsers may keep it for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Request, Response, current_app, request

from explorer.web.headers import keep_for_good


@cache
def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _is_current(request: Request) -> bool:
    """Whether the name asked for is that of what we have: while versions change, another one's is not kept."""
    path = Path(current_app.static_folder or "") / (request.view_args or {})["filename"]
    return request.args.get("v") == fingerprint(path)


def register(app: Flask) -> None:
    @app.after_request
    def keep_current(response: Response) -> Response:
        is_ours = request.endpoint == "static" and response.status_code == 200
        return keep_for_good(response) if is_ours and _is_current(request) else response
