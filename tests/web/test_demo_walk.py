"""Every page, every search and every link of the demo chain, walked at several positions of the record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urldefrag

import pytest
from flask.testing import FlaskClient

import config
from app import create_app
from explorer.chain import tip
from explorer.node import connection
from explorer.node.demo import DemoConnection
from explorer.node.demo.connection import ANCHOR

POSITIONS = 10
NEW = 5  # blocks below the tip, to which something may still happen
# The same at every position: walked at the last one only.
TIMELESS = re.compile(r"/address/|/(tx/[^/]+/(hex|witness)|block/[^/]+/(raw|outputs))")
LINK = re.compile(r'(?:href|src|action)="([^"]*)"')
SENT = "/preferences"  # a form that is sent, not a link


class Clock:
    def __init__(self) -> None:
        self.time = float(ANCHOR)

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def demo(clock: Clock) -> DemoConnection:
    return DemoConnection(clock=clock)


@pytest.fixture
def client(demo: DemoConnection, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    settings = config.load({"BITCOIN_RPC_URL": "demo"})
    monkeypatch.setitem(connection._connections, settings, demo)
    with create_app(settings).test_client() as client:
        yield client


def stand_still(demo: DemoConnection) -> None:
    """From now on nothing moves: as in production, pages do not ask how everything stands."""
    tip.look(demo)
    tip.trust_watcher(demo, good_for=3_600)


def walk(client: FlaskClient, start: str, leave_out: re.Pattern[str] | None = None) -> set[str]:
    """Follows every link from a page on. Returns the addresses that were opened."""
    opened: set[str] = set()
    waiting = [start]
    while waiting:
        address = waiting.pop()
        if address in opened:
            continue
        opened.add(address)
        response = client.get(address)
        assert response.status_code in (200, 301, 302, 308), f"{address}: {response.status_code}"
        response.close()
        if location := response.headers.get("Location"):
            found = [location]
        elif response.mimetype == "text/html":
            found = [unescape(link) for link in LINK.findall(response.text)]
        else:
            found = []
        for link in found:
            assert link.startswith(("/", "#")), f"{address} leads out: {link}"
            path = urldefrag(link).url
            if path not in ("", SENT) and not (leave_out and leave_out.match(path)):
                waiting.append(path)
    return opened


@pytest.mark.parametrize("tenth", [1, 5, POSITIONS - 1])  # half a minute each
def test_every_page_and_link_works(tenth: int, client: FlaskClient, demo: DemoConnection, clock: Clock) -> None:
    clock.time += demo.duration * (tenth + 0.5) // POSITIONS
    stand_still(demo)
    opened = walk(client, "/", leave_out=TIMELESS if tenth < POSITIONS - 1 else None)
    hashes = [demo.call("getblockhash", height) for height in range(demo.call("getblockcount") + 1)]
    assert {f"/block/{block_hash}" for block_hash in hashes} <= opened
    txids = {txid for block_hash in hashes for txid in demo.call("getblock", block_hash)["tx"]}
    assert txids <= {address.split("/")[2].split("?")[0] for address in opened if address.startswith("/tx/")}


@pytest.mark.parametrize("tenth", range(POSITIONS))
def test_every_search_works(tenth: int, client: FlaskClient, demo: DemoConnection, clock: Clock) -> None:
    clock.time += demo.duration * (tenth + 0.5) // POSITIONS
    stand_still(demo)
    tip_height = demo.call("getblockcount")
    for height in range(tip_height + 1):
        if height % POSITIONS != tenth and height < tip_height - NEW:
            continue  # older blocks are searched for at one position each
        block = demo.call("getblock", demo.call("getblockhash", height), 2)
        expected = {f"{height:,}": f"/block/{block['hash']}", block["hash"].upper(): f"/block/{block['hash']}"}
        for position, tx in enumerate(block["tx"]):
            expected[tx["txid"]] = f"/tx/{tx['txid']}"
            expected[f"{tx['txid']}:0"] = f"/tx/{tx['txid']}#out-0"
            expected[f"{height}:{position}"] = f"/tx/{tx['txid']}?block={block['hash']}"
        for typed, target in expected.items():
            response = client.get("/search", query_string={"q": typed})
            assert (response.status_code, response.location) == (302, target), typed
    for txid in demo.call("getrawmempool"):
        assert client.get("/search", query_string={"q": txid}).location == f"/tx/{txid}"
