"""The start page."""

from __future__ import annotations

from flask import Blueprint

from explorer.chain.blocks import get_home
from explorer.web import lessons
from explorer.web.page import render, rpc
from explorer.web.page_cache import MEMPOOL, NODE, TIP, kept

bp = Blueprint("home", __name__)


@bp.get("/")
@kept(TIP, MEMPOOL, NODE)
def index() -> str:
    home = get_home(rpc())
    return render("home.html", home.state, status=home.state.status, blocks=home.blocks, lessons=lessons.of_home(home))
