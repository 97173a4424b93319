"""The calls behind a page of the demo chain, asked of the demo chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

import config
from app import create_app
from explorer.node import connection
from explorer.node.demo import DemoConnection
from explorer.node.demo.connection import ANCHOR
from tests.lessons import is_told, listed
from tests.server import LiveServer
from tests.web.test_looks import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PLACES = (0.1, 0.5, 0.9)  # of the record


class Proxy:
    """What the Python of a page talks to."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *params: self._call(method, *params)


@pytest.mark.parametrize("place", PLACES)
def test_the_demo_chain_answers_what_its_pages_show(place: float, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = DemoConnection(clock=lambda: ANCHOR + place * demo.duration)
    settings = config.load({"BITCOIN_RPC_URL": "demo"})
    monkeypatch.setitem(connection._connections, settings, demo)
    height = demo.call("getblockcount")
    block = demo.call("getblock", demo.call("getblockhash", height - 3), 1)
    paths = ["/", "/blocks", f"/block/{block['hash']}", f"/block/{demo.call('getblockhash', 0)}"]
    paths += [f"/tx/{txid}" for txid in (*block["tx"], *demo.call("getrawmempool")[:5])]
    with create_app(settings).test_client() as client:
        for path in paths:
            html = client.get(path).get_data(as_text=True)
            found = listed(html)
            assert found.cli == found.curl, path
            for (method, params), line in zip(found.cli, found.python, strict=True):
                answer = demo.call(method, *params)
                assert eval(line, {"rpc": Proxy(demo.call)}) == answer, line  # noqa: S307
                assert is_told(method, answer, html), f"{path}: {method} {params}"


@pytest.fixture(scope="module")
def explorer() -> Iterator[str]:
    with LiveServer({"BITCOIN_RPC_URL": "demo"}) as server:
        yield server.url


def test_a_block_of_calls_is_copied_whole(chromium: Browser, explorer: str) -> None:
    with opened(chromium, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(f"{explorer}/block/5")
        page.locator(".made > summary").click()
        page.locator(".made summary", has_text="Python").click()
        page.locator(".made details", has_text="Python").get_by_role("button").click()
        copied = page.evaluate("navigator.clipboard.readText()").split("\n")
        assert copied[0] == "from bitcoinrpc.authproxy import AuthServiceProxy"
        assert copied[2] == "rpc.getblockhash(5)"


def test_long_lines_scroll_by_themselves(chromium: Browser, explorer: str) -> None:
    with opened(chromium, viewport={"width": 360, "height": 800}) as page:
        page.goto(f"{explorer}/block/5")
        page.evaluate("document.querySelectorAll('.made, .made details').forEach(e => e.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.locator(".made pre").first.evaluate("e => e.scrollWidth > e.clientWidth")
