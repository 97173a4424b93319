"""Latency of pages that nobody has asked before, beside what the node alone needs for them."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator

from bench import calls
from bench.chain import LARGE, MANY_INPUTS, SMALL
from bench.raw import Call, RawNode
from bench.recorder import Recorder
from bench.report import Figure, Goal, Skipped, spread
from bench.turns import Measure, in_turns, median_ms
from bench.visitor import Visitor
from bench.world import PER_PAGE, World
from tests.bitcoind import Bitcoind

TXS_PER_TURN = 8
CHUNK = 1_000  # blocks mined by one call
DEPTH_LOW = 100
STEP = 20  # heights between two that are measured

Yardstick = Callable[[RawNode, str], float]  # seconds for a block


def cold_tx(world: World) -> Iterator[Figure]:
    turns, node = world.options.turns, world.node()
    txids = world.ordinary_txids()
    per_turn = min(TXS_PER_TURN, len(txids) // (2 * turns))
    count = turns * per_turn
    recorded, fresh = txids[:count], iter(txids[count : 2 * count])
    with Recorder(node) as recorder, world.server(node, url=recorder.url) as server, Visitor(server.port) as visitor:
        asked = []
        for txid in recorded:
            recorder.take()
            visitor.get(f"/tx/{txid}")
            asked.append(recorder.take())
    asked = calls.of_pages(asked)
    again = iter(asked)
    with world.server(node) as server, Visitor(server.port) as visitor, RawNode(node) as raw:
        visitor.get("/healthz")
        raw.warm_up()
        pages, batches = in_turns(
            turns,
            lambda: median_ms(visitor.seconds(f"/tx/{next(fresh)}") for _ in range(per_turn)),
            lambda: median_ms(calls.ask_again(raw, next(again)) for _ in range(per_turn)),
        )
    yield Figure(
        "cold-tx",
        f"cold page of a transaction with one input and two outputs, median of {per_turn} in each turn",
        "its RPC calls alone, as one raw batch",
        "ms",
        pages,
        batches,
        Goal("at most more", 4),
        notes=[f"its calls, in {calls.in_words(asked[len(asked) // 2])}"],
    )


def cold_block(world: World, kind: str) -> Iterator[Figure]:
    node = world.node(kind)
    blocks = world.unrelated_blocks()
    words, yardsticks = YARDSTICKS[kind]
    fresh = itertools.cycle(blocks)

    def page() -> float:
        # A new server each time: one that has been asked prepares further pages meanwhile.
        with world.server(node) as server, Visitor(server.port) as visitor:
            visitor.get("/healthz")
            return visitor.seconds(f"/block/{next(fresh)}") * 1000

    with RawNode(node) as raw:

        def alone(ask: Yardstick) -> Measure:
            others = itertools.cycle(world.chain.full[1::2])

            def asked() -> float:
                raw.warm_up()
                return ask(raw, next(others)) * 1000

            return asked

        pages, *against = in_turns(world.options.turns, page, *map(alone, yardsticks))
    cheapest = min(against, key=lambda numbers: sorted(numbers)[len(numbers) // 2])
    with Recorder(node) as recorder, world.server(node, url=recorder.url) as server, Visitor(server.port) as visitor:
        recorder.take()
        visitor.get(f"/block/{blocks[0]}")
        page_calls = recorder.take()
    yield Figure(
        f"cold-block-{kind}",
        f"first page of a cold block of {world.per_block:,} transactions, from a node of the kind: {kind}",
        words[against.index(cheapest)],
        "ms",
        pages,
        cheapest,
        Goal("at most times", 1.3),
        notes=[
            *(f"{word}: {spread(n, 'ms')}" for word, n in zip(words, against, strict=True) if len(words) > 1),
            f"calls during such a page, those of the background too, in {calls.in_words(page_calls)}",
        ],
    )


def _facts(block: str, detail: int = 1) -> list[Call]:
    return [("getblockheader", (block,)), ("getblock", (block, detail)), ("getblockstats", (block,))]


def _with_txindex(raw: RawNode, block: str) -> float:
    """Header, txids and figures; the transactions; their parents, for the amounts: each step as one batch."""
    facts = raw.batch(_facts(block))
    txids = facts.results[1]["tx"][:PER_PAGE]
    transactions = raw.batch([("getrawtransaction", (txid, 1)) for txid in txids])
    vins = [vin for tx in transactions.results for vin in tx["vin"]]
    parents = dict.fromkeys(vin["txid"] for vin in vins if "txid" in vin)
    amounts = raw.batch([("getrawtransaction", (txid, 1)) for txid in parents])
    return facts.seconds + transactions.seconds + amounts.seconds


def _whole_block(raw: RawNode, block: str) -> float:
    return raw.call("getblock", block, 3).seconds


def _one_by_one(raw: RawNode, block: str) -> float:
    facts = raw.batch(_facts(block))
    txids = facts.results[1]["tx"][:PER_PAGE]
    transactions = raw.batch([("getrawtransaction", (txid, 2, block)) for txid in txids])
    assert transactions.results
    return facts.seconds + transactions.seconds


def _rest(raw: RawNode, block: str) -> float:
    paths = (f"/rest/block/{block}.bin", f"/rest/spenttxouts/{block}.bin")
    known = raw.batch([("getblockheader", (block,)), ("getblockstats", (block,))])
    return sum(raw.rest(path).seconds for path in paths) + known.seconds


WITHOUT_INDEX: tuple[list[str], list[Yardstick]] = (
    ["raw getblock 3", f"raw getblockheader, getblock 1, getblockstats, {PER_PAGE} x getrawtransaction 2 of the block"],
    [_whole_block, _one_by_one],
)
YARDSTICKS: dict[str, tuple[list[str], list[Yardstick]]] = {
    "txindex": (
        [
            f"raw getblockheader, getblock 1, getblockstats; {PER_PAGE} x getrawtransaction 1; the same of their "
            "distinct parents: three batches"
        ],
        [_with_txindex],
    ),
    "plain": WITHOUT_INDEX,
    "pruned": WITHOUT_INDEX,
    "rest": (["raw /rest/block, /rest/spenttxouts; getblockheader, getblockstats"], [_rest]),
}


def many_inputs(world: World) -> Iterator[Figure]:
    """Every turn has a new server, as there is one such transaction."""
    node, txid = world.node(), world.chain.many_inputs

    def page() -> float:
        with world.server(node) as server, Visitor(server.port) as visitor:
            visitor.get("/healthz")
            return visitor.seconds(f"/tx/{txid}") * 1000

    with RawNode(node) as raw:

        def alone() -> float:
            raw.warm_up()
            return raw.call("getrawtransaction", txid, 2).seconds * 1000

        alone()
        pages, calls_alone = in_turns(world.options.turns, page, alone)
    yield Figure(
        "many-inputs",
        f"cold page of a transaction with {MANY_INPUTS:,} inputs",
        "one raw getrawtransaction 2",
        "ms",
        pages,
        calls_alone,
        Goal("at most times", 1.3),
    )


def size(world: World) -> Iterator[Figure]:
    """The page of a large block beside that of a small one: each turn both from a new server, as they are related."""
    warm: dict[str, list[float]] = {world.chain.small: [], world.chain.large: []}
    bytes_of: dict[str, list[float]] = {world.chain.small: [], world.chain.large: []}

    def cold(block: str) -> float:
        with world.server() as server, Visitor(server.port) as visitor, Visitor(server.port, None) as plain:
            visitor.get("/healthz")
            seconds = visitor.seconds(f"/block/{block}") * 1000
            server.settle()
            warm[block].append(median_ms(visitor.seconds(f"/block/{block}") for _ in range(10)))
            bytes_of[block].append(len(plain.get(f"/block/{block}").body) / 1000)
            return seconds

    small, large = world.chain.small, world.chain.large
    large_cold, small_cold = in_turns(world.options.turns, lambda: cold(large), lambda: cold(small))
    what, yardstick = f"page of a block of {LARGE:,} transactions", f"of one of {SMALL:,}"
    twice = Goal("at most times", 2)
    yield Figure("size-cold", f"{what}, cold", yardstick, "ms", large_cold, small_cold, twice)
    yield Figure("size-warm", f"{what}, warm", yardstick, "ms", warm[large], warm[small], twice)
    yield Figure(
        "size-bytes",
        f"{what}, uncompressed",
        yardstick,
        "kB",
        bytes_of[large],
        bytes_of[small],
        Goal("at most times", 1.1),
        notes=["the same but for the length of the numbers in it"],
    )


def depth(world: World) -> Iterator[Figure]:
    """Pages about old blocks beside those about new ones: low against high on a long chain."""
    height, turns = world.options.depth, world.options.turns
    if height < DEPTH_LOW + 2 * STEP * (turns + 1):
        raise Skipped(f"a chain of {height} blocks has no deep ones")
    with contextlib.ExitStack() as closing:
        # On regtest a node goes through all that it knows of blocks whenever one comes: an hour for so many.
        node = closing.enter_context(Bitcoind(world.options.binary, ["-checkblockindex=0"]))
        start = time.monotonic()
        for mined in range(0, height, CHUNK):
            # Six blocks at least share a second, or the last ones would be of tomorrow.
            node.rpc("setmocktime", int(time.time()) - height + mined)
            node.mine(min(CHUNK, height - mined))
        node.rpc("setmocktime", 0)
        node.wait_for_indexes(600)
        took = time.monotonic() - start
        server = closing.enter_context(world.server(node))
        visitor = closing.enter_context(Visitor(server.port))

        def each(paths: Iterable[str]) -> Measure:
            rest = iter(list(paths))
            return lambda: visitor.seconds(next(rest)) * 1000

        # Far enough apart that no page tells of another, and below those on the home page of the warm-up.
        lows = [DEPTH_LOW + STEP * turn for turn in range(turns)]
        highs = [height - STEP * (turn + 1) for turn in range(turns)]
        kinds: dict[str, Callable[[int], str]] = {
            "list": lambda h: f"/blocks?before={h}",  # the ten below it
            "block": lambda h: f"/block/{node.rpc('getblockhash', h)}",
        }
        for kind, path in kinds.items():
            visitor.get(path(DEPTH_LOW // 2))
            low, high = in_turns(turns, each(map(path, lows)), each(map(path, highs)))
            yield Figure(
                f"depth-{kind}",
                f"cold {kind} page at heights about {DEPTH_LOW} of {height:,}",
                f"about {height:,}",
                "ms",
                low,
                high,
                Goal("at most times", 1.2),
                notes=[f"mining the chain took {took:.0f} s", "the same but for noise, which the goal allows for"],
            )
