"""Pages of blocks, on a real node: what they say, and how they come to know it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from embit.script import Script

from explorer import cache
from explorer.chain.batch import Batch
from explorer.chain.block_facts import BlockTxids
from explorer.chain.cards import PER_PAGE, Cards, get_cards, keep_all_cards, kept_cards
from explorer.node.capabilities import get_capabilities
from tests.bitcoind import Bitcoind
from tests.coins import VALUE, Made, data, draft, fund, mine, spend
from tests.pages import Explorer, shown


class Big(NamedTuple):
    """A block, and some of its transactions."""

    hash: str
    txids: list[str]  # all, the coinbase first
    many_inputs: Made
    many_outputs: Made
    parent: Made
    child: Made


@pytest.fixture(scope="module")
def big(regtest: Bitcoind) -> Big:
    """151 transactions, of which some are long."""
    coins = fund(regtest, 180)
    many_inputs = spend(coins[:25], [25 * VALUE - 7_000])
    many_outputs = spend(coins[25:26], [2_000 + n for n in range(30)])
    parent = spend(coins[26:27], [data(b"to the child"), VALUE // 2])
    child = spend(parent.coins, [VALUE // 4])
    bare = spend(coins[27:28], [(Script(b"\x51"), VALUE - 5_000)])
    small = [spend([coin], [VALUE - 1_000 - 10 * n]) for n, coin in enumerate(coins[28:173])]
    txs = [many_inputs, many_outputs, parent, child, bare, *small]
    block_hash = mine(regtest, txs)
    regtest.wait_for_indexes()
    return Big(block_hash, regtest.rpc("getblock", block_hash, 1)["tx"], many_inputs, many_outputs, parent, child)


class TestPage:
    def test_it_says_what_the_node_says(self, explorer: Explorer, regtest: Bitcoind, big: Big) -> None:
        block = regtest.rpc("getblock", big.hash, 1)
        stats = regtest.rpc("getblockstats", big.hash)
        page = explorer.get(f"/block/{block['height']}")
        facts = page.facts
        assert page.all("h1") == [f"Block {block['height']}"]
        assert facts["Transactions"] == "151"
        assert facts["Size"] == f"{block['size']:,} B"
        assert facts["Stripped size"] == f"{block['strippedsize']:,} B"
        assert facts["Weight"] == f"{block['weight']:,} WU"
        assert facts["Inputs"] == f"{stats['ins']:,}"
        assert facts["Outputs"] == f"{stats['outs']:,}"
        assert facts["Fees"] == f"{shown(stats['totalfee'])} BTC"
        assert facts["Moved"] == f"{shown(stats['total_out'])} BTC"
        assert facts["Subsidy"] == f"{shown(stats['subsidy'])} BTC"
        assert facts["Version"].startswith(f"0x{block['version']:08x}")  # by the chain's length
        percentiles = [facts[name] for name in ("10%", "25%", "Median", "75%", "90%")]
        assert percentiles == [f"{rate:,}" for rate in stats["feerate_percentiles"]]
        assert (facts["Lowest"], facts["Highest"]) == (f"{stats['minfeerate']:,}", f"{stats['maxfeerate']:,}")

    def test_a_list_says_the_same_in_short(self, explorer: Explorer, regtest: Bitcoind, big: Big) -> None:
        height = regtest.rpc("getblockheader", big.hash)["height"]
        stats = regtest.rpc("getblockstats", big.hash)
        row = explorer.get(f"/blocks?before={height + 1}").all("tr")[1]
        assert row.startswith(f"{height} {big.hash} ")
        assert f" 151 {regtest.rpc('getblock', big.hash, 1)['size'] / 1000:.1f} kB " in row
        assert f" {shown(stats['totalfee'])} {stats['feerate_percentiles'][2]:,}" in row

    def test_its_transactions_are_paged(self, explorer: Explorer, big: Big) -> None:
        path: str | None = f"/block/{big.hash}"
        seen: list[str] = []
        while path:
            page = explorer.get(path)
            cards = page.all("article")
            assert 0 < len(cards) <= PER_PAGE
            for card in cards:
                position, txid = len(seen), big.txids[len(seen)]
                assert card.startswith(f"{position}{txid} ")
                seen.append(txid)
            path = page.rel("next")
            if path and "?page=" not in path:  # the block after it
                break
        assert seen == big.txids

    @pytest.mark.parametrize("number", ["8", "1000000"])
    def test_a_page_that_it_does_not_have(self, explorer: Explorer, big: Big, number: str) -> None:
        page = explorer.get(f"/block/{big.hash}?page={number}")
        assert page.status == 404
        assert "This list has 7 pages" in page.text

    @pytest.mark.parametrize("number", ["0", "-1", "x", "1000001", "", "1.0"])
    def test_a_page_that_cannot_be(self, explorer: Explorer, big: Big, number: str) -> None:
        assert explorer.get(f"/block/{big.hash}", query_string={"page": number}).status == 400

    def test_a_long_list_ends_in_a_link(self, explorer: Explorer, big: Big) -> None:
        page = explorer.get(f"/block/{big.hash}")
        inputs, outputs = page.all("article")[1:3]
        assert inputs.count("0.00100000") == 20
        assert "All 25 inputs" in inputs
        assert f"/tx/{big.many_inputs.txid}#inputs" in page.links
        assert outputs.count("bcrt1") == 1 + 20
        assert "All 30 outputs" in outputs
        assert f"/tx/{big.many_outputs.txid}#outputs" in page.links
        assert "All" not in page.all("article")[3]

    def test_a_card_shows_what_moves(self, explorer: Explorer, big: Big) -> None:
        coinbase, _, _, parent, child, *_ = explorer.get(f"/block/{big.hash}").all("article")
        assert "Coinbase" in coinbase
        assert "sat/vB" not in coinbase
        assert "50,000 sat" in parent
        assert "to the child" in parent
        assert "25,000 sat" in child
        assert "0.00050000" in child
        assert "0.00025000" in child

    def test_capitals_lead_to_the_page(self, explorer: Explorer, big: Big) -> None:
        assert explorer.get(f"/block/{big.hash.upper()}", follow=False).location == f"/block/{big.hash}"
        assert explorer.get(f"/block/0x{big.hash}?page=2", follow=False).location == f"/block/{big.hash}?page=2"

    @pytest.mark.parametrize("typed", ["x", "-1", "1.0", "0x10", "1,000", "12345678901", "f" * 63, "g" * 64])
    def test_what_cannot_be_a_block_is_refused(self, explorer: Explorer, typed: str) -> None:
        page = explorer.get(f"/block/{typed}")
        assert page.status == 400
        assert f"“{typed}” is neither a block height nor a block hash" in page.text

    def test_an_unknown_hash_is_not_found(self, explorer: Explorer) -> None:
        page = explorer.get(f"/block/{'ab' * 32}")
        assert page.status == 404
        assert page.all("h1") == ["No such block"]


@pytest.fixture(scope="module")
def with_rest(bitcoind_path: str, regtest: Bitcoind, big: Big) -> Iterator[Explorer]:
    """Before a node of the same chain that has REST."""
    with Bitcoind(bitcoind_path, ["-rest=1"]) as node:
        for height in range(1, regtest.rpc("getblockcount") + 1):
            node.rpc("submitblock", regtest.rpc("getblock", regtest.rpc("getblockhash", height), 0))
        node.wait_for_indexes()
        yield Explorer(node.url)


class TestWays:
    """By REST, one by one with txindex, and else with the undo data of each; several pages by the whole block."""

    @pytest.mark.parametrize("number", range(1, 8))
    def test_they_lead_to_the_same(self, explorer: Explorer, with_rest: Explorer, big: Big, number: int) -> None:
        def cards(explorer: Explorer, **capabilities: Any) -> Cards:
            rpc, txids = explorer.connection, BlockTxids.pack(big.txids)
            return get_cards(Batch(rpc), big.hash, txids, number, replace(get_capabilities(rpc), **capabilities))

        one_by_one = cards(explorer, txindex=True, rest=False)
        assert len(one_by_one) == (1 if number == 7 else PER_PAGE)
        assert cards(explorer, txindex=False, rest=False) == one_by_one
        assert get_capabilities(with_rest.connection).rest
        assert cards(with_rest) == one_by_one

    @pytest.mark.parametrize("rest", [True, False])
    def test_all_pages_at_once_are_the_same(self, with_rest: Explorer, big: Big, rest: bool) -> None:
        rpc, txids = with_rest.connection, BlockTxids.pack(big.txids)
        capabilities = replace(get_capabilities(rpc), rest=rest)
        with with_rest.app.app_context():
            each = [get_cards(Batch(rpc), big.hash, txids, number, capabilities) for number in range(1, 8)]
            cache.clear()
            assert list(keep_all_cards(rpc, big.hash, capabilities)) == list(range(1, 8))
            kept = [kept_cards(big.hash, number) for number in range(1, 8)]
        assert [page.cards for page in kept if page] == each

    def test_a_large_block_is_not_asked_for_whole(self, explorer: Explorer, big: Big) -> None:
        explorer.forget()
        asked = explorer.methods(f"/block/{big.hash}?page=3")
        assert ("getrawtransaction", 1) in asked
        assert ("getblock", 3) not in asked

    @pytest.mark.parametrize("size", ["1", "7"])
    def test_the_size_of_a_batch_changes_nothing(self, explorer: Explorer, big: Big, size: str) -> None:
        slow = Explorer(explorer.url, RPC_BATCH_SIZE=size)
        for path in ("/blocks", f"/block/{big.hash}?page=2", f"/tx/{big.many_inputs.txid}"):
            assert slow.get(path).all("main") == explorer.get(path).all("main")

    def test_what_is_kept_is_not_asked_for_again(self, explorer: Explorer, regtest: Bitcoind, big: Big) -> None:
        explorer.count(f"/block/{big.hash}")
        assert explorer.count(f"/block/{big.hash}") == 0  # the page
        mine(regtest, [])
        assert explorer.count(f"/block/{big.hash}") == 1  # its facts: only its place is asked for


class TestNotThereYet:
    def test_a_block_whose_header_alone_is_known(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        block_hash, block = draft(regtest, [spend([coin], [VALUE - 1_000])])
        regtest.rpc("submitheader", block[:160])
        height = regtest.rpc("getblockcount")

        page = explorer.get("/")
        assert page.facts["Height"].endswith(f"{height + 1:,} headers")
        assert f"The node is catching up: {height:,} of {height + 1:,} blocks" in page.text

        page = explorer.get(f"/block/{block_hash}")
        assert page.status == 200
        assert "knows the header of block" in page.text
        assert page.facts["Merkle root"] == regtest.rpc("getblockheader", block_hash)["merkleroot"]
        assert page.facts["Size"] == page.facts["Fees"] == page.facts["Transactions"] == "not known"
        assert "Not here yet" in page.all("span")
        assert "stale" not in page.text
        assert not page.faults

        regtest.rpc("submitblock", block)
        regtest.wait_for_indexes()
        page = explorer.get(f"/block/{block_hash}")
        assert "1 confirmation" in page.all("span")
        assert page.facts["Transactions"] == "2"
        assert "catching up" not in explorer.get("/").text


class TestRaw:
    """What its address commits to is kept for good, by browsers and by proxies."""

    IMMUTABLE = "public, max-age=31536000, immutable"

    def test_the_bytes_of_a_block(self, explorer: Explorer, regtest: Bitcoind, big: Big) -> None:
        answer = explorer.client.get(f"/block/{big.hash}/raw")
        assert answer.data.hex() == regtest.rpc("getblock", big.hash, 0)
        assert sorted(answer.headers["Cache-Control"].split(", ")) == sorted(self.IMMUTABLE.split(", "))
        assert answer.mimetype == "application/octet-stream"

    def test_a_transaction_with_its_block(self, explorer: Explorer, regtest: Bitcoind, big: Big) -> None:
        path = f"/tx/{big.txids[3]}/hex"
        raw = regtest.rpc("getrawtransaction", big.txids[3])
        named = explorer.client.get(f"{path}?block={big.hash}")
        assert named.text == f"{raw}\n"
        assert sorted(named.headers["Cache-Control"].split(", ")) == sorted(self.IMMUTABLE.split(", "))
        height = regtest.rpc("getblockheader", big.hash)["height"]
        for hint in ("", f"?block={height}"):  # a txid does not commit to the witness, nor a height to anything
            assert explorer.client.get(f"{path}{hint}").headers["Cache-Control"] == "no-cache"

    def test_what_is_not_there_is_not_kept(self, explorer: Explorer) -> None:
        for path, status in ((f"/block/{'ab' * 32}/raw", 404), ("/block/170/raw", 400), ("/block/x/raw", 400)):
            answer = explorer.client.get(path)
            assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")
