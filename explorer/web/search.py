"""The search field, and its description for browsers."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from explorer.bitcoin.query import Nothing, classify
from explorer.chain.search import AddressFound, BlockFound, Found, TransactionFound, find
from explorer.chain.transactions import PER_PAGE
from explorer.web.page import render, rpc, settings

bp = Blueprint("search", __name__)


@bp.get("/search")
def index() -> Response:
    typed = request.args.get("q", "")
    query = classify(typed)
    if isinstance(query, Nothing):
        return redirect(url_for("home.index"))
    return redirect(_url(find(rpc(), query, typed.strip()[:100])))


def _url(found: Found) -> str:
    match found:
        case BlockFound(block_hash):
            return url_for("blocks.show", block_id=block_hash)
        case AddressFound(text):
            return url_for("addresses.show", address=text)
        case TransactionFound(txid, block_hash, vout):
            page = vout // PER_PAGE + 1 if vout and vout >= PER_PAGE else None
            anchor = None if vout is None else f"out-{vout}"
            return url_for("transactions.show", txid=txid, block=block_hash, page=page, _anchor=anchor)


@bp.get("/opensearch.xml")
def opensearch() -> FlaskResponse:
    """Lets browsers search from the address bar. Only with a known address of our own: this needs absolute ones."""
    base = settings().origin
    if base is None:
        abort(404)
    return FlaskResponse(
        render(
            "opensearch.xml",
            None,
            base=base,
        ),
        mimetype="application/opensearchdescription+xml",
    )
