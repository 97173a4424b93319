"""Pages are kept as long as what they show holds: whoever asks again costs the node nothing, and sees nothing old."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import Any

import pytest
import zstandard

from explorer import cache
from explorer.chain import tip
from explorer.web import lifetime, page_cache
from tests.chain.nodes import FakeChain, hash_of
from tests.fakenode import FakeNode, RpcError
from tests.pages import Explorer
from tests.web.kept import BLOCK, asked, entries, explorer, get, pages

__all__ = ["explorer"]  # a fixture


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that pass for pages: `later[0] += 31`."""
    passed = [0.0]
    monkeypatch.setattr(page_cache, "time", lambda: time() + passed[0])
    return passed


# --- asking again -----------------------------------------------------------------------------------------------------

PAGES = ["/", "/blocks", "/blocks?before=9", BLOCK, f"/tx/{hash_of('c', 7)}"]


@pytest.mark.parametrize("path", PAGES)
def test_the_same_page_again_costs_no_question(explorer: Explorer, path: str) -> None:
    first, _ = asked(explorer, path)
    again, count = asked(explorer, path)
    assert (first.status_code, again.status_code, count) == (200, 200, 0)
    assert again.text == first.text
    assert dict(again.headers) == dict(first.headers)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_the_page_is_told_so_without_a_question(explorer: Explorer, path: str, method: str) -> None:
    etag = get(explorer, path).headers["ETag"]
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        answer, count = asked(explorer, path, method, If_None_Match=known)
        assert (answer.status_code, answer.data, count) == (304, b"", 0)
        assert answer.headers["ETag"] == etag
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "Content-Security-Policy" in answer.headers
    for other in ('"other"', etag[:-2], 'W/"', ""):
        assert get(explorer, path, If_None_Match=other).status_code == 200


def test_a_cold_page_is_not_sent_to_who_has_it(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer.connection, "now", lambda: 1_700_000_000)  # a page says when it was made
    etag = get(explorer, BLOCK).headers["ETag"]
    explorer.forget()
    answer, count = asked(explorer, BLOCK, If_None_Match=etag)
    assert (answer.status_code, answer.data) == (304, b"")
    assert count > 0


@pytest.mark.parametrize("path", PAGES)
def test_head_answers_like_get_without_the_page(explorer: Explorer, path: str) -> None:
    cold = get(explorer, path, "HEAD")
    whole = get(explorer, path)
    warm, count = asked(explorer, path, "HEAD")
    for head in (cold, warm):
        assert (head.status_code, head.data) == (200, b"")
        assert dict(head.headers) == dict(whole.headers)
    assert count == 0
    assert int(warm.headers["Content-Length"]) == len(whole.data) > 1_000


@pytest.mark.parametrize("path", PAGES)
def test_it_is_the_same_in_every_encoding(explorer: Explorer, path: str) -> None:
    for _ in ("cold", "warm"):
        plain, packed, zipped = (get(explorer, path, Accept_Encoding=name) for name in ("identity", "zstd", "gzip"))
        assert "Content-Encoding" not in plain.headers
        assert (packed.headers["Content-Encoding"], zipped.headers["Content-Encoding"]) == ("zstd", "gzip")
        assert zstandard.ZstdDecompressor().decompress(packed.data) == gzip.decompress(zipped.data) == plain.data
        for answer in (plain, packed, zipped):
            assert int(answer.headers["Content-Length"]) == len(answer.data)
            assert answer.headers["ETag"] == plain.headers["ETag"]
            assert answer.headers.getlist("Vary") == ["Accept-Encoding, Accept-Language, Cookie"]
        explorer.forget()


# --- what an address means --------------------------------------------------------------------------------------------


def test_what_a_page_does_not_know_of_makes_no_other_one(explorer: Explorer) -> None:
    for path in (BLOCK, "/blocks?before=9", f"/tx/{hash_of('c', 7)}?page=1"):
        get(explorer, path)
        before = entries(explorer)
        mark = "&" if "?" in path else "?"
        for more in ("x=1", "utm_source=a&utm_medium=b", "page2=3&before_=4", "&&&=", "x=%ff%00", "x=" + "y" * 5_000):
            answer, count = asked(explorer, path + mark + more)
            assert answer.status_code == 200
            assert count == 0
        assert entries(explorer) == before


def test_the_order_and_the_writing_of_a_query_do_not_matter(explorer: Explorer) -> None:
    txid, block = hash_of("c", 7), hash_of("a", 7)
    get(explorer, f"/tx/{txid}?block={block}&page=1")
    get(explorer, "/blocks?before=9")
    before = entries(explorer)
    same = [
        f"/tx/{txid}?page=1&block={block}",
        f"/tx/{txid}?block={block}",
        f"/tx/{txid}?block={block.upper()}&page=01",
        f"/tx/{txid}?block={block}&page=1&page=2&block=x",  # the first counts, for Flask as well
        "/blocks?before=09",
        "/blocks?b%65fore=9",
    ]
    for path in same:
        answer, count = asked(explorer, path)
        assert (answer.status_code, count) == (200, 0), path
    assert entries(explorer) == before
    assert get(explorer, f"/tx/{txid}?page=2&page=1").status_code == 404


def test_other_pages_are_others(explorer: Explorer) -> None:
    for path in ("/blocks", "/blocks?before=9", "/blocks?before=8", BLOCK, f"/block/{hash_of('a', 8)}", "/"):
        get(explorer, path)
    assert len(entries(explorer)) == 6


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "[::1]", "a b", ""])
def test_the_host_header_does_not_matter(explorer: Explorer, host: str) -> None:
    first = get(explorer, "/", Host="explorer.example")
    answer, count = asked(explorer, "/", Host=host)
    assert (answer.data, count) == (first.data, 0)
    assert len(entries(explorer)) == 1
    assert b"evil.example" not in answer.data


def test_nothing_else_of_a_visitor_matters(explorer: Explorer) -> None:
    get(explorer, "/")
    visitor = {"Cookie": "a=b", "User_Agent": "x", "Accept_Language": "de", "X_Forwarded_Host": "evil.example"}
    answer, count = asked(explorer, "/", **visitor)
    assert (answer.status_code, count) == (200, 0)
    assert "Set-Cookie" not in answer.headers
    assert len(entries(explorer)) == 1


def test_it_is_under_its_base_path(node: FakeNode) -> None:
    explorer = Explorer(f"http://{node.login}@127.0.0.1:{node.port}", BASE_PATH="/x")
    with explorer.watched():
        for _ in range(2):
            answer = get(explorer, "/x/blocks")
            assert answer.status_code == 200
            assert 'href="/x/' in answer.text
        assert asked(explorer, "/x/blocks")[1] == 0
        assert get(explorer, "/x").status_code == 308


# --- what is never kept -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/block/7", 302),
        (f"/block/{hash_of('a', 7).upper()}", 301),
        (f"/block/0x{hash_of('a', 7)}", 301),
        (f"{BLOCK}?page=9", 404),
        (f"{BLOCK}?page=0", 400),
        ("/block/x", 400),
        ("/blocks?before=0", 400),
        ("/blocks?before=", 400),
        ("/tx/x", 400),
        (f"/tx/{hash_of('c', 7)}?block=x", 400),
        (f"/tx/{hash_of('c', 7)}?page=9", 404),
        ("/nothing", 404),
        ("/node", 200),
        ("/healthz", 200),
        ("/search?q=nothing", 404),
    ],
)
def test_problems_redirects_and_news_are_not_kept(explorer: Explorer, path: str, status: int) -> None:
    for _ in range(2):
        assert get(explorer, path).status_code == status
    assert not entries(explorer)


def test_a_failure_is_not_kept(explorer: Explorer, node: FakeNode) -> None:
    def fail(*_: object) -> None:
        raise RpcError(-1, "out of order")

    header = node.answers["getblockheader"]
    node.answers["getblockheader"] = fail
    assert get(explorer, BLOCK).status_code >= 500
    assert not entries(explorer)
    node.answers["getblockheader"] = header
    assert get(explorer, BLOCK).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_readers_are_answered(explorer: Explorer, method: str) -> None:
    get(explorer, "/")
    assert get(explorer, "/", method).status_code == 405


def test_options_are_not_the_page(explorer: Explorer) -> None:
    get(explorer, "/")
    answer = get(explorer, "/", "OPTIONS")
    assert answer.data == b""
    assert "GET" in answer.headers["Allow"]


# --- what has changed -------------------------------------------------------------------------------------------------


def test_a_new_block_makes_new_pages(explorer: Explorer, chain: FakeChain) -> None:
    assert "19 confirmations" in get(explorer, BLOCK).text
    chain.height = 26
    tip.look(explorer.connection)
    assert "20 confirmations" in get(explorer, BLOCK).text
    chain.height = 25
    tip.look(explorer.connection)
    answer, count = asked(explorer, BLOCK)
    assert ("19 confirmations" in answer.text, count) == (True, 0)  # which is true again


def test_pages_change_with_what_they_show(explorer: Explorer, node: FakeNode) -> None:
    paths = ["/", "/blocks", f"/tx/{hash_of('c', 7)}"]
    for path in paths:
        get(explorer, path)
    node.answers["getmempoolinfo"] = {**node.answers["getmempoolinfo"], "size": 5}
    tip.look(explorer.connection)
    kept = entries(explorer)
    for path in paths:
        get(explorer, path)
    assert sorted(key.partition("|")[0] for key in entries(explorer) - kept) == ["home.index", "transactions.show"]


def test_without_a_watcher_every_change_is_seen_at_once(explorer: Explorer, chain: FakeChain) -> None:
    tip.trust_watcher(explorer.connection, 0)
    assert "19 confirmations" in get(explorer, BLOCK).text
    assert asked(explorer, BLOCK)[1] == 1  # how everything stands
    chain.height = 26
    assert "20 confirmations" in get(explorer, BLOCK).text


def test_a_page_made_while_the_chain_moved_is_not_kept_under_the_older_state(
    explorer: Explorer, chain: FakeChain
) -> None:
    old = tip.watched(explorer.connection)
    assert old
    chain.height = 26  # and the watcher has not noticed yet
    assert "20 confirmations" in get(explorer, BLOCK).text
    (key,) = entries(explorer)
    new = tip.watched(explorer.connection)
    assert new
    assert old.tip not in key
    assert new.tip in key
    assert asked(explorer, BLOCK)[1] == 0


# --- ages -------------------------------------------------------------------------------------------------------------


def test_a_page_is_made_anew_when_its_ages_have_changed(explorer: Explorer, later: list[float]) -> None:
    """These blocks are years old."""
    get(explorer, BLOCK)
    first = pages(explorer)
    for seconds, is_anew in ((0, False), (lifetime.LEAST, False), (lifetime.MOST, True)):
        later[0] += seconds
        assert get(explorer, BLOCK).status_code == 200
        assert (pages(explorer) != first) == is_anew


# --- many at once -----------------------------------------------------------------------------------------------------


def test_concurrent_visitors_of_a_cold_page_cause_one_making(explorer: Explorer, node: FakeNode) -> None:
    header, made, together = node.answers["getblockheader"], [], threading.Barrier(8)
    slow = threading.Event()

    def answer(block_hash: str) -> Any:
        made.append(block_hash)
        slow.wait(0.3)
        return header(block_hash)

    node.answers["getblockheader"] = answer

    def visit(_: int) -> tuple[int, bytes]:
        client = explorer.app.test_client()
        together.wait()
        with client.get(BLOCK) as found:
            return found.status_code, found.data

    with ThreadPoolExecutor(8) as visitors:
        answers = set(visitors.map(visit, range(8)))
    assert len(answers) == 1
    assert answers.pop()[0] == 200
    assert len(made) == 1
    assert len(entries(explorer)) == 1


def test_concurrent_visitors_of_a_failing_page_all_learn_why(explorer: Explorer, node: FakeNode) -> None:
    together = threading.Barrier(4)

    def fail(_: str) -> None:
        raise RpcError(-1, "out of order")

    node.answers["getblockheader"] = fail

    def visit(_: int) -> int:
        client = explorer.app.test_client()
        together.wait()
        with client.get(BLOCK) as found:
            return found.status_code

    with ThreadPoolExecutor(4) as visitors:
        assert all(status >= 500 for status in visitors.map(visit, range(4)))
    assert not entries(explorer)


def test_pages_are_bounded_in_bytes(node: FakeNode) -> None:
    explorer = Explorer(f"http://{node.login}@127.0.0.1:{node.port}", CACHE_MB="1")
    memory = cache.layers_of(explorer.app).memory
    with explorer.watched():
        for before in range(1, 400):
            get(explorer, f"/blocks?before={before}")
            assert memory.bytes <= 1_000_000
    assert memory.bytes > 500_000
