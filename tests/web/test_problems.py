"""A page for each thing that goes wrong: what happened, what to do, and the right status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.exceptions import ImATeapot, ServiceUnavailable

from explorer.errors import ExplorerError
from explorer.messages import CATALOGUE, words
from tests.bitcoind import free_port
from tests.fakenode import (
    PASSWORD,
    USER,
    FakeNode,
    Fault,
    RpcError,
    drips,
    hangs_up,
    is_no_http,
    says,
    says_json,
    truncates,
)
from tests.pages import Explorer, Page
from tests.server import ROOT

TXID = "ab" * 32


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode() as node:
        yield node


def ask(node: FakeNode, path: str = "/", **settings: str) -> Page:
    explorer = Explorer(f"http://{USER}:{PASSWORD}@127.0.0.1:{node.port}", greet=False, **settings)
    page = explorer.get(path)
    assert not page.faults
    assert "Traceback" not in page.body
    assert PASSWORD not in page.body
    return page


@pytest.mark.parametrize(
    ("fault", "status", "heading", "retry_after"),
    [
        (says(401), 502, "The node does not accept the password", "15"),
        (says(403), 502, "The node does not allow this", "15"),
        (says(429, **{"Retry-After": "7"}), 503, "The node limits how often it is asked", "7"),
        (says(503, "Work queue depth exceeded"), 503, "The node is busy", "2"),
        (says(404, "<h1>Not Found</h1>"), 503, "That is not a Bitcoin node", "15"),
        (says(200, "<h1>Hello</h1>"), 503, "That is not a Bitcoin node", "15"),
        (is_no_http, 503, "That is not a Bitcoin node", "15"),
        (hangs_up, 503, "The node does not answer", "15"),
        (truncates, 503, "The node does not answer", "15"),
        (says_json("{"), 503, "The node's answer makes no sense here", "15"),
        (says_json('{"result":1,"error":null,"id":0}'), 503, "The node's answer makes no sense here", "15"),
        (drips, 503, "The node takes too long", "15"),
    ],
)
def test_a_fault_of_the_node(node: FakeNode, fault: Fault, status: int, heading: str, retry_after: str) -> None:
    node.faults.extend([fault] * 4)
    page = ask(node, RPC_TIMEOUT="1")
    assert page.status == status
    assert page.all("h1") == [heading]
    assert page.headers["Retry-After"] == retry_after
    assert f"tries again by itself in {retry_after} seconds" in page.text
    is_there = "busy" in heading or "limits" in heading
    assert ("No node" in page.all("span")) is not is_there


@pytest.mark.parametrize(
    ("path", "code", "message", "status", "heading"),
    [
        ("/", -28, "Loading block index…", 503, "The node is starting"),
        ("/", -32601, "Method not found", 501, "This node cannot tell"),
        ("/", -13, "Something unheard of", 500, "The node reported a problem"),
        (f"/tx/{TXID}", -28, "Verifying blocks…", 503, "The node is starting"),
        (f"/block/{TXID}", -28, "Rewinding blocks…", 503, "The node is starting"),
        ("/search?q=5", -28, "Pruning blockstore…", 503, "The node is starting"),
        ("/blocks", -28, "Loading P2P addresses…", 503, "The node is starting"),
    ],
)
def test_an_error_that_the_node_reports(
    node: FakeNode, path: str, code: int, message: str, status: int, heading: str
) -> None:
    def refuse(*_: Any) -> None:
        raise RpcError(code, message)

    for method in (
        *("getblockchaininfo", "getnetworkinfo", "getmempoolinfo", "getblockcount", "getblockhash", "getindexinfo"),
        *("help", "getblockheader", "getblock", "getblockstats", "getrawtransaction", "getmempoolentry"),
    ):
        node.answers[method] = refuse
    page = ask(node, path)
    assert page.status == status
    assert page.all("h1") == [heading]
    assert (message in page.text) == (status == 503)
    assert page.headers.get("Retry-After") == ("5" if status == 503 else None)


def test_nobody_listens() -> None:
    port = free_port()
    page = Explorer(f"http://u:p@127.0.0.1:{port}", greet=False).get("/")
    assert page.status == 503
    assert f"could not reach the Bitcoin node at 127.0.0.1:{port}: Connection refused" in page.text


def test_no_cookie_yet(tmp_path: Path) -> None:
    explorer = Explorer(f"http://127.0.0.1:{free_port()}", greet=False, BITCOIN_RPC_COOKIE=str(tmp_path / ".cookie"))
    page = explorer.get("/")
    assert page.status == 503
    assert page.all("h1") == ["No way into the node yet"]
    assert "Start bitcoind, which writes the cookie" in page.text


def test_what_http_itself_refuses(caplog: pytest.LogCaptureFixture) -> None:
    explorer = Explorer("demo")

    def teapot() -> str:
        raise ImATeapot

    def full() -> str:
        raise ServiceUnavailable

    explorer.app.add_url_rule("/teapot", view_func=teapot)
    explorer.app.add_url_rule("/full", view_func=full)
    assert (explorer.get("/teapot").status, explorer.get("/teapot").all("h1")) == (418, ["That cannot be answered"])
    assert (explorer.get("/full").status, explorer.get("/full").all("h1")) == (500, ["Something went wrong here"])
    assert (explorer.get("/nothing").status, explorer.get("/nothing").all("h1")) == (404, ["There is no such page"])
    assert "request" in caplog.text


def test_every_problem_has_its_words() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "explorer").rglob("*.py") if path.name != "messages.py")
    kinds = "|".join(kind.__name__ for kind in family())
    raised = set(re.findall(rf"\b(?:{kinds})\(\s*\"(\w+)\"", source))
    raised |= {kind.default_id for kind in family()}
    raised |= {f"bad_address_{problem}" for problem in re.findall(r"AddressError\(\"(\w+)\"", source)}
    assert raised <= set(CATALOGUE)
    assert words(ExplorerError("no_such_id")).title == CATALOGUE["internal"].title


def family(kind: type[ExplorerError] = ExplorerError) -> set[type[ExplorerError]]:
    return {kind}.union(*(family(below) for below in kind.__subclasses__()))


def test_words_take_values_as_they_are() -> None:
    """What a visitor typed is no format string, and a value that is missing leaves a dash."""
    said = words(ExplorerError("nothing_found", query="{0.__class__} %s {query}"))
    assert "“{0.__class__} %s {query}”" in said.what
    assert "“—”" in words(ExplorerError("nothing_found", query=None)).what
    for message_id in CATALOGUE:
        assert "{" not in "".join(words(ExplorerError(message_id)))
