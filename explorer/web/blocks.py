"""Blocks: the list of all, and each by itself."""

from __future__ import annotations

from collections.abc import Hashable

from flask import Blueprint, redirect, request, url_for
from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from explorer.bitcoin.query import MAX_HEIGHT, Hash, Height, parse_block_id, parse_hash, parse_number
from explorer.bitcoin.subsidy import subsidy
from explorer.bitcoin.versionbits import signals
from explorer.chain.block_pages import block_page
from explorer.chain.block_weights import get_weights
from explorer.chain.blocks import get_raw_block, hash_at, list_blocks
from explorer.errors import BadQuery
from explorer.messages import words
from explorer.web import lessons
from explorer.web.headers import keep_for_good
from explorer.web.lifetime import LEAST, holds_for
from explorer.web.page import page_number, part, render, rpc
from explorer.web.page_cache import TIP, Arguments, kept

bp = Blueprint("blocks", __name__)


def _before(arguments: Arguments) -> int | None:
    typed = arguments.get("before")
    if typed is None:
        return None
    before = parse_number(typed, 1, MAX_HEIGHT)
    if before is None:
        raise BadQuery("bad_number", query=typed[:100], name="before", lowest=1, highest=f"{MAX_HEIGHT:,}")
    return before


@bp.get("/blocks")
@kept(TIP, parameters=lambda arguments: (_before(arguments),))
def index() -> str:
    found = list_blocks(rpc(), _before(request.args))
    return render(
        "blocks.html",
        found.state,
        blocks=found.blocks,
        newer=found.newer,
        older=found.older,
        lessons=lessons.of_list(found),
    )


def _page_of_block(arguments: Arguments, block_id: str) -> Hashable | None:
    return (block_id, page_number(arguments)) if parse_block_id(block_id) == Hash(block_id) else None


@bp.get("/block/<block_id>")
@kept(TIP, parameters=_page_of_block)
def show(block_id: str) -> str | Response:
    found = _hash_or_redirect(block_id, request.args.get("page"))
    return _page(found) if isinstance(found, str) else found


def _hash_of_block(arguments: Arguments, block_id: str) -> Hashable | None:
    return block_id if parse_block_id(block_id) == Hash(block_id) else None


@bp.get("/block/<block_id>/outputs")
@kept(TIP, parameters=_hash_of_block)
def outputs(block_id: str) -> str | Response:
    """What its weight is made of: the outputs by their kind of script, and the rest."""
    block_hash = _hash_or_redirect(block_id)
    if not isinstance(block_hash, str):
        return block_hash
    found = get_weights(rpc(), block_hash)
    if found.missing:
        holds_for(LEAST)
    reason = words(found.missing).what if found.missing else None
    return render("block_outputs.html", found.state, block=found, weights=found.weights, reason=reason)


@bp.get("/block/<block_id>/raw")
def raw(block_id: str) -> FlaskResponse:
    """The block's bytes, as a file."""
    block_hash = parse_hash(block_id)
    if block_hash is None:
        raise BadQuery("bad_block_id", query=block_id[:100])
    response = FlaskResponse(get_raw_block(rpc(), block_hash), mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f"attachment; filename={block_hash}.bin"
    return keep_for_good(response)


def _hash_or_redirect(block_id: str, page: str | None = None) -> str | Response:
    """A view's block, or the way to the same view under the block's hash. Raises BadQuery."""
    match parse_block_id(block_id):
        case Height(height):
            return redirect(url_for(str(request.endpoint), block_id=hash_at(rpc(), height)))
        case Hash(block_hash) if block_hash != block_id:
            return redirect(url_for(str(request.endpoint), block_id=block_hash, page=page), 301)
        case Hash(block_hash):
            return block_hash
    raise BadQuery("bad_block_id", query=block_id[:100])


def _page(block_hash: str) -> str:
    with block_page(rpc(), block_hash, page_number()) as found:
        hint = block_hash if found.needs_block else None
        cards = part("_block_transactions.html", transactions=found.cards, first=found.first, block_hint=hint)
        block = found.block  # waited for only now: its figures may still have been on their way
    if found.missing:
        holds_for(LEAST)  # the node may get what it lacks while the tip stands
    return render(
        "block.html",
        found.state,
        block=block,
        state=found.place,
        is_stale=found.is_stale,
        cards=cards,
        page=found.page,
        pages=found.pages,
        subsidy=block.stats.subsidy if block.stats else subsidy(block.height, found.state.chain.network),
        reason=words(found.missing).what if found.missing else None,
        best_hash_at_height=found.best_hash,
        version_bits=signals(block.header.version),
        lessons=lessons.of_block(found),
    )
