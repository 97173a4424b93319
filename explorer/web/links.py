"""Addresses of our own pages and files, as templates write them: made without a request, and remembered, since making
one costs as much as a row of a table."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask

from config import Settings
from explorer.web.assets import fingerprint


def register(app: Flask, settings: Settings) -> None:
    routes = app.url_map.bind("localhost", script_name=settings.base_path)

    @lru_cache(maxsize=4096)
    def url_for(endpoint: str, **values: Any) -> str:
        return routes.build(endpoint, values)

    def static_url(filename: str) -> str:
        return url_for("static", filename=filename, v=fingerprint(Path(app.static_folder or "") / filename))

    app.jinja_env.globals.update(url_for=url_for, static_url=static_url)
