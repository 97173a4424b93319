"""Is the process alive, and does the node answer? For those who watch over the explorer."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from explorer.chain import tip
from explorer.errors import ExplorerError
from explorer.messages import words
from explorer.version import VERSION
from explorer.web.page import rpc

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def process() -> Response:
    return jsonify(status="ok", version=VERSION)


@bp.get("/readyz")
def node() -> tuple[Response, int]:
    """200 where the node answers, 503 with the reason where it does not."""
    connection = rpc()
    try:
        chain = tip.look(connection).chain
    except ExplorerError as error:
        return jsonify(status="unavailable", node=connection.label, error=error.message_id, what=words(error).what), 503
    return jsonify(
        status="ok",
        node=connection.label,
        network=chain.network,
        height=chain.height,
        best_hash=chain.best_hash,
        catching_up=chain.catching_up,
    ), 200
