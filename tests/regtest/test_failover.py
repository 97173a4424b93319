"""Visitors browse on while the own node is in every kind of trouble: two real nodes, and a provider with a limit."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from tests.bitcoind import BitcoindError
from tests.coins import ADDRESS
from tests.conftest import StartBitcoind, StartServer
from tests.pages import Explorer
from tests.provider import Provider
from tests.regtest.pair import OWN_PASSWORD, QUEUE, THREADS, Pair, pair
from tests.regtest.visitors import Visit, Visitors

__all__ = ["pair"]  # a fixture

DEADLINE = 10  # seconds, the default of REQUEST_DEADLINE
BACK_WITHIN = 2.5  # seconds until the own node is used again: a trial every half second, and pages under way
LIMIT, RATE = 20, 8  # requests a second: of the provider, and RPC_RATE of each of the two workers


# --- the troubles of the own node: each lasts as long as its `with`, after which the node is well again ---------------


@contextmanager
def killed(pair: Pair) -> Iterator[None]:
    pair.own.kill()
    yield
    pair.own.start()


@contextmanager
def silent(pair: Pair) -> Iterator[None]:
    pair.own.suspend()
    yield
    pair.own.resume()


@contextmanager
def overloaded(pair: Pair) -> Iterator[None]:
    """As many who wait for a block that does not come as there are threads, and places in the queue, and some more."""
    going = True

    def wait(_: int) -> None:
        while going:
            try:
                pair.own.rpc("waitforblockheight", 10_000, 1500)
            except BitcoindError:  # no place left
                time.sleep(0.01)

    with ThreadPoolExecutor(THREADS + QUEUE + 8) as threads:
        waiting = threads.map(wait, range(THREADS + QUEUE + 8))
        yield
        going = False
        list(waiting)


@contextmanager
def locked(pair: Pair) -> Iterator[None]:
    pair.own.password = "changed-1c7e"
    pair.own.restart()
    yield
    pair.own.password = OWN_PASSWORD
    pair.own.restart()


@contextmanager
def behind(pair: Pair) -> Iterator[None]:
    pair.part()
    pair.other.mine(5, ADDRESS)
    yield
    pair.join()


@contextmanager
def elsewhere(pair: Pair) -> Iterator[None]:
    """On another chain, which forks off 15 blocks below the tip."""
    pair.part()
    height = pair.own.rpc("getblockcount")
    left_out = pair.own.rpc("getblockhash", height - 15)
    pair.own.rpc("invalidateblock", left_out)
    pair.own.rpc("generatetodescriptor", 14, "raw(52)")
    yield
    pair.own.rpc("reconsiderblock", left_out)
    pair.join()


class Trouble(NamedTuple):
    bring: Callable[[Pair], Any]
    seconds: float  # that it lasts
    others_answer: bool  # whether the own node cannot


TROUBLES = {
    "killed and started again": Trouble(killed, 3, True),
    "blocked (SIGSTOP)": Trouble(silent, 8, True),
    "its work queue full": Trouble(overloaded, 4, True),
    "its password changed": Trouble(locked, 3, True),
    "behind by 5 blocks": Trouble(behind, 3, False),
    "on another chain": Trouble(elsewhere, 3, False),
}


def test_every_visitor_gets_a_page(pair: Pair, live_server: StartServer, capsys: pytest.CaptureFixture[str]) -> None:
    old = pair.own.rpc("getblockhash", 60)
    (coinbase,) = pair.own.rpc("getblock", old, 1)["tx"]
    paths = [
        "/",
        "/blocks",
        f"/block/{old}",
        f"/tx/{coinbase}",
        "/block/60",
        f"/search?q={coinbase}",
        "/blocks?before=50",
    ]
    lines = [f"{'the own node':26}{'pages':>7}{'failed':>8}{'longest wait':>14}{'by others':>11}{'back after':>12}"]
    with Provider(pair.other, LIMIT) as provider:
        urls = ",".join((pair.own.url, provider.url, pair.other.url))
        server = live_server(BITCOIN_RPC_URL=urls, RPC_RATE=f"0,{RATE},0", LOG_LEVEL="debug")
        own = f"127.0.0.1:{pair.own.rpcport}"
        visitors = Visitors(server, paths)
        with visitors.browsing():
            time.sleep(2)
            for name, trouble in TROUBLES.items():
                begun = time.monotonic()
                with trouble.bring(pair):
                    time.sleep(trouble.seconds)
                well = time.monotonic()
                time.sleep(4)
                visits = [visit for visit in visitors.visits if visit.begun > begun]
                lines.append(figures(name, visits, well, own))
                check(name, visits, trouble, well, own)
        lines.append(figures("all of it", visitors.visits, time.monotonic(), own))
        lines.append(
            f"the provider, {LIMIT} requests a second: {len(provider.served)} served, {len(provider.refused)} refused"
        )
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *lines, ""]))
    assert not visitors.failures
    assert provider.served
    assert not provider.refused  # RPC_RATE keeps within its limit
    for secret in visitors.secrets:
        assert secret not in server.log
    assert "Traceback" not in server.log


def figures(name: str, visits: list[Visit], well: float, own: str) -> str:
    failed = [visit for visit in visits if visit.status != 200]
    longest = max(visit.ended - visit.begun for visit in visits)
    by_others = [visit for visit in visits if visit.answered_by != own]
    back = back_after(visits, well, own)
    return f"{name:26}{len(visits):7}{len(failed):8}{longest:12.2f} s{len(by_others):11}{back:10.2f} s"


def back_after(visits: list[Visit], well: float, own: str) -> float:
    """Seconds from when the own node is well until the last visit begins that another one answers."""
    return max(
        (visit.begun - well for visit in visits if own not in visit.answered_by and visit.begun > well), default=0
    )


def check(name: str, visits: list[Visit], trouble: Trouble, well: float, own: str) -> None:
    assert len(visits) > 20, name
    assert Counter(visit.status for visit in visits) == {200: len(visits)}, name
    assert max(visit.ended - visit.begun for visit in visits) < DEADLINE, name
    assert all(visit.answered_by for visit in visits), name
    assert any(own not in visit.answered_by for visit in visits) == trouble.others_answer, name
    assert visits[-1].answered_by == own, name
    assert back_after(visits, well, own) < BACK_WITHIN, name


def test_nobody_waits_longer_than_the_deadline(pair: Pair, live_server: StartServer) -> None:
    """Two nodes hang, the provider's too, and everybody comes at once, the server just having started."""
    with Provider(pair.other, LIMIT) as provider:
        urls = ",".join((pair.own.url, provider.url, pair.other.url))
        old = pair.own.rpc("getblockhash", 60)
        pair.own.suspend()
        pair.other.suspend()
        server = live_server(BITCOIN_RPC_URL=urls, REQUEST_DEADLINE="3")
        visitors = Visitors(server, ["/", f"/block/{old}", f"/tx/{old}", "/blocks", "/node"], count=12)
        with visitors.browsing():
            time.sleep(8)
        pair.own.resume()
        pair.other.resume()
    assert not visitors.failures
    assert len(visitors.visits) >= 24
    assert {visit.status for visit in visitors.visits} == {503}
    slowest = max(visitors.visits, key=lambda visit: visit.ended - visit.begun)
    assert slowest.ended - slowest.begun < 3.6, slowest  # the deadline, and making the page


# --- who may answer ---------------------------------------------------------------------------------------------------


def test_a_node_on_another_chain_is_refused(pair: Pair) -> None:
    explorer = Explorer(f"{pair.own.url},{pair.other.url}")
    with elsewhere(pair):
        assert explorer.get("/").status == 200
        states = explorer.connection.check() and explorer.connection.check()
        refused = states[1].refused
        assert refused is not None
        assert (refused.message_id, refused.values["endpoint"]) == (
            "fallback_other_chain",
            f"127.0.0.1:{pair.other.rpcport}",
        )
        pair.own.suspend()
        try:
            page = explorer.get("/")
            assert page.status == 503, page.text[-300:]
            assert page.all("h1") == ["The node takes too long"]
            assert "has another block at height" in explorer.get("/node").text
        finally:
            pair.own.resume()


def test_a_node_that_is_too_far_behind_is_refused(pair: Pair) -> None:
    explorer = Explorer(f"{pair.own.url},{pair.other.url}", MAX_BLOCKS_BEHIND="2")
    pair.part()
    pair.own.mine(3, ADDRESS)
    assert explorer.get("/").status == 200
    states = explorer.connection.check() and explorer.connection.check()
    refused = states[1].refused
    assert refused is not None
    assert refused.values == {"endpoint": f"127.0.0.1:{pair.other.rpcport}", "behind": 3, "height": 130, "allowed": 2}
    pair.join()
    assert explorer.connection.check()[1].refused is None
    pair.own.kill()
    page = explorer.get("/")
    assert page.status == 200
    assert f"Answered by 127.0.0.1:{pair.other.rpcport}" in page.text


def test_what_a_pruned_own_node_has_not_another_has(start_bitcoind: StartBitcoind) -> None:
    """Nor does it know by txid what is in a block: both are looked up elsewhere, and the page says so."""
    other = start_bitcoind()
    other.mine(30, ADDRESS)
    own = start_bitcoind("-prune=1", "-fastprune", txindex=False)
    for height in range(1, 31):
        own.rpc("submitblock", other.rpc("getblock", other.rpc("getblockhash", height), 0))
    (coinbase,) = other.rpc("getblock", other.rpc("getblockhash", 7), 1)["tx"]
    explorer = Explorer(f"{own.url},{other.url}")
    page = explorer.get(f"/tx/{coinbase}")
    assert page.status == 200
    assert "24 confirmations" in page.text or page.facts["Confirmations"] == "24"
    assert f"Answered by 127.0.0.1:{own.rpcport}, 127.0.0.1:{other.rpcport}" in page.text
    assert explorer.get(f"/tx/{'ab' * 32}").status == 404
    alone = Explorer(own.url)
    assert alone.get(f"/tx/{coinbase}").status == 501


def test_the_own_node_well_costs_no_round_trip_more(pair: Pair) -> None:
    alone = Explorer(pair.own.url)
    both = Explorer(f"{pair.own.url},{pair.other.url}")
    both.connection.check()
    for path in ("/", "/blocks", "/block/60", f"/search?q={pair.own.rpc('getbestblockhash')}"):
        counts = []
        for explorer in (alone, both):
            path = explorer.get(path, follow=False).headers.get("Location", path)
            explorer.forget()
            counts.append(count_of_own(explorer, path))
        assert counts[0] == counts[1], path


def count_of_own(explorer: Explorer, path: str) -> int:
    """Round trips of a page; those of the thread that looks after the nodes, now and then, are not among them."""
    asked = []
    node = explorer.connection.own
    post = node._transport.post

    def overhear(*args: Any, **options: Any) -> bytes:
        if not threading.current_thread().name.startswith("look after"):
            asked.append(args)
        return post(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node._transport, "post", overhear)
        assert explorer.get(path).status == 200
    return len(asked)
