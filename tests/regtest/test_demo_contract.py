"""The demo chain's answers against a real node that is put at the same positions of the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from explorer.errors import ExplorerError
from explorer.node import answers
from explorer.node.demo import ANCHOR, DemoConnection, load_record
from explorer.node.demo.methods import METHODS
from explorer.node.demo.parameters import MISC, NodeError
from tests.bitcoind import Bitcoind, BitcoindError

RECORD = load_record()
LAST = len(RECORD.frames) - 1
FRAMES = [0, 1, LAST // 8, LAST // 2, LAST - 40, LAST]
HISTORY = RECORD.frames[0].height
STALE = range(RECORD.meta.tip + 1, len(RECORD.blocks))

Ask = tuple[Any, ...]  # (method, *params)

# What no other node can answer alike, and why.
# `uptime` is not asked: it counts by the machine's clock, and in the demo from the start of the record.
EXEMPT = {
    ("getmempoolinfo", "usage"): "is memory, and depends on what was there before",
    ("getrawmempool", "mempool_sequence"): "counts what came and went before the moving part as well",
}

DEMO_AT_THE_END = DemoConnection(clock=lambda: ANCHOR + RECORD.meta.duration - 1)


class Replay:
    """A node that is led through the record, from its first block on."""

    def __init__(self, node: Bitcoind) -> None:
        self.node = node
        self.frame = -1
        self.same_version = node.rpc("getnetworkinfo")["version"] == RECORD.meta.version

    def to(self, frame: int) -> None:
        if frame < self.frame:
            raise ValueError("a replay goes forwards only")
        if self.frame < 0:
            self._tell_history()
        while self.frame < frame:
            self._next_frame()
        self.node.wait_for_indexes()

    def _tell_history(self) -> None:
        """Blocks up to the first frame; what its mempool holds comes in at the height at which it did."""
        first = RECORD.frames[0]
        pool = [(msgspec.json.decode(RECORD.entries[number].at(0)), number) for number in first.pool]
        pool.sort(key=lambda one: (one[0]["time"], one[0]["ancestorcount"]))
        for height in range(first.height + 1):
            if height:
                self._mine(height)
            for entry, number in pool:
                if entry["height"] == height:
                    self._at(entry["time"])
                    self._send(number)
        self._at(RECORD.meta.start)
        self.frame = 0

    def _next_frame(self) -> None:
        before, now = RECORD.frames[self.frame], RECORD.frames[self.frame + 1]
        self._at(RECORD.meta.start + now.at)
        arrived = [number for number in now.pool if number not in before.pool]
        if now.height > before.height:
            self._mine(now.height)
        for number in arrived:
            self._send(number)
        self.frame += 1

    def _mine(self, height: int) -> None:
        """The block at a height, after the stale ones that were there first."""
        for block in [*(one for one in STALE if RECORD.facts[one].height == height), height]:
            if height <= HISTORY:
                self._at(RECORD.facts[block].time)
            self.node.rpc("submitblock", DEMO_AT_THE_END.call("getblock", RECORD.blocks[block].hash, 0))

    def _send(self, entry: int) -> None:
        self.node.rpc("sendrawtransaction", RECORD.hex(RECORD.entries[entry].tx), 0)

    def _at(self, time: int) -> None:
        self.node.rpc("setmocktime", time)


@pytest.fixture(scope="module")
def replay(bitcoind_path: str) -> Iterator[Replay]:
    with Bitcoind(bitcoind_path, RECORD.meta.args) as node:
        yield Replay(node)


# --- what is asked ----------------------------------------------------------------------------------------------------


def about_the_node(height: int) -> Iterator[Ask]:
    for method in ("getblockchaininfo", "getnetworkinfo", "getmempoolinfo", "getblockcount", "getbestblockhash"):
        yield (method,)
    yield ("getchaintips",)
    yield from [("getindexinfo",), ("getindexinfo", "txindex"), ("getindexinfo", "nonsense")]
    yield from [("getrawmempool",), ("getrawmempool", False), ("getrawmempool", True), ("getrawmempool", False, True)]
    yield from [("getchaintxstats",), ("getchaintxstats", 0), ("getchaintxstats", 1), ("getchaintxstats", height - 1)]
    yield from [("getchaintxstats", 30, RECORD.blocks[150].hash), ("getchaintxstats", height)]


def about_a_block(block: int) -> Iterator[Ask]:
    """Also asked of blocks that are not there yet."""
    block_hash = RECORD.blocks[block].hash
    for verbosity in (0, 1, 2, 3, True, False, None, 7, -1):
        yield ("getblock", block_hash, verbosity)
    yield from [("getblock", block_hash), ("getblockheader", block_hash), ("getblockheader", block_hash, False)]
    yield from [("getblockstats", block_hash), ("getblockstats", block_hash, ["feerate_percentiles", "totalfee"])]
    yield ("getchaintxstats", 1, block_hash)
    if block <= RECORD.meta.tip:
        yield from [("getblockhash", block), ("getblockstats", block), ("getblockstats", block, [])]


def about_a_transaction(number: int) -> Iterator[Ask]:
    """Also asked of transactions that are not there yet, or no longer."""
    txid, block = RECORD.txid(number), RECORD.block_of(number)
    for verbosity in (0, 1, 2, True):
        yield ("getrawtransaction", txid, verbosity)
        if block is not None:
            yield ("getrawtransaction", txid, verbosity, RECORD.blocks[block].hash)
    yield ("getrawtransaction", txid)
    yield ("getrawtransaction", txid, 1, RECORD.blocks[3].hash)
    yield ("getmempoolentry", txid)
    outputs = RECORD.output_count(number)
    for vout in {*range(min(outputs, 12)), outputs - 1, outputs}:
        yield from [("gettxout", txid, vout), ("gettxout", txid, vout, True), ("gettxout", txid, vout, False)]
    outpoints = [*RECORD.outpoints(number), *((txid, vout) for vout in range(outputs))]
    if outpoints:
        yield ("gettxspendingprevout", [{"txid": txid, "vout": vout} for txid, vout in outpoints[:20]])


def mistakes(height: int) -> Iterator[Ask]:
    block_hash, txid = RECORD.blocks[1].hash, RECORD.txid(1)
    wrong: Any
    number: Any
    for wrong in ("00" * 32, "zz" * 32, "abc", "", "é" * 32, 5, None, True, [], {}):
        yield from [("getblock", wrong), ("getblockheader", wrong), ("getrawtransaction", wrong)]
        yield from [("getmempoolentry", wrong), ("gettxout", wrong, 0), ("getrawtransaction", txid, 1, wrong)]
        yield ("gettxspendingprevout", [{"txid": wrong, "vout": 0}])
        if not isinstance(wrong, int):
            yield ("getblockstats", wrong)
    for number in (-1, height + 1, 10**12, 10**30, 5.5, "5", None, [], -(10**12)):
        yield from [("getblockhash", number), ("gettxout", txid, number), ("getchaintxstats", number)]
        if not isinstance(number, str | list | None):
            yield from [("getblockstats", number), ("gettxspendingprevout", [{"txid": txid, "vout": number}])]
    yield from [("getblock", block_hash, "x"), ("getblockheader", block_hash, 1), ("gettxout", txid, 0, 1)]
    yield from [("getblock", block_hash.upper()), ("getrawtransaction", RECORD.txid(0)), ("getblock", block_hash, 1.5)]
    yield from [("getrawtransaction", RECORD.txid(0), 1, RECORD.blocks[0].hash), ("gettxout", RECORD.txid(0), 0)]
    yield from [("getblockstats", 1, ["nonsense"]), ("getblockstats", 1, "totalfee"), ("getblockstats", 1, [5])]
    yield from [("getrawmempool", True, True), ("getrawmempool", "x"), ("gettxspendingprevout", [])]
    yield from [("gettxspendingprevout", [{"txid": txid}]), ("gettxspendingprevout", [{"vout": 1}])]
    yield ("gettxspendingprevout", [{"txid": txid, "vout": 0, "nonsense": 1}])
    yield from [("gettxspendingprevout", ["x"]), ("gettxspendingprevout", {}), ("getblockhash",)]
    yield from [("getblockhash", 1, 2), ("getblockcount", 1), ("getblock",), ("nonsense",), ("getchaintxstats", 1, "x")]


# --- the same answers -------------------------------------------------------------------------------------------------


def answer_of_the_node(replay: Replay, ask: Ask) -> Any:
    try:
        return without_exempt(ask[0], replay.node.rpc(*ask))
    except BitcoindError as error:
        return refusal(error.code, error.message)


def answer_of_the_demo(demo: DemoConnection, ask: Ask) -> Any:
    try:
        return without_exempt(ask[0], demo.call(*ask))
    except ExplorerError as error:
        if not isinstance(error.__cause__, NodeError):
            raise
        return refusal(error.__cause__.code, error.__cause__.message)


def refusal(code: int, message: str) -> tuple[int, str]:
    """Of a usage error only the first word counts: a node sends the method's whole help."""
    return code, message.split()[0] if code == MISC and "out of range" not in message else message


def without_exempt(method: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(name, one) for name, one in value.items() if (method, name) not in EXEMPT}
    return value


def _rounded(name: str, value: Any) -> Any:
    """Knots' priorities are sums of floating point numbers; their last digits depend on the order they came in."""
    if isinstance(value, dict):
        return {inner: _rounded(inner, one) for inner, one in value.items()}
    return f"{value:.12g}" if name in ("startingpriority", "currentpriority") else value


def as_read(ask: Ask, value: Any) -> Any:
    """What the explorer reads of it: some fields; of a refusal its code."""
    into: Any
    if isinstance(value, tuple):
        return value[0]
    match ask:
        case ("getblockchaininfo",):
            into = answers.BlockchainInfo
        case ("getnetworkinfo",):
            into = answers.NetworkInfo
        case ("getmempoolinfo",):
            into = answers.MempoolInfo
        case ("getmempoolentry", _):
            into = answers.MempoolEntry
        case ("getrawmempool", True):
            into = dict[str, answers.MempoolEntry]
        case ("getblock", _, 1):
            into = answers.Block
        case ("getblock", _, 3):
            into = answers.BlockTransactions
        case ("getblockheader", _):
            into = answers.Header
        case ("getblockstats", _):
            into = answers.Stats
        case ("getrawtransaction", _, 1 | 2, *_):
            into = answers.Tx
        case ("gettxout", *_):
            into = answers.TxOut
        case ("gettxspendingprevout", _):
            into = list[answers.Spender]
        case _:
            return value
    if value is None:
        return value
    encoded = msgspec.json.Encoder(decimal_format="number").encode(value)
    return msgspec.json.Decoder(into, float_hook=Decimal).decode(encoded)


def assert_same(replay: Replay, frame: int, asks: Iterable[Ask]) -> None:
    replay.to(frame)
    demo = DemoConnection(clock=lambda: ANCHOR + RECORD.frames[frame].at)
    for ask in asks:
        theirs, ours = answer_of_the_node(replay, ask), answer_of_the_demo(demo, ask)
        assert as_read(ask, ours) == as_read(ask, theirs), ask
        if replay.same_version:
            assert ours == theirs, ask


@pytest.mark.parametrize("frame", FRAMES)
def test_at_every_position_it_answers_as_a_node_there_does(replay: Replay, frame: int) -> None:
    """Asked about the chain, about recent, old, stale and future blocks, and about what is, was and will be there."""
    height = RECORD.frames[frame].height
    assert_same(replay, frame, about_the_node(height))
    for block in (0, 1, 12, 101, 185, 186, *range(height - 3, min(height + 2, RECORD.meta.tip) + 1), *STALE):
        assert_same(replay, frame, about_a_block(block))
    around = [number for near in RECORD.frames[max(frame - 1, 0) : frame + 2] for number in near.pool]
    for number in {*around, *range(0, len(RECORD.entries), 20)}:
        assert_same(replay, frame, about_a_transaction(RECORD.entries[number].tx))
    for number in RECORD.numbers(STALE[0]):
        assert_same(replay, frame, about_a_transaction(number))


def test_every_block_is_the_nodes(replay: Replay) -> None:
    for block in RECORD.blocks:
        asks = [("getblock", block.hash, verbosity) for verbosity in (0, 1, 2, 3)]
        assert_same(replay, LAST, [*asks, ("getblockheader", block.hash), ("getblockstats", block.hash)])


def test_transactions_of_every_kind_are_the_nodes(replay: Replay) -> None:
    """Every fourth of the history, and a few of the block of 2,000: `test_every_block_is_the_nodes` has them all."""
    rush = RECORD.numbers(max(range(RECORD.meta.tip), key=lambda block: RECORD.facts[block].nTx))
    for number in [*range(0, rush.start + 40, 4), *range(rush.stop, RECORD.numbers(HISTORY).stop, 4)]:
        assert_same(replay, LAST, about_a_transaction(number))


def test_it_refuses_in_the_nodes_words(replay: Replay) -> None:
    assert_same(replay, LAST, mistakes(RECORD.meta.tip))


def test_its_help_lists_what_the_nodes_does(replay: Replay) -> None:
    ours, theirs = DEMO_AT_THE_END.call("help").splitlines(), replay.node.rpc("help").splitlines()
    methods = {line.split()[0] for line in ours if line and not line.startswith("==")}
    assert methods <= METHODS.keys()
    if replay.same_version:
        assert set(ours) <= set(theirs)
