"""The demo chain: what is in the record, how it moves, and how it is asked."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from explorer.bitcoin.coinbase import miner_tag
from explorer.errors import BadQuery, ExplorerError, NodeUnavailable, NotFound, Unsupported
from explorer.node.demo import ANCHOR, DemoConnection, load_record
from explorer.node.demo.methods import METHODS
from explorer.node.demo.record import FILE, Record
from explorer.node.rpc import Named

RECORD = load_record()
DURATION = RECORD.meta.duration
END = DURATION - 1


def at(position: int, epoch: int = 0) -> DemoConnection:
    """The demo chain, standing still."""
    return DemoConnection(clock=lambda: ANCHOR + epoch * DURATION + position + 0.7)


def mined() -> Iterator[dict[str, Any]]:
    """Every transaction of the best chain, as `getblock HASH 3` has it."""
    rpc = at(END)
    for block in RECORD.blocks[: RECORD.meta.tip + 1]:
        yield from rpc.call("getblock", block.hash, 3)["tx"]


def spends(tx: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (vin for vin in tx["vin"] if "prevout" in vin)


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_the_record_is_small() -> None:
    assert len(FILE.read_bytes()) <= 3_000_000


def test_it_loads_quickly_and_into_little_memory() -> None:
    data = FILE.read_bytes()
    took = []
    for _ in range(3):
        started = time.process_time()
        Record(data)
        took.append(time.process_time() - started)
    assert min(took) < 0.15
    tracemalloc.start()
    try:
        record = Record(data)
        for number in range(0, len(record.blocks), 3):
            record.transaction(record.blocks[number].first)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_it_has_many_blocks_and_transactions() -> None:
    assert RECORD.meta.tip >= 220
    assert RECORD.numbers(RECORD.meta.tip).stop >= 2_600
    assert max(block.nTx for block in RECORD.facts) > 2_000
    assert sum(block.nTx == 1 for block in RECORD.facts[120:]) >= 3  # empty blocks


def test_every_kind_of_output_is_there_and_is_spent() -> None:
    paid: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    for tx in mined():
        paid.update(vout["scriptPubKey"]["type"] for vout in tx["vout"])
        for vin in spends(tx):
            kind = vin["prevout"]["scriptPubKey"]["type"]
            if kind == "witness_v1_taproot":
                kind += " by script" if len(vin["txinwitness"]) > 1 else " by key"
            if kind == "scripthash":
                kind += " with a witness" if "txinwitness" in vin else " without a witness"
            spent[kind] += 1
    assert {"nulldata", "witness_unknown", "nonstandard"} <= paid.keys()
    assert {
        "pubkey", "pubkeyhash", "multisig", "scripthash without a witness", "scripthash with a witness",
        "witness_v0_keyhash", "witness_v0_scripthash", "witness_v1_taproot by key", "witness_v1_taproot by script",
        "anchor",
    } <= spent.keys()  # fmt: skip


def test_there_are_time_locks_of_every_sort() -> None:
    locked = [(tx["locktime"], {vin["sequence"] for vin in tx["vin"]}) for tx in mined()]
    assert any(0 < locktime < 500_000_000 for locktime, _ in locked)
    assert any(locktime >= 500_000_000 for locktime, _ in locked)
    assert any(0 < sequence < 0xFFFF for _, sequences in locked for sequence in sequences)
    asms = [vin["txinwitness"][-1] for tx in mined() for vin in spends(tx) if len(vin.get("txinwitness", [])) == 2]
    assert any("b275" in script for script in asms)  # OP_CHECKSEQUENCEVERIFY OP_DROP
    assert any("b175" in script for script in asms)  # OP_CHECKLOCKTIMEVERIFY OP_DROP


def test_there_are_texts_in_many_scripts_and_miners_who_sign() -> None:
    texts, tags = set(), set()
    for tx in mined():
        for vout in tx["vout"]:
            if vout["scriptPubKey"]["hex"].startswith("6a") and vout["scriptPubKey"]["asm"].count(" ") == 1:
                texts.add(bytes.fromhex(vout["scriptPubKey"]["hex"])[2:].decode(errors="replace"))
        if "coinbase" in tx["vin"][0]:
            tags.add(miner_tag(tx["vin"][0]["coinbase"]))
    assert {"你好，世界", "Привет, мир", "مرحبا بالعالم", "Hello, world"} <= texts
    assert None in tags
    assert {"Riverside Mining", "北山矿池"} <= tags
    assert len(tags) >= 5


def test_there_is_a_payout_a_consolidation_and_a_transaction_without_a_fee() -> None:
    sizes = [(len(tx["vin"]), len(tx["vout"]), tx.get("fee")) for tx in mined()]
    assert max(vouts for _, vouts, _ in sizes) >= 500
    assert max(vins for vins, _, _ in sizes) >= 300
    assert any(fee == 0 for _, _, fee in sizes)


def test_fee_rates_vary() -> None:
    rates = [float(tx["fee"]) * 1e8 / tx["vsize"] for tx in mined() if "fee" in tx]
    assert max(rates) > 50
    assert sum(rate > 10 for rate in rates) > 100


# --- how it moves -----------------------------------------------------------------------------------------------------


def test_blocks_arrive_about_half_a_minute_apart() -> None:
    heights = [frame.height for frame in RECORD.frames]
    arrivals = [frame.at for before, frame in pairwise(RECORD.frames) if frame.height > before.height]
    gaps = [after - before for before, after in pairwise(arrivals)]
    assert len(arrivals) >= 100
    assert max(b - a for a, b in pairwise(heights)) == 1
    assert 20 <= min(gaps) <= max(gaps) <= 45
    assert DURATION - arrivals[-1] <= 45


def test_the_clock_alone_says_where_it_stands() -> None:
    assert at(0).now() == RECORD.meta.start
    assert at(END).now() == RECORD.meta.start + END
    assert at(0).call("getblockcount") == RECORD.frames[0].height
    assert at(END).call("getblockcount") == RECORD.meta.tip


def test_at_its_end_it_starts_over_as_a_new_epoch() -> None:
    assert [at(0).epoch, at(END).epoch, at(DURATION).epoch, at(-1).epoch, at(5, epoch=9).epoch] == [0, 0, 1, -1, 9]
    assert at(DURATION).call("getblockcount") == at(0).call("getblockcount")
    assert at(DURATION + 77).call("getrawmempool", True) == at(77).call("getrawmempool", True)
    assert at(-1).call("getbestblockhash") == RECORD.blocks[RECORD.meta.tip].hash


def test_two_instances_agree_at_every_moment() -> None:
    other = Record(FILE.read_bytes())
    for position in random.Random(7).sample(range(DURATION), 20):
        now = ANCHOR + position
        one, two = DemoConnection(lambda: now), DemoConnection(lambda: now, other)  # noqa: B023  asked at once
        for method in ("getblockchaininfo", "getmempoolinfo", "getrawmempool", "getchaintips", "getchaintxstats"):
            assert one.call(method) == two.call(method)


def test_ages_are_told_by_the_records_clock() -> None:
    for position in range(0, DURATION, 61):
        rpc = at(position)
        tip = rpc.call("getblockheader", rpc.call("getbestblockhash"))
        assert 0 <= rpc.now() - tip["time"] <= 60
        assert all(entry["time"] <= rpc.now() for entry in rpc.call("getrawmempool", True).values())


def test_blocks_take_their_transactions_out_of_the_mempool() -> None:
    for before, after in pairwise(RECORD.instants):
        earlier, later = at(before), at(after)
        height = later.call("getblockcount")
        if height == earlier.call("getblockcount"):
            continue
        known, left = set(earlier.call("getrawmempool")), set(later.call("getrawmempool"))
        _, *txids = later.call("getblock", later.call("getblockhash", height))["tx"]
        assert known.issuperset(txids)
        assert left.isdisjoint(txids)
        assert known - left == set(txids)


@pytest.mark.parametrize("position", range(0, DURATION, 600))
def test_whatever_is_in_the_mempool_can_be_followed(position: int) -> None:
    rpc = at(position)
    entries = rpc.call("getrawmempool", True)
    assert 15 <= len(entries) <= 60
    assert rpc.call("getmempoolinfo")["size"] == len(entries)
    for txid, entry in entries.items():
        assert rpc.call("getmempoolentry", txid) == entry
        tx = rpc.call("getrawtransaction", txid, 2)
        assert tx["hash"] == entry["wtxid"]
        assert {"blockhash", "confirmations", "fee"}.isdisjoint(tx)
        for vin in tx["vin"]:
            assert rpc.call("gettxout", vin["txid"], vin["vout"]) is None  # spent by this one
            assert rpc.call("gettxout", vin["txid"], vin["vout"], False) or vin["txid"] in entries
            outpoint = {"txid": vin["txid"], "vout": vin["vout"]}
            assert rpc.call("gettxspendingprevout", [outpoint]) == [outpoint | {"spendingtxid": txid}]


def test_nearly_always_a_child_pays_for_its_parent() -> None:
    def paid_by_child(frame: int) -> bool:
        entries = at(RECORD.instants[frame]).call("getrawmempool", True).values()
        return any(
            entry["fees"]["descendant"] / entry["descendantsize"] >= 2 * entry["fees"]["base"] / entry["vsize"]
            for entry in entries
        )

    frames = range(0, len(RECORD.frames), 5)
    assert sum(map(paid_by_child, frames)) > 0.9 * len(frames)


def test_payments_are_replaced_and_then_not_known_any_more() -> None:
    pools = [set(frame.pool) for frame in RECORD.frames]
    gone = [
        (entry, frame + 1)
        for frame, (pool, following) in enumerate(pairwise(pools))
        for entry in pool - following
        if RECORD.block_of(RECORD.entries[entry].tx) is None
    ]
    assert len(gone) > 50
    for number, frame in gone:
        txid = RECORD.entries[number].txid
        before, after = at(RECORD.instants[frame - 1]), at(RECORD.instants[frame])
        vin = before.call("getrawtransaction", txid, 1)["vin"][0]
        [answer] = after.call("gettxspendingprevout", [{"txid": vin["txid"], "vout": vin["vout"]}])
        fees = [
            rpc.call("getmempoolentry", one)["fees"]["base"]
            for rpc, one in ((before, txid), (after, answer["spendingtxid"]))
        ]
        assert fees[1] > fees[0]
        with pytest.raises(NotFound):
            after.call("getrawtransaction", txid, 1)


def test_the_future_is_not_there() -> None:
    rpc, later = at(0), at(END)
    height = rpc.call("getblockcount")
    coming = later.call("getblockhash", height + 1)
    [coinbase] = later.call("getblock", coming)["tx"][:1]
    for call in (
        ("getblockhash", height + 1), ("getblockstats", height + 1), ("getblock", coming), ("getblockheader", coming),
        ("getblockstats", coming), ("getrawtransaction", coinbase), ("getrawtransaction", coinbase, 1, coming),
        ("getmempoolentry", coinbase),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            rpc.call(*call)
    assert rpc.call("gettxout", coinbase, 0) is None
    assert "nextblockhash" not in rpc.call("getblock", rpc.call("getbestblockhash"))
    assert later.call("getblock", rpc.call("getbestblockhash"))["nextblockhash"] == coming


def test_confirmations_grow_with_the_chain() -> None:
    block_hash = RECORD.blocks[150].hash
    txid = RECORD.txid(RECORD.blocks[150].first)
    for position in (0, 1000, END):
        rpc = at(position)
        expected = rpc.call("getblockcount") - 150 + 1
        assert rpc.call("getblock", block_hash)["confirmations"] == expected
        assert rpc.call("getblockheader", block_hash)["confirmations"] == expected
        assert rpc.call("getrawtransaction", txid, 1)["confirmations"] == expected


def test_a_stale_block_and_its_transactions_are_there() -> None:
    rpc = at(0)
    [stale] = [tip for tip in rpc.call("getchaintips") if tip["status"] == "valid-fork"]
    block = rpc.call("getblock", stale["hash"], 3)
    assert block["confirmations"] == -1
    assert "nextblockhash" not in block
    assert rpc.call("getblockhash", stale["height"]) != stale["hash"]
    coinbase = block["tx"][0]["txid"]
    tx = rpc.call("getrawtransaction", coinbase, 1)
    assert (tx["blockhash"], tx["confirmations"]) == (stale["hash"], 0)
    assert rpc.call("getrawtransaction", coinbase, 1, stale["hash"])["in_active_chain"] is False
    assert rpc.call("gettxout", coinbase, 0) is None
    everywhere = {tx["blockhash"] for tx in (rpc.call("getrawtransaction", tx["txid"], 1) for tx in block["tx"])}
    assert len(everywhere) == 2  # some were mined again in the block that won, one was not


# --- how it is asked --------------------------------------------------------------------------------------------------


class Tip(msgspec.Struct):
    height: int
    difficulty: Decimal


def test_it_says_that_it_is_the_demo() -> None:
    assert at(0).is_demo
    assert "demo" in at(0).label


def test_it_decodes_into_types_as_a_node_connection_does() -> None:
    rpc = at(0)
    best = rpc.call("getbestblockhash")
    header = rpc.call("getblockheader", best, into=Tip)
    assert header == Tip(RECORD.frames[0].height, Decimal("4.656542373906925e-10"))
    calls = [("getblockheader", best), ("getblockcount",), ("gettxout", "00" * 32, 0), ("getblockhash", 10**6)]
    answers = rpc.batch(calls, into=[Tip, None, Tip | None, str])
    assert answers[:3] == [header, header.height, None]
    assert isinstance(answers[3], NotFound)
    assert rpc.batch([("getblockhash", 0), ("getbestblockhash",)], into=str) == [RECORD.blocks[0].hash, best]


def test_an_answer_of_another_form_is_an_error_as_with_a_node() -> None:
    with pytest.raises(NodeUnavailable):
        at(0).call("getblockcount", into=Tip)
    with pytest.raises(NodeUnavailable):
        at(0).call("gettxout", "00" * 32, 0, into=Tip)


def test_amounts_are_exact() -> None:
    for tx in mined():
        for vout in tx["vout"]:
            assert isinstance(vout["value"], Decimal)
        if "fee" in tx:
            paid = sum(vin["prevout"]["value"] for vin in spends(tx)) - sum(vout["value"] for vout in tx["vout"])
            assert paid == tx["fee"]


def test_a_batch_sees_one_position_though_the_clock_goes_on() -> None:
    ticking = iter(range(ANCHOR, ANCHOR + DURATION, 100))
    rpc = DemoConnection(clock=lambda: next(ticking))
    assert len(set(rpc.batch([("getbestblockhash",)] * 20))) == 1
    assert rpc.call("getblockcount") > RECORD.frames[0].height


def test_help_lists_every_method_that_it_knows() -> None:
    lines = at(0).call("help").splitlines()
    assert {line.split()[0] for line in lines if line and not line.startswith("==")} == METHODS.keys()


@pytest.mark.parametrize("method", ["sendrawtransaction", "estimatesmartfee", "nonsense", ""])
def test_what_it_does_not_know_it_says(method: str) -> None:
    with pytest.raises(Unsupported) as raised:
        at(0).call(method)
    assert raised.value.values["method"] == method


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (("getblock", "abc"), BadQuery),
        (("getblock", "\ud800"), BadQuery),
        (("getblock", "00" * 32), NotFound),
        (("getblockhash", 10**30), BadQuery),
        (("getblockhash", -1), NotFound),
        (("getrawtransaction", "zz" * 32), BadQuery),
        (("getrawtransaction", "00" * 32), NotFound),
        (("getrawtransaction", RECORD.txid(0)), Unsupported),
        (("getblock",), ExplorerError),
    ],
)
def test_its_refusals_are_those_of_the_family(call: tuple[Any, ...], error: type[ExplorerError]) -> None:
    with pytest.raises(error):
        at(0).call(*call)
    [answer] = at(0).batch([call])
    assert isinstance(answer, error)


def test_parameters_have_names_too() -> None:
    demo = at(0)
    tip = demo.call("getbestblockhash")
    assert demo.call("getblock", Named(verbosity=0, blockhash=tip)) == demo.call("getblock", tip, 0)
    with pytest.raises(BadQuery, match="Unknown named parameter color"):
        demo.call("getblock", Named(blockhash=tip, color=1))


def test_threads_may_share_it() -> None:
    rpc = DemoConnection(clock=lambda: ANCHOR, record=Record(FILE.read_bytes()))
    hashes = [block.hash for block in RECORD.blocks[100:180]]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda block_hash: rpc.call("getblock", block_hash, 3)["hash"], hashes * 3))
    assert answers == hashes * 3
