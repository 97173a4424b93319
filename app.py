"""Where the web's parts meet. `gunicorn app:app` serves it."""

from __future__ import annotations

from flask import Flask

import config
from explorer import cache, language
from explorer.web import (
    addresses,
    assets,
    blocks,
    encoding,
    filters,
    flow,
    headers,
    health,
    help,
    home,
    lessons,
    links,
    live,
    node,
    page_cache,
    patience,
    preferences,
    problems,
    proxy,
    search,
    switches,
    templates,
    terms,
    transactions,
)
from explorer.web.page import SETTINGS

VIEWS = (home, blocks, transactions, search, addresses, help, node, health, switches)


def create_app(settings: config.Settings | None = None) -> Flask:
    """The explorer for these settings; for those of the environment without any. Raises config.ConfigError."""
    settings = settings or config.load()
    app = Flask(__name__)
    app.config[SETTINGS] = settings
    app.url_map.merge_slashes = False  # a hostile path is answered, not redirected
    app.logger.setLevel(settings.log_level.upper())
    templates.register(app)
    cache.init_app(app, settings)
    language.register(app, preferences.language)
    for part in (filters, flow, lessons, terms, encoding, assets, headers, problems):
        part.register(app)
    links.register(app, settings)
    page_cache.register(app, settings)
    patience.register(app, settings)
    live.register(app, settings)
    proxy.register(app, settings)
    for view in VIEWS:
        app.register_blueprint(view.bp)
    return app


app = create_app()
