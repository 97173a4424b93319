"""Addresses: what each says by itself."""

from __future__ import annotations

from flask import Blueprint

from explorer.bitcoin.address import AddressError, looks_like_address, parse_address
from explorer.chain import facts
from explorer.errors import BadQuery
from explorer.node import answers
from explorer.web.page import render, rpc

bp = Blueprint("addresses", __name__)


@bp.get("/address/<address>")
def show(address: str) -> str:
    try:
        parsed = parse_address(address)
    except AddressError as error:
        message_id = f"bad_address_{error.problem}" if looks_like_address(address) else "bad_address"
        raise BadQuery(message_id, query=address[:100], length=len(address)) from error
    chain = facts.chain_status(rpc().call("getblockchaininfo", into=answers.BlockchainInfo))
    return render("address.html", chain, address=parsed, on_this_network=chain.network in parsed.networks)
