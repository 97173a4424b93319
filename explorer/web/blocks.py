"""Blocks: the list of all, and each by itself."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from explorer.bitcoin.query import MAX_HEIGHT, Hash, Height, parse_block_id, parse_number
from explorer.bitcoin.subsidy import subsidy
from explorer.bitcoin.versionbits import signals
from explorer.chain.block_pages import get_block_page
from explorer.chain.blocks import hash_at, list_blocks
from explorer.errors import BadQuery
from explorer.messages import words
from explorer.web.page import page_number, render, rpc

bp = Blueprint("blocks", __name__)


@bp.get("/blocks")
def index() -> str:
    found = list_blocks(rpc(), _before())
    return render("blocks.html", found.chain, blocks=found.blocks, newer=found.newer, older=found.older)


def _before() -> int | None:
    typed = request.args.get("before")
    if typed is None:
        return None
    before = parse_number(typed, 1, MAX_HEIGHT)
    if before is None:
        raise BadQuery("bad_number", query=typed[:100], name="before", lowest=1, highest=f"{MAX_HEIGHT:,}")
    return before


@bp.get("/block/<block_id>")
def show(block_id: str) -> str | Response:
    match parse_block_id(block_id):
        case Height(height):
            return redirect(url_for(".show", block_id=hash_at(rpc(), height)))
        case Hash(block_hash) if block_hash != block_id:
            return redirect(url_for(".show", block_id=block_hash, page=request.args.get("page")), 301)
        case Hash(block_hash):
            return _page(block_hash)
        case _:
            raise BadQuery("bad_block_id", query=block_id[:100])


def _page(block_hash: str) -> str:
    found = get_block_page(rpc(), block_hash, page_number())
    block = found.block
    return render(
        "block.html",
        found.chain,
        block=block,
        state=found.state,
        is_stale=found.is_stale,
        transactions=found.cards,
        page=found.page,
        pages=found.pages,
        first=found.first,
        subsidy=block.stats.subsidy if block.stats else subsidy(block.height, found.chain.network),
        reason=words(found.missing).what if found.missing else None,
        best_hash_at_height=found.best_hash,
        version_bits=signals(block.header.version),
        block_hint=block_hash if found.needs_block else None,
    )
