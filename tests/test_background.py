"""What is made ready before anyone asks."""

from __future__ import annotations

import pytest

from explorer import background
from explorer.chain import tip
from explorer.web import preferences
from tests.chain.nodes import FakeChain
from tests.pages import Explorer
from tests.web.kept import BLOCK, asked, entries, explorer, get

__all__ = ["explorer"]  # a fixture


@pytest.fixture
def nobody_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "_last_used", {})


@pytest.mark.usefixtures("nobody_before")
def test_pages_are_prepared_as_visitors_read(explorer: Explorer, chain: FakeChain) -> None:
    readers: list[dict[str, str]] = [{"Accept_Language": "zh"}, {"Cookie": "unit=sat; zone=Asia/Shanghai"}]
    for reader in readers:
        get(explorer, BLOCK, **reader)
    chain.height = 26
    tip.look(explorer.connection)
    background.make_ready(explorer.app, ["/", BLOCK])
    for reader in readers:
        for path in ("/", BLOCK):
            answer, count = asked(explorer, path, **reader)
            assert (answer.status_code, count) == (200, 0)
    assert len(entries(explorer)) == 2 + 4  # those of before, and what was prepared


@pytest.mark.usefixtures("nobody_before")
def test_where_nobody_came_yet_they_are_prepared_as_most_read(explorer: Explorer) -> None:
    background.make_ready(explorer.app, [BLOCK])
    assert asked(explorer, BLOCK)[1] == 0
    assert preferences.in_use(60) == [preferences.USUAL]  # of that visit: preparing is none
