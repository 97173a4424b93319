"""/live as it is really served: gunicorn, real visitors who come and go, and a real node."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from tests.bitcoind import Bitcoind
from tests.coins import VALUE, fund, spend
from tests.conftest import StartBitcoind, StartServer
from tests.events import Listening, eventually
from tests.server import LiveServer
from tests.web.test_live import HOSTILE

SOON = 2.0  # seconds within which a page has heard of a block
PLACES = 2  # of the server that most tests share


@pytest.fixture(scope="module")
def server(regtest: Bitcoind) -> Iterator[LiveServer]:
    """One worker of four threads, and impatient with everything but streams."""
    settings = {"WEB_WORKERS": "1", "WEB_THREADS": str(2 * PLACES), "REQUEST_DEADLINE": "1"}
    with LiveServer({"BITCOIN_RPC_URL": regtest.url, **settings}) as server:
        yield server
        assert "Traceback" not in server.log


def place(node: Bitcoind, height: int | None = None) -> str:
    """Where a listener stands who knows the block at a height, the tip unless told otherwise."""
    height = node.rpc("getblockcount") if height is None else height
    return f"{height}:{node.rpc('getblockhash', height)}"


def status(url: str) -> int:
    try:
        with urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def listen(server: LiveServer, since: str = "", last_event_id: str = "") -> Listening:
    """Once there is a place: of somebody who has just left it, the server may not have heard yet."""
    listening: list[Listening] = []

    def found() -> bool:
        one = Listening(server.url, since, last_event_id)
        if one.status == 200:
            listening.append(one)
        else:
            one.close()
        return bool(listening)

    eventually(found)
    return listening[0]


# --- what happens on the chain ----------------------------------------------------------------------------------------


def test_a_block_is_told_of_soon(server: LiveServer, regtest: Bitcoind) -> None:
    with listen(server, place(regtest)) as live:
        assert live.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert "Content-Encoding" not in live.answer.headers
        live.wait_for("mempool")
        time.sleep(1.5)  # longer than a request may wait for the node
        (block_hash,) = regtest.mine(1)
        tip = live.wait_for("tip", SOON)
        assert tip.data == {"height": regtest.rpc("getblockcount"), "hash": block_hash}
        assert tip.id == place(regtest)
        assert live.ended is None


def test_a_transaction_is_told_of_soon(server: LiveServer, regtest: Bitcoind) -> None:
    coin = fund(regtest, 1)
    with listen(server, place(regtest)) as live:
        before = live.wait_for("mempool").data["count"]
        spend(coin, [VALUE - 1_000]).send(regtest)
        mempool = live.wait_for("mempool", SOON)
        assert mempool.data == {"count": before + 1}
        assert mempool.id == place(regtest)
        regtest.mine(1)
        live.wait_for("tip", SOON)
        assert live.wait_for("mempool", SOON).data == {"count": 0}


def test_a_reorganisation(server: LiveServer, regtest: Bitcoind) -> None:
    fork = place(regtest)
    height = regtest.rpc("getblockcount")
    with listen(server, fork) as live:
        stale = regtest.mine(2)
        eventually(lambda: str(live.events[-1].id) == place(regtest), SOON)
        behind = place(regtest)
        regtest.rpc("invalidateblock", stale[0])
        instead = regtest.mine(3)
        eventually(lambda: str(live.events[-1].id) == place(regtest), SOON)
        events = [event for event in live.events if event.kind in ("tip", "reorg")]
        reorgs = [event for event in events if event.kind == "reorg"]  # one, or several where it was seen on the way
        assert [block for event in reorgs for block in event.data["left"]] == [stale[1], stale[0]]
        assert (reorgs[-1].id, reorgs[-1].data["fork"]) == (fork, height)
        assert [event.data["hash"] for event in events if event.kind == "tip"] == stale + instead
        assert events.index(reorgs[-1]) == len(events) - 4
    with listen(server, behind) as live:  # whoever comes back later
        reorg = live.wait_for("reorg")
        assert (reorg.id, reorg.data) == (fork, {"fork": height, "left": [stale[1], stale[0]]})
        assert [live.wait_for("tip").data["hash"] for _ in instead] == instead


def test_who_comes_back_is_told_what_was_missed(server: LiveServer, regtest: Bitcoind) -> None:
    with listen(server, place(regtest)) as live:
        live.wait_for("mempool")
        regtest.mine(1)
        stood = live.wait_for("tip", SOON).id or ""
    hashes = regtest.mine(3)
    with listen(server, since=place(regtest, 0), last_event_id=stood) as live:
        assert [live.wait_for("tip").data["hash"] for _ in hashes] == hashes
        assert [event.kind for event in live.events].count("tip") == 3


def test_also_by_another_worker(regtest: Bitcoind, live_server: StartServer) -> None:
    """Each has one place: whoever gets one while it is taken has come to the other."""
    server = live_server(BITCOIN_RPC_URL=regtest.url, WEB_WORKERS="2", WEB_THREADS="2")
    with listen(server, place(regtest)) as first:
        first.wait_for("mempool")
        stood = str(first.events[-1].id)
        hashes = regtest.mine(3)
        with listen(server, last_event_id=stood) as second:
            assert [second.wait_for("tip").data["hash"] for _ in hashes] == hashes
        assert [first.wait_for("tip").data["hash"] for _ in hashes] == hashes


def test_a_node_that_goes_and_comes_back(start_bitcoind: StartBitcoind, live_server: StartServer) -> None:
    node = start_bitcoind()
    node.mine(5)
    with listen(live_server(BITCOIN_RPC_URL=node.url), place(node)) as live:
        assert live.wait_for("node").data == {"up": True}
        live.wait_for("mempool")
        node.stop()
        while live.wait_for("node", 10).data["up"]:
            pass
        time.sleep(3)
        assert live.events[-1].data == {"up": False}
        assert [event.data for event in live.events].count({"up": False}) == 1  # said once
        node.start()
        hashes = node.mine(2)
        while not live.wait_for("node", 10).data["up"]:
            pass
        assert [live.wait_for("tip").data["hash"] for _ in hashes] == hashes


def test_a_stream_that_begins_while_the_node_is_away(start_bitcoind: StartBitcoind, live_server: StartServer) -> None:
    node = start_bitcoind()
    node.mine(5)
    server = live_server(BITCOIN_RPC_URL=node.url)
    stood = place(node)
    node.stop()
    eventually(lambda: status(f"{server.url}/readyz") == 503)
    time.sleep(2)  # until then the watcher's last look counts
    with listen(server, stood) as live:
        down = live.wait_for("node")
        assert (down.id, down.data) == (stood, {"up": False})
        node.start()
        assert live.wait_for("node", 10).data == {"up": True}


def test_the_demo_chain_is_alive_too(live_server: StartServer) -> None:
    with listen(live_server(BITCOIN_RPC_URL="demo")) as live:
        for kind in ("node", "tip", "mempool"):
            live.wait_for(kind)
        live.wait_for("mempool", 30)


# --- who listens ------------------------------------------------------------------------------------------------------


def test_pages_are_there_while_all_places_are_taken(server: LiveServer) -> None:
    with ExitStack() as stack:
        for _ in range(PLACES):
            stack.enter_context(listen(server)).wait_for("mempool")
        began = time.monotonic()
        assert status(f"{server.url}/live") == 503
        assert time.monotonic() - began < 0.5
        for _ in range(20):
            for path in ("/", "/blocks", "/block/5", "/healthz"):
                assert status(server.url + path) == 200
        assert time.monotonic() - began < 10


def test_who_leaves_makes_room_at_once(server: LiveServer) -> None:
    for _ in range(5):  # as somebody does who goes from page to page
        with ExitStack() as stack:
            for _ in range(PLACES):
                stack.enter_context(listen(server))


def test_who_says_no_word_of_leaving(server: LiveServer) -> None:
    """The connection is reset, or nobody has ever read from it."""
    address = ("127.0.0.1", server.port)
    for _ in range(3):
        visitors = [socket.create_connection(address) for _ in range(PLACES)]
        for visitor in visitors:
            visitor.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.5)
        for visitor in visitors:
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            visitor.close()
        listen(server).close()


def test_nothing_is_left_of_heads_and_refusals(server: LiveServer) -> None:
    for _ in range(2 * PLACES):
        with urlopen(Request(f"{server.url}/live", method="HEAD"), timeout=5) as answer:
            assert (answer.status, answer.read()) == (200, b"")
    assert status(f"{server.url}/live?since=x") in (200, 503)
    listen(server).close()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nonsense_does_no_harm(server: LiveServer, regtest: Bitcoind, hostile: str) -> None:
    with listen(server, since=quote(hostile)) as live:
        assert live.wait_for("tip").id == place(regtest)
    header = "".join(sign for sign in hostile if " " <= sign <= "~")
    with listen(server, last_event_id=header) as live:
        assert live.wait_for("tip").id == place(regtest)


def test_a_server_that_stops_does_not_wait_for_them(regtest: Bitcoind, live_server: StartServer) -> None:
    server = live_server(BITCOIN_RPC_URL=regtest.url, WEB_WORKERS="2", WEB_THREADS="8")
    with ExitStack() as stack:
        open_streams = [stack.enter_context(listen(server)) for _ in range(5)]
        for live in open_streams:
            live.wait_for("mempool")
        assert server.process
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert time.monotonic() - began < SOON
        assert [live.wait_for_end() for live in open_streams] == ["cleanly"] * 5
    assert "Traceback" not in server.log
