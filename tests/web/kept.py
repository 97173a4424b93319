"""Pages that are kept, and visitors who get them: `asked(explorer, "/")` has the answer and the round trips for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from explorer import cache
from explorer.web import page_cache
from tests.chain.nodes import hash_of
from tests.fakenode import FakeNode
from tests.pages import Explorer

BLOCK = f"/block/{hash_of('a', 7)}"


@pytest.fixture
def explorer(node: FakeNode) -> Iterator[Explorer]:
    """As in production: what the watcher has seen is used without asking. Here it looks when the test tells it to."""
    explorer = Explorer(f"http://{node.login}@127.0.0.1:{node.port}")
    with explorer.watched():
        yield explorer


def get(explorer: Explorer, path: str, method: str = "GET", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = explorer.client.open(path, method=method, headers=named)
    answer.get_data()
    answer.close()
    return answer


def pages(explorer: Explorer) -> dict[Any, float]:
    """Of the pages that are kept, by their keys: until when each holds."""
    kept = cache.layers_of(explorer.app).memory._entries
    return {key: value.until for key, (value, _) in kept.items() if isinstance(value, page_cache.Page)}


def entries(explorer: Explorer) -> set[Any]:
    """Their keys."""
    return set(pages(explorer))


def asked(explorer: Explorer, path: str, method: str = "GET", **headers: str) -> tuple[TestResponse, int]:
    """The answer, and how often the node was asked for it."""
    before = explorer.connection.round_trips
    answer = get(explorer, path, method, **headers)
    return answer, explorer.connection.round_trips - before
