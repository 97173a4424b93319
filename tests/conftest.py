"""What every test may ask for: nodes, a live server, a browser, and an environment without anybody's settings."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import pytest

from tests.bitcoind import Bitcoind
from tests.chain.nodes import FakeChain
from tests.fakenode import FakeNode
from tests.redis_server import RedisServer, is_installed
from tests.server import ROOT, LiveServer, is_setting

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MAIN_CHAIN_BLOCKS = Path(__file__).parents[2] / "shared" / "chain" / "mainnet-blocks-0-438.dat"
MAIN_CHAIN_HEIGHT = 438

SKIPPED_FOR_WANT_OF = "skipped for want of "


def lacking(thing: str, advice: str) -> NoReturn:
    """Skips the test because this machine lacks something, and says so at the end; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have {thing}. {advice}", pytrace=False)
    pytest.skip(f"{SKIPPED_FOR_WANT_OF}{thing}. {advice}")


def pytest_configure() -> None:
    """The settings and the language of whoever runs the tests are forgotten before any test module is imported."""
    os.environ["LC_ALL"] = "C.UTF-8"
    for name in list(os.environ):
        if is_setting(name):
            del os.environ[name]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if SKIPPED_FOR_WANT_OF in reason:
            reasons[reason.partition(SKIPPED_FOR_WANT_OF)[2]] += 1
    for reason, count in reasons.items():
        terminalreporter.write_line(f"!!! {count} TESTS DID NOT RUN for want of {reason}", yellow=True, bold=True)


@pytest.fixture(autouse=True)
def empty_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where HOME is: no test finds the bitcoin.conf or the cookie of whoever runs it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def bitcoind_path() -> str:
    """A bitcoind to run, as `script/bitcoind` finds it, but without fetching one."""
    advice = "Run script/test, or set BITCOIND, or see script/bitcoind."
    found = os.environ.get("BITCOIND") or shutil.which("bitcoind")
    if not found:
        finder = subprocess.run([ROOT / "script" / "bitcoind", "--no-fetch"], capture_output=True, text=True)
        found = finder.stdout.strip()
    return found or lacking("bitcoind", advice)


@pytest.fixture(scope="session")
def regtest(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node with a txindex and a wallet "w" that can spend, at height 110 or more: the tests of a worker share it."""
    with Bitcoind(bitcoind_path) as node:
        node.make_wallet("w")
        node.mine(110)
        node.wait_for_indexes()
        yield node


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The tests of a worker share it."""
    if not is_installed():
        lacking("redis-server", "Install it (Debian: apt-get install redis-server).")
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Of a Redis that holds nothing."""
    redis_server.client.flushall()
    return redis_server.url


class StartBitcoind(Protocol):
    def __call__(self, *args: str, chain: str = "regtest", txindex: bool = True, wait: bool = True) -> Bitcoind: ...


@pytest.fixture
def start_bitcoind(bitcoind_path: str) -> Iterator[StartBitcoind]:
    """Starts nodes of the test's own, with extra arguments; they end with the test."""
    nodes: list[Bitcoind] = []

    def start(*args: str, chain: str = "regtest", txindex: bool = True, wait: bool = True) -> Bitcoind:
        node = Bitcoind(bitcoind_path, args, chain=chain, txindex=txindex)
        nodes.append(node)
        return node.start(wait=wait)

    yield start
    for node in nodes:
        node.close()


@pytest.fixture(scope="session")
def main_chain(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node with the first 439 blocks of the main chain, and every index."""
    if not MAIN_CHAIN_BLOCKS.exists():
        lacking("the main chain's first blocks", f"They are expected at ../shared/chain/{MAIN_CHAIN_BLOCKS.name}.")
    args = ["-blockfilterindex=1", "-coinstatsindex=1", f"-loadblock={MAIN_CHAIN_BLOCKS}"]
    with Bitcoind(bitcoind_path, args, chain="main") as node:
        node.wait_until(lambda: node.rpc("getblockcount") == MAIN_CHAIN_HEIGHT)
        node.wait_for_indexes()
        yield node


@pytest.fixture
def chain() -> FakeChain:
    """By hand, up to height 25."""
    return FakeChain(25)


@pytest.fixture
def node(chain: FakeChain) -> Iterator[FakeNode]:
    """It tells the `chain`."""
    with FakeNode(chain.answers) as node:
        yield node


class StartServer(Protocol):
    def __call__(self, **settings: str) -> LiveServer: ...


@pytest.fixture
def live_server() -> Iterator[StartServer]:
    """Starts the explorer under gunicorn with the given settings: `live_server(BITCOIN_RPC_URL="demo").url`."""
    servers: list[LiveServer] = []

    def start(**settings: str) -> LiveServer:
        servers.append(LiveServer(settings))
        return servers[-1].start()

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by playwright, and calling nobody by itself."""
    from playwright.sync_api import sync_playwright  # a second to import

    names = ["chromium", "chromium-browser", "google-chrome"]
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        lacking("Chromium", "Install it (Debian: apt-get install chromium), or set CHROMIUM to its path.")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]
        )
        yield browser
        browser.close()
