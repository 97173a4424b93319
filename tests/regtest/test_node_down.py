"""The explorer stays up, says what is wrong with the node, and recovers by itself: with a real node's troubles."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from explorer.background import GOOD_FOR
from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS
from tests.conftest import StartBitcoind, StartServer
from tests.pages import Explorer, Page
from tests.server import LiveServer

PATHS = ("/", "/blocks", "/block/5", "/search?q=5", f"/tx/{'ab' * 32}", "/connect", "/healthz", "/readyz")
NEEDS_NODE = [path for path in PATHS if path not in ("/connect", "/healthz")]


def get(server: LiveServer, path: str) -> Page:
    try:
        answer = urlopen(server.url + path, timeout=30)
    except HTTPError as error:
        answer = error
    with answer:
        return Page(path, answer.status, answer.headers, answer.read().decode())


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.05)


class Visitors:
    """Several people who load pages over and over."""

    def __init__(self, server: LiveServer, count: int = 6) -> None:
        self.server = server
        self.seen: list[tuple[float, Page]] = []
        self.failures: list[BaseException] = []
        self._going = True
        self._threads = [threading.Thread(target=self._visit, args=(n,)) for n in range(count)]

    def _visit(self, number: int) -> None:
        while self._going:
            path = PATHS[number % len(PATHS)]
            number += 1
            try:
                self.seen.append((time.monotonic(), get(self.server, path)))
            except (OSError, HTTPException, AssertionError) as error:
                self.failures.append(error)

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._going = False
        for thread in self._threads:
            thread.join()


class TestKilled:
    """A node that ends while pages load, and starts again."""

    @pytest.fixture
    def node(self, start_bitcoind: StartBitcoind) -> Bitcoind:
        node = start_bitcoind()
        node.mine(20, ADDRESS)
        return node

    def test_pages_say_so_and_come_back(self, node: Bitcoind, live_server: StartServer) -> None:
        server = live_server(BITCOIN_RPC_URL=node.url)
        wait_until(lambda: get(server, "/").status == 200)
        with Visitors(server) as visitors:
            time.sleep(0.5)
            node.kill()
            time.sleep(GOOD_FOR + 0.5)  # what the watcher saw is used until then
            down = {path: get(server, path) for path in PATHS}
            node.start()
            wait_until(lambda: get(server, "/readyz").status == 200)
            wait_until(lambda: get(server, "/").status == 200, 5)
            recovered = time.monotonic()
            time.sleep(0.5)

        assert not visitors.failures  # every visitor got an answer, each time
        for path, page in down.items():
            assert page.status == (503 if path in NEEDS_NODE else 200)
        for path in NEEDS_NODE[:-1]:
            page = down[path]
            assert page.all("h1") == ["The node does not answer"]
            assert "Check that bitcoind is running with server=1" in page.text
            assert f"127.0.0.1:{node.rpcport}" in page.text
            assert int(page.headers["Retry-After"]) > 0
            assert not page.faults
        statuses = Counter(page.status for _, page in visitors.seen)
        assert set(statuses) <= {200, 404, 503}
        assert all(statuses[status] > 3 for status in (200, 404, 503))
        for seen_at, page in visitors.seen:
            assert "Traceback" not in page.body
            assert node.password not in page.body
            assert seen_at < recovered or page.status in (200, 404)
            assert page.path not in ("/healthz", "/connect") or page.status == 200
        assert "Traceback" not in server.log
        assert node.password not in server.log

    def test_health_and_readiness(self, node: Bitcoind) -> None:
        explorer = Explorer(node.url)
        page = explorer.get("/readyz")
        assert page.status == 200
        answer = explorer.client.get("/readyz").get_json()
        assert answer["status"] == "ok"
        assert (answer["network"], answer["height"]) == ("regtest", 20)
        assert answer["best_hash"] == node.rpc("getbestblockhash")
        node.stop()
        assert explorer.get("/healthz").status == 200
        assert explorer.client.get("/healthz").get_json()["status"] == "ok"
        assert explorer.get("/readyz").status == 503
        answer = explorer.client.get("/readyz").get_json()
        assert answer["status"] == "unavailable"
        assert answer["error"] == "node_unreachable"
        node.start()
        assert explorer.get("/readyz").status == 200

    def test_a_node_that_is_not_there_never_becomes_the_demo(self) -> None:
        explorer = Explorer(f"http://u:p@127.0.0.1:{free_port()}", greet=False)
        for path in NEEDS_NODE:
            page = explorer.get(path)
            assert page.status == 503
            assert "Demo data" not in page.text

    def test_what_was_kept_is_not_shown_as_if_it_were_current(self, node: Bitcoind) -> None:
        explorer = Explorer(node.url)
        for path in ("/", "/block/5"):
            assert explorer.get(path).status == 200
        location = explorer.get("/block/5", follow=False).location
        node.kill()
        for path in ("/", "/block/5", location):
            page = explorer.get(path)
            assert page.status == 503
            assert "No node" in page.all("span")


class TestSilent:
    def test_a_node_that_never_answers(self, start_bitcoind: StartBitcoind) -> None:
        node = start_bitcoind()
        explorer = Explorer(node.url, RPC_TIMEOUT="1")
        node.suspend()
        try:
            page = explorer.get("/")
            assert page.status == 503
            assert page.all("h1") == ["The node takes too long"]
            assert "within 1 seconds" in page.text
            assert explorer.get("/healthz").status == 200
        finally:
            node.resume()
        assert explorer.get("/").status == 200


class TestStarting:
    @pytest.fixture
    def node(self, start_bitcoind: StartBitcoind) -> Bitcoind:
        """A node that checks all of its blocks when it starts."""
        node = start_bitcoind("-checkblocks=0", "-checklevel=4")
        node.mine(300, ADDRESS)
        return node

    def test_it_says_that_the_node_is_starting(self, node: Bitcoind) -> None:
        explorer = Explorer(node.url)
        starting: list[Page] = []
        for _ in range(5):  # it is over soon, so that the moment may be missed
            node.stop()
            node.start(wait=False)
            wait_until(lambda: self._listens(node))  # until then a page may wait for a moment, and find it ready
            pages = list(self._until_ready(explorer))
            assert {page.status for page in pages} <= {200, 503}
            if starting := [page for page in pages if page.all("h1") == ["The node is starting"]]:
                break
        assert starting
        for page in starting:
            assert page.status == 503
            assert "this page works as soon as the node has started" in page.text
            assert page.headers["Retry-After"] == "5"
            refresh = [found for tag, found in page.elements if tag == "meta" and found.get("http-equiv")]
            assert refresh == [{"http-equiv": "refresh", "content": "5"}]
        own_words = {
            page.text.partition("still getting ready: ")[2].partition(" Nothing to do")[0] for page in starting
        }
        known_words = {"RPC server started", "Loading banlist…", "Loading block index…", "Verifying blocks…"}
        assert own_words & known_words

    def _listens(self, node: Bitcoind) -> bool:
        try:
            socket.create_connection(("127.0.0.1", node.rpcport)).close()
        except OSError:
            return False
        return True

    def _until_ready(self, explorer: Explorer) -> Iterator[Page]:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            yield (page := explorer.get("/"))
            if page.status == 200:
                return


class TestRefused:
    def test_a_wrong_password(self, regtest: Bitcoind) -> None:
        explorer = Explorer(f"http://explorer:s3cret-word@127.0.0.1:{regtest.rpcport}", greet=False)
        for path in NEEDS_NODE[:-1]:
            page = explorer.get(path)
            assert page.status == 502
            assert page.all("h1") == ["The node does not accept the password"]
            assert "Check BITCOIN_RPC_USER and BITCOIN_RPC_PASSWORD" in page.text
            assert "s3cret-word" not in page.body
            assert "s3cret-word" not in str(page.headers)
        assert explorer.get("/readyz").status == 503
        assert "s3cret-word" not in explorer.get("/readyz").body

    def test_a_user_who_may_not_ask(self, start_bitcoind: StartBitcoind) -> None:
        node = start_bitcoind("-rpcwhitelist=explorer:getblockcount")
        page = Explorer(node.url, greet=False).get("/")
        assert page.status == 502
        assert page.all("h1") == ["The node does not allow this"]
        assert "rpcwhitelist= (may this user call the method?)" in page.text

    def test_a_port_where_no_node_is(self, live_server: StartServer) -> None:
        other = live_server(BITCOIN_RPC_URL="demo")
        page = Explorer(f"http://u:p@127.0.0.1:{other.port}", greet=False).get("/")
        assert page.status == 503
        assert page.all("h1") == ["That is not a Bitcoin node"]
