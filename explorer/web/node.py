"""The node: what it is, what it keeps, what this explorer can show with it, and how every endpoint is."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, make_response

from explorer.chain.node import get_node_details
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, NodeUnavailable
from explorer.messages import words
from explorer.node.failover import FailoverConnection
from explorer.node.health import MemberState
from explorer.node.rpc import Rpc
from explorer.web import node_words
from explorer.web.page import render, rpc
from explorer.web.problems import RETRY_SECONDS

bp = Blueprint("node", __name__)


@bp.get("/node")
def show() -> str | Response:
    node = rpc()
    try:
        details = get_node_details(node)
    except (NodeBusy, NodeUnavailable, NodeRefused) as error:
        return _without_answer(node, error)
    height = details.chain.height  # newer than what is remembered
    members = [replace(member, height=height) if member.label == node.label else member for member in _members(node)]
    return render(
        "node.html", None, chain=details.chain, details=details, members=members, words=words, said=node_words
    )


def _without_answer(node: Rpc, error: ExplorerError) -> Response:
    """How the endpoints are is known without any of them."""
    retry_after = error.retry_after or RETRY_SECONDS
    page = render(
        "node.html",
        None,
        details=None,
        problem=words(error),
        retry_after=retry_after,
        members=_members(node),
        words=words,
        said=node_words,
        node_down=not isinstance(error, NodeBusy),
    )
    response = make_response(page, error.status)
    response.cache_control.no_store = True
    response.retry_after = retry_after
    return response


def _members(node: Rpc) -> tuple[MemberState, ...]:
    """How each endpoint is, as far as is known. The demo chain is always well."""
    if isinstance(node, FailoverConnection):
        return node.members
    return (MemberState(node.label, True, "closed", None, None, None, None),)
