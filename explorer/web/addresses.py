"""Addresses: what each says by itself."""

from __future__ import annotations

from flask import Blueprint

from explorer.bitcoin.address import AddressError, looks_like_address, looks_like_private_key, parse_address
from explorer.chain import tip
from explorer.errors import BadQuery
from explorer.web.page import render, rpc

bp = Blueprint("addresses", __name__)


@bp.get("/address/<address>")
def show(address: str) -> str:
    try:
        parsed = parse_address(address)
    except AddressError as error:
        if looks_like_private_key(address):
            raise BadQuery("private_key") from None
        message_id = f"bad_address_{error.problem}" if looks_like_address(address) else "bad_address"
        raise BadQuery(message_id, query=address[:100], length=len(address)) from error
    state = tip.current(rpc())
    return render("address.html", state, address=parsed, on_this_network=state.chain.network in parsed.networks)
