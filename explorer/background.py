"""What a process does beside answering visitors: it watches the tip, and gets ready what they will ask for next.

One thread watches, as long as the process lives. Another visits pages as a visitor would, so that they are kept: what a
new block changes, before anyone asks, and the further pages of a block whose first one was asked for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from explorer import cache
from explorer.chain import tip
from explorer.chain.cards import has_all_cards, keep_all_cards
from explorer.chain.tip import ChainState
from explorer.chain.wishes import whole_blocks
from explorer.deadline import deadline
from explorer.errors import ExplorerError
from explorer.language import DEFAULT, LANGUAGES
from explorer.node.capabilities import get_capabilities
from explorer.node.failover import conversation
from explorer.node.notifications import Notifications
from explorer.node.rpc import Rpc
from explorer.places import quiet_for
from explorer.web import templates
from explorer.web.page_cache import UNATTENDED
from explorer.web.preferences import GIVEN, USUAL, Preferences, in_use

LOOK_EVERY: Final = 0.5  # seconds
LOOK_SECONDS: Final = 5.0  # for one look
GOOD_FOR: Final = 2.0  # seconds that a state may be used after it was asked for
GOOD_FOR_NOTIFIED: Final = 1.0  # the same, where the node says by itself when something moves
IDLE_AFTER: Final = 120.0  # seconds without a visitor
READ_LATELY: Final = 3_600.0  # seconds; some blocks take as long
WAYS: Final = 3  # to read, for which pages are prepared: languages, units, time zones
IDLE_EVERY: Final = 10.0  # seconds between looks then
FILL_SECONDS: Final = 60.0  # for all pages of a block
QUIET: Final = 1.0  # seconds without a heavy question before one begins that nobody waits for
ARRIVAL: Final = 5.0  # seconds after a new block, in which everybody comes to see it
PAUSE: Final = 0.1  # seconds between looks whether it is quiet

log = logging.getLogger(__name__)


def start(app: Flask, rpc: Rpc) -> None:
    """To be called in each worker, after the fork."""
    watcher = _Watcher(app, rpc)
    for work in (watcher.watch, watcher.prepare, lambda: _fill_blocks(app, rpc)):
        threading.Thread(target=work, name="background", daemon=True).start()


class _Watcher:
    def __init__(self, app: Flask, rpc: Rpc) -> None:
        self._app = app
        self._rpc = rpc
        self._notifications = Notifications(rpc)
        self._looked = threading.Event()

    def watch(self) -> None:
        """Looks again and again. While the node does not answer, pages ask for themselves and say what is wrong."""
        while True:
            try:
                with deadline(LOOK_SECONDS), conversation():
                    self._notifications.keep_up()
                    tip.look(self._rpc)
            except ExplorerError:
                pass
            except Exception:
                log.exception("The watcher stumbled")
            else:
                tip.trust_watcher(self._rpc, GOOD_FOR_NOTIFIED if self._notifications.come else GOOD_FOR)
                self._looked.set()
            is_idle = tip.idle_for(self._rpc) > IDLE_AFTER
            self._notifications.wait(IDLE_EVERY if is_idle else LOOK_EVERY)

    def prepare(self) -> None:
        """What the first visitors would wait for; then, whenever they change, the pages that everybody opens: the start
        page and the newest block."""
        templates.compile_all(self._app, DEFAULT)
        before: ChainState | None = None
        while True:
            self._looked.wait()
            self._looked.clear()
            state = tip.last_seen(self._rpc)
            if state is None or (before and state.is_like(before)):
                continue
            has_moved = before is None or state.tip != before.tip
            make_ready(self._app, ["/", f"/block/{state.chain.best_hash}"] if has_moved else ["/"])
            if before is None:  # not before the first pages are there
                for language in LANGUAGES:
                    templates.compile_all(self._app, language)
            before = state


def _fill_blocks(app: Flask, rpc: Rpc) -> None:
    """The further pages of blocks that somebody looks at, the latest of them first; half of the time it rests."""
    while True:
        block_hash = whole_blocks.take()
        _wait_for_quiet(rpc)
        begun = time.monotonic()
        try:
            with app.app_context(), deadline(FILL_SECONDS), conversation():
                _fill(app, rpc, block_hash)
        except ExplorerError:
            pass  # whoever opens such a page will see what is wrong
        except Exception:
            log.exception("The pages of block %s could not be made", block_hash)
        time.sleep(min(time.monotonic() - begun, FILL_SECONDS))


def _fill(app: Flask, rpc: Rpc, block_hash: str) -> None:
    with cache.layers().shared.lock(f"fill:{block_hash}"):  # one process of all that share
        if has_all_cards(block_hash):
            return
        for number in keep_all_cards(rpc, block_hash, get_capabilities(rpc)):
            begun = time.monotonic()
            _visit(app, f"/block/{block_hash}?page={number}")
            time.sleep(time.monotonic() - begun)  # the visitors' threads come first
            if quiet_for() == 0 or tip.still_for(rpc) < ARRIVAL:
                _wait_for_quiet(rpc)


def _wait_for_quiet(rpc: Rpc) -> None:
    """Whoever walks from block to block wants the next one, not the rest of this one; and everybody wants a new one."""
    while quiet_for() < QUIET or tip.still_for(rpc) < ARRIVAL:
        time.sleep(PAUSE)


def make_ready(app: Flask, paths: Sequence[str]) -> None:
    """For those who come next: as those read who came last."""
    for preferences in in_use(READ_LATELY)[:WAYS] or [USUAL]:
        for path in paths:
            _visit(app, path, preferences)


def _visit(app: Flask, path: str, preferences: Preferences = USUAL) -> None:
    """As a visitor does, who does not read what comes."""
    environ = EnvironBuilder(path=path, headers=[("Accept-Encoding", "zstd")]).get_environ()
    environ |= {UNATTENDED: True, GIVEN: preferences}
    answer, _, _ = run_wsgi_app(app.wsgi_app, environ)
    for _ in answer:
        pass
