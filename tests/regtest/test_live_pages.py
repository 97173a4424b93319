"""Pages that move with the chain, in a real browser on a real node: what is seen is what a reload would show."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.bitcoind import Bitcoind
from tests.coins import VALUE, fund, spend
from tests.conftest import StartBitcoind, StartServer
from tests.events import Listening, eventually
from tests.server import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AT_ONCE = 2.0  # seconds within which a block has appeared, where nobody else keeps the machine busy
SOON = 10_000  # milliseconds, on a busy one
MEMPOOL = 15_000  # the same for what waits: pages rest two seconds between two changes of the mempool
AGAIN = 40_000  # until a stream that broke off is there again

NOTIFICATION = """() => {
    window.Notification = class {
        constructor(title, more) { window.told = [title, more.body]; }
        static requestPermission() { return Promise.resolve("granted"); }
    };
}"""
HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
DIFFERENCE = """async () => {
    const bare = (main) => {
        for (const own of main.querySelectorAll("[data-own]")) own.remove();
        for (const open of main.querySelectorAll("details[open]")) open.open = false;
        return main.innerHTML.replace(/\\s+/g, " ");
    };
    const fresh = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const [seen, after] = [bare(document.querySelector("main").cloneNode(true)), bare(fresh.querySelector("main"))];
    if (seen === after) return "";
    const at = [...seen].findIndex((letter, i) => letter !== after[i]);
    return `${seen.slice(at - 60, at + 120)} | ${after.slice(at - 60, at + 120)}`;
}"""


@pytest.fixture(scope="module")
def server(regtest: Bitcoind) -> Iterator[LiveServer]:
    with LiveServer({"BITCOIN_RPC_URL": regtest.url, "WEB_WORKERS": "1"}) as server:
        yield server
        assert "Traceback" not in server.log


@contextmanager
def opened(chromium: Browser, url: str, **options: Any) -> Iterator[Page]:
    """A page that is not loaded again, and about which the console says nothing but what a node that is away causes."""
    context = chromium.new_context(**options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    page.evaluate("window.neverReloaded = true")
    yield page
    assert page.evaluate("window.neverReloaded")
    context.close()
    odd = [text for text in complaints if "server responded with a status of" not in text and "net::ERR" not in text]
    assert odd == []


def is_as_after_a_reload(page: Page) -> None:
    """Once what is under way has come."""
    differences: list[str] = []

    def same() -> bool:
        differences.append(str(page.evaluate(DIFFERENCE)))
        return not differences[-1]

    try:
        eventually(same, 20)
    except AssertionError:
        raise AssertionError(differences[-1]) from None


def shown(page: Page, text: str, within: float, selector: str = "main") -> None:
    page.locator(selector, has_text=re.compile(text)).first.wait_for(timeout=within)


# --- home -------------------------------------------------------------------------------------------------------------


def test_a_block_appears_by_itself(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    with opened(chromium, server.url) as page:
        waits: list[float] = []
        for _ in range(3):
            (block,) = regtest.mine(1)
            mined_at = time.monotonic()
            height = regtest.rpc("getblockcount")
            page.locator(f".tiles a[href$='{block}']").wait_for(timeout=SOON)
            waits.append(time.monotonic() - mined_at)
            page.locator(f"[data-key='row-{block}']").wait_for(timeout=SOON)
            assert page.title().startswith(f"{height:,} ")
            assert page.locator(".blocks tbody tr").count() == 10
            assert page.locator("#said").text_content() == f"Latest block: {height:,}"
            assert page.locator(".tip").text_content() == f"Tip of the chain: block {height:,}"
        assert min(waits) <= AT_ONCE, waits
        is_as_after_a_reload(page)


def test_what_is_read_stays_where_it_is(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    with opened(chromium, server.url, viewport={"width": 800, "height": 300}) as page:
        row = page.locator(".blocks tbody tr").nth(1)
        key = row.get_attribute("data-key")
        row.locator("a").first.focus()
        row.evaluate("row => scrollBy(0, row.getBoundingClientRect().top - 150)")
        place = "key => document.querySelector(`[data-key='${key}']`).getBoundingClientRect().top"
        before = page.evaluate(place, key)
        (block,) = regtest.mine(1)
        page.locator(f"[data-key='row-{block}']").wait_for(state="attached", timeout=SOON)
        assert abs(page.evaluate(place, key) - before) <= 1
        assert page.evaluate("document.activeElement.closest('tr').dataset.key") == key


def test_the_mempool_counts(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    coins = fund(regtest, 2)
    regtest.mine(1)
    with opened(chromium, server.url) as page:
        shown(page, "^0 txs", MEMPOOL, ".strip dd")
        for coin in coins:
            spend([coin], [VALUE - 1_000]).send(regtest)
        shown(page, "^2 txs", MEMPOOL, ".strip dd")
        is_as_after_a_reload(page)
    regtest.mine(1)


# --- transactions -----------------------------------------------------------------------------------------------------


def test_a_transaction_confirms_on_screen(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    (coin,) = fund(regtest, 1)
    txid = spend([coin], [VALUE - 1_000]).send(regtest)
    with opened(chromium, f"{server.url}/tx/{txid}") as page:
        shown(page, "Waiting", SOON, ".title")
        page.locator("summary", has_text="Script").first.click()
        for confirmations in ("1 confirmation$", "2 confirmations"):
            regtest.mine(1)
            shown(page, confirmations, SOON, ".pill")
            shown(page, confirmations, SOON, "#said")
        assert page.locator(".about details[open]").count() == 1  # what was unfolded is so still
        is_as_after_a_reload(page)


def test_a_transaction_is_replaced_on_screen(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    (coin,) = fund(regtest, 1)
    txid = spend([coin], [VALUE - 1_000]).send(regtest)
    with opened(chromium, f"{server.url}/tx/{txid}") as page:
        shown(page, "Waiting", SOON, ".title")
        instead = spend([coin], [VALUE - 9_000]).send(regtest)
        shown(page, "Replaced", MEMPOOL, ".title")
        assert page.locator(f"main a[href='/tx/{instead}']").count()
        is_as_after_a_reload(page)
        regtest.mine(1)
        is_as_after_a_reload(page)


def test_a_notification_comes_for_who_asked(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    (coin,) = fund(regtest, 1)
    txid = spend([coin], [VALUE - 1_000]).send(regtest)
    url = f"{server.url}/tx/{txid}"
    with opened(chromium, url, permissions=["notifications"]) as page:
        page.evaluate(NOTIFICATION)
        button = page.get_by_role("button", name="Tell me when it confirms")
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        regtest.mine(1)
        shown(page, "1 confirmation$", SOON, ".pill")
        page.wait_for_function("window.told", timeout=SOON)
        assert page.evaluate("window.told") == ["A transaction is confirmed", "1 confirmation"]
        assert page.get_by_role("button", name="Tell me").count() == 0


# --- blocks and reorganisations ---------------------------------------------------------------------------------------


def test_a_block_learns_its_next_one(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    (block,) = regtest.mine(1)
    with opened(chromium, f"{server.url}/block/{block}") as page:
        shown(page, "Latest block", SOON, ".neighbours")
        (following,) = regtest.mine(1)
        page.locator(f".neighbours a[href$='{following}']").wait_for(timeout=SOON)
        page.keyboard.press("]")
        page.wait_for_url(f"**/block/{following}")
        page.evaluate("window.neverReloaded = true")


def test_a_reorganisation_is_announced_where_it_matters(
    chromium: Browser, server: LiveServer, regtest: Bitcoind
) -> None:
    (coin,) = fund(regtest, 1)
    txid = spend([coin], [VALUE - 1_000]).send(regtest)
    older = regtest.mine(1)[0]
    (left,) = regtest.mine(1)
    with (
        opened(chromium, f"{server.url}/block/{left}") as block,
        opened(chromium, f"{server.url}/block/{older}") as other,
        opened(chromium, server.url) as home,
    ):
        regtest.rpc("invalidateblock", left)
        regtest.mine(2)
        shown(block, "This block is stale", SOON)
        shown(home, "The chain was reorganised", SOON, "#said")
        shown(other, "3 confirmations", SOON, ".pill")
        assert home.locator(f"a[href$='{left}']").count() == 0
        for page in (block, other, home):
            is_as_after_a_reload(page)
    assert txid


# --- when things break ------------------------------------------------------------------------------------------------


def test_the_node_stops_and_starts(chromium: Browser, start_bitcoind: StartBitcoind, live_server: StartServer) -> None:
    node = start_bitcoind()
    node.mine(5)
    url = live_server(BITCOIN_RPC_URL=node.url).url
    with opened(chromium, url) as page:
        node.stop()
        page.locator(".badge.off").wait_for(timeout=AGAIN)
        assert page.locator(".blocks tbody tr").count() == 6  # what was known is still there to be read
        node.start()
        (block,) = node.mine(1)
        page.locator(f"[data-key='row-{block}']").wait_for(timeout=AGAIN)
        assert page.locator(".badge.off").count() == 0
        is_as_after_a_reload(page)


def test_a_worker_dies_and_the_chain_is_reorganised_meanwhile(
    chromium: Browser, start_bitcoind: StartBitcoind, live_server: StartServer
) -> None:
    node = start_bitcoind()
    hashes = node.mine(8)
    server = live_server(BITCOIN_RPC_URL=node.url, WEB_WORKERS="2")
    with opened(chromium, server.url) as home, opened(chromium, f"{server.url}/block/{hashes[-1]}") as block:
        shown(home, "8", SOON, ".tip")
        for worker in _workers(server):
            os.kill(worker, signal.SIGKILL)  # in mid-stream, whichever holds them
        node.rpc("invalidateblock", hashes[-2])
        instead = node.mine(3)
        home.locator(f"[data-key='row-{instead[-1]}']").wait_for(timeout=AGAIN)
        shown(block, "This block is stale", AGAIN)
        for page in (home, block):
            is_as_after_a_reload(page)
        (block_hash,) = node.mine(1)  # and goes on
        home.locator(f"[data-key='row-{block_hash}']").wait_for(timeout=AGAIN)


def _workers(server: LiveServer) -> list[int]:
    assert server.process
    path = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    with open(path) as children:
        return [int(pid) for pid in children.read().split()]


def test_without_a_place_pages_are_asked_for_again(
    chromium: Browser, regtest: Bitcoind, live_server: StartServer
) -> None:
    server = live_server(BITCOIN_RPC_URL=regtest.url, WEB_WORKERS="1", WEB_THREADS="6")
    with opened(chromium, server.url) as first:
        pages = [first.context.new_page() for _ in range(4)]
        for page in pages:
            page.goto(server.url)
        (block,) = regtest.mine(1)
        for page in (first, *pages):
            page.locator(f"[data-key='row-{block}']").wait_for(state="attached", timeout=20_000)


def test_a_hidden_tab_holds_no_place(chromium: Browser, regtest: Bitcoind, live_server: StartServer) -> None:
    server = live_server(BITCOIN_RPC_URL=regtest.url, WEB_WORKERS="1", WEB_THREADS="2")  # one place
    with opened(chromium, server.url) as page:
        eventually(lambda: not has_place(server))
        page.evaluate(HIDDEN, True)
        eventually(lambda: has_place(server))
        (block,) = regtest.mine(1)
        page.evaluate(HIDDEN, False)
        page.locator(f"[data-key='row-{block}']").wait_for(timeout=SOON)
        eventually(lambda: not has_place(server))


def has_place(server: LiveServer) -> bool:
    with Listening(server.url) as listening:
        return listening.status == 200


def test_without_scripts_it_is_there_on_a_reload(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    (block,) = regtest.mine(1)
    eventually(lambda: page.reload() is not None and page.locator(f"[data-key='row-{block}']").count() == 1)
    context.close()


def test_hundreds_of_events(chromium: Browser, server: LiveServer, regtest: Bitcoind) -> None:
    """No page grows, and none falls behind."""
    with opened(chromium, server.url) as page:
        before = page.evaluate("document.querySelectorAll('*').length")
        for _ in range(50):
            hashes = regtest.mine(10)
        page.locator(f"[data-key='row-{hashes[-1]}']").wait_for(timeout=AGAIN)
        is_as_after_a_reload(page)
        assert abs(page.evaluate("document.querySelectorAll('*').length") - before) < 60
