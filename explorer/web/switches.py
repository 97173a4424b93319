"""Remembers what a visitor chose: preferences as cookies, which say nothing else and follow nobody."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from explorer.errors import BadQuery
from explorer.language import LANGUAGES
from explorer.web.preferences import UNITS, is_zone

bp = Blueprint("preferences", __name__)

YEAR = 31_536_000  # seconds
CHOICES: dict[str, Callable[[str], bool]] = {
    "language": LANGUAGES.__contains__,
    "unit": UNITS.__contains__,
    "zone": is_zone,
}


@bp.post("/preferences")
def save() -> Response:
    """Back to where the visitor was. Raises BadQuery for what cannot be chosen."""
    chosen = {name: request.form[name] for name in CHOICES if name in request.form}
    for name, value in chosen.items():
        if not CHOICES[name](value):
            raise BadQuery("bad_choice", name=name, query=value[:100])
    response = redirect(_way_back(request.form.get("back", "")), 303)
    for name, value in chosen.items():
        response.set_cookie(
            name,
            value,
            max_age=YEAR,
            path=request.script_root or "/",
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


def _way_back(path: str) -> str:
    """A page of ours, whatever the form says."""
    parts = urlsplit(path.replace("\\", "/"))
    ours = not parts.scheme and not parts.netloc and path.startswith(f"{request.script_root}/") and path.isprintable()
    return path if ours and not path.startswith("//") else url_for("home.index")
