"""The start page."""

from __future__ import annotations

from flask import Blueprint

from explorer.chain.blocks import get_home
from explorer.web.page import render, rpc

bp = Blueprint("home", __name__)


@bp.get("/")
def index() -> str:
    home = get_home(rpc())
    return render("home.html", home.status.chain, status=home.status, blocks=home.blocks)
