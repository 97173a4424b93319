"""From an error to its page: what happened, what to do, and the right status."""

from __future__ import annotations

import secrets
from logging import INFO, WARNING

from flask import Flask, Response, current_app, make_response, url_for
from werkzeug.exceptions import HTTPException

from explorer.errors import BadQuery, ExplorerError, NodeFault, NodeRefused, NodeUnavailable, NotFound, Unsupported
from explorer.messages import words
from explorer.web.page import here, render

RETRY_SECONDS = 15  # how often a page about an unreachable node looks again by itself

_OF_HTTP = {404: "page_not_found", 405: "method_not_allowed"}
_NAMELESS = (*_OF_HTTP.values(), "bad_request", "private_key")  # the address is nonsense, or must not be repeated


def register(app: Flask) -> None:
    app.register_error_handler(ExplorerError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unknown)


def _known(error: ExplorerError) -> Response:
    if isinstance(error, NodeFault):
        return _unknown(error)
    is_routine = isinstance(error, Unsupported) or error.status < 500  # a crawler makes thousands of them
    current_app.logger.log(INFO if is_routine else WARNING, "%s: %s", type(error).__name__, error)
    retry_after = error.retry_after
    if retry_after is None and isinstance(error, (NodeUnavailable, NodeRefused)):
        retry_after = RETRY_SECONDS
    return _page(error, error.status, retry_after)


def _http(error: HTTPException) -> Response:
    """What Flask itself refuses. Redirects are no problem and pass."""
    if error.response is not None or error.code is None or error.code < 400:
        return make_response(error)
    if error.code >= 500:
        return _unknown(error)
    response = _page(ExplorerError(_OF_HTTP.get(error.code, "bad_request")), error.code)
    response.headers.extend(  # Allow, Retry-After: what belongs to the status
        [(name, value) for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")]
    )
    return response


def _unknown(error: Exception) -> Response:
    """Nothing of its details is shown: the log has them, under the same id as the page."""
    request_id = secrets.token_hex(4)
    current_app.logger.error("request %s failed", request_id, exc_info=error)
    shown = error if isinstance(error, NodeFault) else ExplorerError("internal", request_id=request_id)
    return _page(shown, 500, request_id=request_id)


def _page(error: ExplorerError, status: int, retry_after: int | None = None, request_id: str | None = None) -> Response:
    page = render(
        "problem.html",
        None,
        words=words(error),
        here=url_for("home.index") if error.message_id in _NAMELESS else here(),
        status=status,
        can_search=isinstance(error, (NotFound, BadQuery, Unsupported)) or status == 404,
        retry_after=retry_after,
        request_id=request_id,
        query=error.values.get("query") or "",
        node_down=isinstance(error, (NodeUnavailable, NodeRefused)),
    )
    response = make_response(page, status)
    response.cache_control.no_store = True
    if retry_after is not None:
        response.retry_after = retry_after
    return response
