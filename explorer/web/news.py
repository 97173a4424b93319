"""What somebody who listens has not been told yet, as the events of a stream (docs/live.md)."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any, Final

from explorer.chain.path import Path, Tip, only, path, tip_of
from explorer.chain.tip import ChainState, Moved
from explorer.deadline import deadline
from explorer.errors import ExplorerError
from explorer.node.failover import conversation
from explorer.node.rpc import Rpc

PATH_SECONDS: Final = 2.0  # for the way from one tip to the other
TRIES: Final = 8  # for a way that cannot be found, until the present tip alone has to do
LEAST_BETWEEN: Final = 1.0  # seconds between two events about the mempool, and about the node


class News:
    """Of one listener. `since` is the tip of the page that it shows, None where that is not known."""

    def __init__(self, rpc: Rpc, since: Tip | None) -> None:
        self._rpc = rpc
        self._here = since  # the tip that the listener knows of: the id of all that is sent
        self._is_up: bool | None = None
        self._mempool = self._node = ""  # generations that it knows of
        self._told_at = -LEAST_BETWEEN
        self._tries = 0

    def of(self, seen: ChainState | ExplorerError) -> str:
        """The events that lead to how everything stands now, or to a node that does not answer; often none.

        To begin with that is what was missed of the chain, and then how the node and the mempool are.
        """
        events: list[str] = []
        state = seen if isinstance(seen, ChainState) else None
        is_up = state is not None
        if is_up is not self._is_up:
            self._is_up = is_up
            self._node = state.node if state else ""
            events.append(self._event("node", up=is_up))
        if state:
            events += self._about_the_chain(state)
            if self._here == tip_of(state):
                events += self._about_the_rest(state, at_once=bool(events))
        return "".join(events)

    def _about_the_chain(self, state: ChainState) -> list[str]:
        if self._here == tip_of(state):
            return []
        found = self._path(state)
        if found is None:
            return []
        events = []
        if found.left and found.fork:
            self._here = found.fork
            events.append(self._event("reorg", fork=found.fork.height, left=found.left))
        for tip in found.arrived:
            self._here = tip
            events.append(self._event("tip", height=tip.height, hash=tip.hash))
        self._here = tip_of(state)
        return events

    def _path(self, state: ChainState) -> Path | None:
        """None where it has to be asked for again: the chain moves, or the node has other things to do."""
        if self._here is None:
            return only(tip_of(state))
        try:
            with deadline(PATH_SECONDS), conversation():
                found = path(self._rpc, self._here, state)
        except (Moved, ExplorerError):
            self._tries += 1
            if self._tries < TRIES:
                return None
            found = only(tip_of(state))
        self._tries = 0
        return found

    def _about_the_rest(self, state: ChainState, at_once: bool) -> list[str]:
        if (state.mempool, state.node) == (self._mempool, self._node):
            return []
        if not at_once and monotonic() - self._told_at < LEAST_BETWEEN:
            return []
        self._told_at = monotonic()
        events = []
        if state.mempool != self._mempool:
            self._mempool = state.mempool
            events.append(self._event("mempool", count=state.status.mempool.count))
        if state.node != self._node:
            self._node = state.node
            events.append(self._event("node", up=True))
        return events

    def _event(self, kind: str, **data: Any) -> str:
        place = f"id: {self._here}\n" if self._here else ""
        return f"event: {kind}\n{place}data: {json.dumps(data)}\n\n"
