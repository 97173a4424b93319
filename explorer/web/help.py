"""How to connect a node."""

from __future__ import annotations

from flask import Blueprint

from explorer.web.page import render

bp = Blueprint("help", __name__)


@bp.get("/connect")
def connect() -> str:
    return render("connect.html", None)
