"""What bounds a request: REQUEST_DEADLINE, and one endpoint for all of its questions, as long as that one answers."""

from __future__ import annotations

from contextlib import ExitStack

from flask import Flask, g

from config import Settings
from explorer.deadline import deadline
from explorer.node.failover import conversation
from explorer.places import PLACES, let_wait


def register(app: Flask, settings: Settings) -> None:
    # Half of the threads may be held by streams (live.py): of the others some are left for pages that are kept.
    let_wait(min(settings.web_threads // 2 - PLACES, settings.web_threads // 4))

    @app.before_request
    def begin() -> None:
        bounds = g.bounds = ExitStack()
        bounds.enter_context(deadline(settings.request_deadline))
        bounds.enter_context(conversation())

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if bounds := g.pop("bounds", None):
            bounds.close()
