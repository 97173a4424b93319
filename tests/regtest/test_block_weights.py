"""The weight of a block by kind of output, held against the node's `getblock` 2 and `getblockstats`, to the unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from embit.script import Script

from explorer.bitcoin.amounts import satoshis
from explorer.bitcoin.layout import HEADER_SIZE
from explorer.bitcoin.models import WITNESS_SCALE
from explorer.bitcoin.weights import BlockWeights, weigh
from explorer.node.demo import ANCHOR, DemoConnection
from explorer.web.filters import script_name
from tests.bitcoin.test_solver import TYPES
from tests.bitcoind import Bitcoind
from tests.coins import ADDRESS, draft, fund, mine, spend
from tests.pages import Explorer, shown

HEIGHT = 590  # of a block that the pruned node still has


class Chain(NamedTuple):
    node: Bitcoind
    explorer: Explorer
    every_kind: str
    many: str  # more outputs and transactions than a count of one byte tells


@pytest.fixture(scope="module", params=["REST", "RPC"])
def chain(request: pytest.FixtureRequest, bitcoind_path: str) -> Iterator[Chain]:
    args = ["-rest=1"] if request.param == "REST" else []
    with Bitcoind(bitcoind_path, args, txindex=False) as node:
        node.make_wallet("w")
        node.mine(110)
        coins = fund(node, 302, 200_000)
        outputs = [(Script(bytes.fromhex(script)), n) for n, (script, _) in enumerate(TYPES)]
        every_kind = mine(node, [spend(coins[:2], outputs)])
        many = mine(node, [spend(coins[2:3], [400] * 300), *(spend([coin], [199_000]) for coin in coins[3:])])
        yield Chain(node, Explorer(node.url), every_kind, many)


def compact(size: int) -> int:
    """Bytes that a CompactSize takes."""
    return 1 if size < 0xFD else 3


def check(weights: BlockWeights, block: dict[str, Any]) -> None:
    """Against `getblock` 2."""
    outputs = [vout for tx in block["tx"] for vout in tx["vout"]]
    counts, values, sizes = Counter[str](), Counter[str](), Counter[str]()
    for vout in outputs:
        script = vout["scriptPubKey"]
        size = len(script["hex"]) // 2
        counts[script["type"]] += 1
        values[script["type"]] += satoshis(vout["value"])
        sizes[script["type"]] += 8 + compact(size) + size
    assert {kind.type: (kind.count, kind.value, kind.weight) for kind in weights.kinds} == {
        kind: (counts[kind], values[kind], WITNESS_SCALE * sizes[kind]) for kind in counts
    }
    scripts = [len(vin.get("coinbase") or vin["scriptSig"]["hex"]) // 2 for tx in block["tx"] for vin in tx["vin"]]
    assert weights.inputs == WITNESS_SCALE * sum(40 + compact(size) + size for size in scripts)
    assert weights.witnesses == sum(WITNESS_SCALE * tx["size"] - tx["weight"] for tx in block["tx"]) // 3
    frames = [8 + compact(len(tx["vin"])) + compact(len(tx["vout"])) for tx in block["tx"]]
    assert weights.frame == WITNESS_SCALE * (HEADER_SIZE + compact(len(block["tx"])) + sum(frames))
    assert weights.total == block["weight"]


def test_every_block_of_a_node(chain: Chain) -> None:
    for height in range(chain.node.rpc("getblockcount") + 1):
        block_hash = chain.node.rpc("getblockhash", height)
        block = chain.node.rpc("getblock", block_hash, 2)
        weights = weigh(bytes.fromhex(chain.node.rpc("getblock", block_hash, 0)))
        check(weights, block)
        stats = chain.node.rpc("getblockstats", block_hash)
        assert weights.output_count == stats["outs"]
        coinbase = sum(satoshis(vout["value"]) for vout in block["tx"][0]["vout"])
        assert weights.value == stats["total_out"] + coinbase
    assert {kind.type for kind in weigh(bytes.fromhex(chain.node.rpc("getblock", chain.every_kind, 0))).kinds} >= {
        kind for _, kind in TYPES
    }


def test_every_block_of_the_demo_chain() -> None:
    demo = DemoConnection(clock=lambda: ANCHOR)
    for height in range(demo.call("getblockcount") + 1):
        block_hash = demo.call("getblockhash", height)
        check(weigh(bytes.fromhex(demo.call("getblock", block_hash, 0))), demo.call("getblock", block_hash, 2))


@pytest.mark.parametrize("which", ["every_kind", "many"])
def test_the_page_says_the_same(chain: Chain, which: str) -> None:
    block_hash = getattr(chain, which)
    weights = weigh(bytes.fromhex(chain.node.rpc("getblock", block_hash, 0)))
    page = chain.explorer.get(f"/block/{block_hash}/outputs")
    rows = page.all("tr")[1:]
    for kind, row in zip(weights.kinds, rows, strict=False):
        assert row.startswith(f"{script_name(kind.type)} {kind.count:,} {shown(kind.value)} {kind.weight:,} ")
    rest = rows[len(weights.kinds) :]
    assert rest[0].startswith(f"All outputs {weights.output_count:,} {shown(weights.value)} {weights.outputs:,} ")
    assert rest[1].startswith(f"Inputs {weights.inputs:,} ")
    assert rest[2].startswith(f"Witnesses {weights.witnesses:,} ")
    assert rest[4] == f"The whole block {chain.node.rpc('getblock', block_hash)['weight']:,} 100%"


def test_it_is_found_beside_the_fee_rates(chain: Chain) -> None:
    for path in (f"/block/{chain.many}", "/block/1"):
        links = [link for link in chain.explorer.get(path).links if link.endswith("/outputs")]
        assert len(links) == 1
        page = chain.explorer.get(links[0])
        assert page.status == 200
        assert links[0].removesuffix("/outputs") in page.links


def test_it_is_asked_for_once(chain: Chain) -> None:
    chain.explorer.forget()
    assert chain.explorer.count(f"/block/{chain.many}/outputs") <= 2  # its height and its bytes
    mine(chain.node, [])
    assert chain.explorer.count(f"/block/{chain.many}/outputs") <= 1  # its bytes are not asked for again


def test_a_height_and_capitals_lead_to_it(chain: Chain) -> None:
    get = chain.explorer.get
    genesis = chain.node.rpc("getblockhash", 0)
    assert get("/block/0/outputs", follow=False).location == f"/block/{genesis}/outputs"
    assert get(f"/block/{chain.many.upper()}/outputs", follow=False).location == f"/block/{chain.many}/outputs"


@pytest.mark.parametrize(("typed", "status"), [("x", 400), ("ab" * 32, 404), ("999999", 404), ("-1", 400)])
def test_what_is_no_block(chain: Chain, typed: str, status: int) -> None:
    assert chain.explorer.get(f"/block/{typed}/outputs").status == status


def test_a_stale_block_has_it_too(chain: Chain) -> None:
    stale, block = draft(chain.node, [])
    chain.node.rpc("generateblock", "raw(51)", [])
    assert chain.node.rpc("submitblock", block) == "inconclusive"
    page = chain.explorer.get(f"/block/{stale}/outputs")
    assert "The whole block" in page.text


def test_a_pruned_block_says_what_is_missing(bitcoind_path: str) -> None:
    with Bitcoind(bitcoind_path, ["-prune=1", "-fastprune"], txindex=False) as node:
        node.mine(600, ADDRESS)
        node.rpc("pruneblockchain", 300)
        explorer = Explorer(node.url)
        page = explorer.get("/block/5/outputs")
        assert page.status == 200
        assert "has been pruned: the node deleted its transactions to save disk space" in page.text
        assert page.all("table") == []
        assert not [link for link in explorer.get("/block/5").links if link.endswith("/outputs")]
        assert "The whole block" in explorer.get(f"/block/{HEIGHT}/outputs").text
