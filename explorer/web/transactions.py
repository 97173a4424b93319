"""Transactions: the page, and what is too long for it as plain text."""

from __future__ import annotations

from collections.abc import Hashable

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from explorer.bitcoin.query import Hash, Height, parse_block_id, parse_hash, parse_number
from explorer.chain.transactions import get_raw, get_transaction
from explorer.errors import BadQuery, NotFound
from explorer.web import lessons
from explorer.web.headers import keep_for_good
from explorer.web.page import page_number, render, rpc
from explorer.web.page_cache import MEMPOOL, TIP, Arguments, kept

bp = Blueprint("transactions", __name__)


def _page_of_transaction(arguments: Arguments, txid: str) -> Hashable | None:
    return (txid, _block(arguments), page_number(arguments)) if parse_hash(txid) == txid else None


@bp.get("/tx/<txid>")
@kept(TIP, MEMPOOL, parameters=_page_of_transaction)
def show(txid: str) -> str | AnyResponse:
    canonical = _txid(txid)
    if canonical != txid:
        block, page = request.args.get("block"), request.args.get("page")
        return redirect(url_for(".show", txid=canonical, block=block, page=page), 301)
    hint = _block(request.args)
    found = get_transaction(rpc(), txid, hint, page_number())
    return render(
        "transaction.html",
        found.state,
        tx=found.tx,
        place=found.place,
        mempool=found.entry,
        spends=found.spends,
        inputs=found.inputs,
        outputs=found.outputs,
        page=found.page,
        pages=found.pages,
        fate=found.fate,
        note="genesis" if found.is_genesis else None,
        block_hint=found.place.block_hash if found.place and (found.needs_block or hint) else None,
        needs_block=found.needs_block,
        lessons=lessons.of_transaction(found),
    )


@bp.get("/tx/<txid>/hex")
def raw(txid: str) -> Response:
    block = _block(request.args)
    tx = get_raw(rpc(), _txid(txid), block)
    response = _text(tx.hex)
    # Its block commits to its witness too, which its txid does not.
    return keep_for_good(response) if block == Hash(tx.block_hash or "") else response


@bp.get("/tx/<txid>/witness/<vin>")
def witness(txid: str, vin: str) -> Response:
    """The witness of an input: an item a line, in hex."""
    tx = get_raw(rpc(), _txid(txid), _block(request.args))
    count = len(tx.witnesses)
    index = parse_number(vin, 0, count - 1)
    if index is None:
        raise NotFound("input_not_found", txid=txid, count=count, vin=vin[:100])
    return _text("\n".join(tx.witnesses[index]))


def _text(body: str) -> Response:
    return Response(body + "\n", mimetype="text/plain")


def _txid(typed: str) -> str:
    txid = parse_hash(typed)
    if txid is None:
        raise BadQuery("bad_txid", query=typed[:100])
    return txid


def _block(arguments: Arguments) -> Height | Hash | None:
    """The `block` of the query: where to look, for a node that has no index of all transactions."""
    typed = arguments.get("block")
    if typed is None:
        return None
    block = parse_block_id(typed)
    if block is None:
        raise BadQuery("bad_block_id", query=typed[:100])
    return block
