"""The explorer on the first 439 blocks of the main chain, held against the node's own answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bitcoind import Bitcoind
from tests.conftest import MAIN_CHAIN_HEIGHT
from tests.pages import Explorer, shown

FIRST_PAYMENT = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
PAID_COINBASE = "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9"  # of block 9
BLOCK_170 = "00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee"
GENESIS = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
GENESIS_COINBASE = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
TWO_TRANSACTIONS = (170, 181, 182, 183, 187, 221, 248)  # the blocks that have them; all others have one


@pytest.fixture(scope="module")
def explorer(main_chain: Bitcoind) -> Explorer:
    return Explorer(main_chain.url)


def utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


class TestHome:
    def test_it_shows_the_chain(self, explorer: Explorer, main_chain: Bitcoind) -> None:
        page = explorer.get("/")
        info = main_chain.rpc("getblockchaininfo")
        assert page.status == 200
        assert page.facts["Height"].startswith("438 ")
        assert "438 headers" in page.facts["Height"]
        assert page.facts["Difficulty"].startswith("1 ")
        assert "Mainnet" in page.facts["Difficulty"]
        assert page.facts["On disk"].startswith(f"{info['size_on_disk'] / 1000:.0f} kB every block")

    def test_it_shows_the_node_and_its_mempool(self, explorer: Explorer) -> None:
        facts = explorer.get("/").facts
        assert facts["Mempool"].startswith("0 txs 0 vB")
        assert "sat/vB" in facts["Mempool"]
        assert facts["Connections"].startswith("0 0 out, 0 in Satoshi 29.")

    def test_it_shows_the_latest_ten_blocks(self, explorer: Explorer, main_chain: Bitcoind) -> None:
        page = explorer.get("/")
        rows = page.all("tr")[1:]
        assert len(rows) == 10
        for height, row in zip(range(438, 428, -1), rows, strict=True):
            block_hash = main_chain.rpc("getblockhash", height)
            block = main_chain.rpc("getblock", block_hash, 1)
            assert row.startswith(f"{height} {block_hash} ")
            assert utc(block["time"]).removesuffix(" UTC") in row
            assert f"1 {block['size']} B" in row
            assert f"/block/{block_hash}" in page.links

    def test_it_has_a_bar_while_the_node_is_catching_up(self, explorer: Explorer, main_chain: Bitcoind) -> None:
        assert main_chain.rpc("getblockchaininfo")["initialblockdownload"]  # its newest block is of 2009
        page = explorer.get("/")
        assert "The node is catching up: 438 of 438 blocks" in page.text
        assert any(tag == "svg" and found.get("class") == "bar" for tag, found in page.elements)


class TestBlock:
    def test_a_height_leads_to_the_hash(self, explorer: Explorer) -> None:
        assert explorer.get("/block/170", follow=False).location == f"/block/{BLOCK_170}"

    def test_it_lists_the_first_payment(self, explorer: Explorer) -> None:
        page = explorer.get("/block/170")
        assert page.status == 200
        assert "2 transactions" in page.all("h2")
        assert f"/tx/{FIRST_PAYMENT}" in page.links
        coinbase, payment = page.all("article")
        assert coinbase.endswith("Coinbase 50.00000000 BTC New coins and fees P2PK50.00000000")
        assert FIRST_PAYMENT in payment
        assert "0 sat/vB 0 sat 50.00000000 BTC" in payment
        assert payment.endswith("P2PK50.00000000 P2PK10.00000000 P2PK40.00000000")

    @pytest.mark.parametrize("height", [0, 1, 170, 248, 437, 438])
    def test_it_says_what_the_node_says(self, explorer: Explorer, main_chain: Bitcoind, height: int) -> None:
        block = main_chain.rpc("getblock", main_chain.rpc("getblockhash", height), 1)
        stats = main_chain.rpc("getblockstats", height)
        page = explorer.get(f"/block/{height}")
        facts = page.facts
        assert page.all("h1") == [f"Block {height}"]
        assert f"{block['confirmations']} confirmation" in page.text
        assert block["hash"] in page.all("p")
        assert facts["Height"] == str(height)
        assert facts["Confirmations"] == str(block["confirmations"])
        assert facts["Time"] == utc(block["time"])
        assert facts["Median time"] == utc(block["mediantime"])
        assert facts["Previous"] == block.get("previousblockhash", "none, the first block")
        assert facts["Next"] == block.get("nextblockhash", "none yet")
        assert facts["Difficulty"] == str(block["difficulty"]) == "1"
        assert facts["Merkle root"] == block["merkleroot"]
        assert facts["Nonce"] == f"{block['nonce']:,}"
        assert facts["Version"] == "0x00000001"
        assert facts["Bits"] == block["bits"]
        assert facts["Chain work"] == block["chainwork"]
        assert facts["Size"] == f"{block['size']} B"
        assert facts["Stripped size"] == f"{block['strippedsize']} B"
        assert facts["Weight"] == f"{block['weight']:,} WU"
        assert facts["Transactions"] == str(block["nTx"])
        assert facts["Inputs"] == str(stats["ins"])
        assert facts["Outputs"] == str(stats["outs"])
        assert facts["Subsidy"] == f"{shown(stats['subsidy'])} BTC"
        assert facts["Fees"] == f"{shown(stats['totalfee'])} BTC"
        assert facts["Moved"] == f"{shown(stats['total_out'])} BTC"
        for txid in block["tx"]:
            assert f"/tx/{txid}" in page.links

    def test_it_leads_to_its_neighbours(self, explorer: Explorer, main_chain: Bitcoind) -> None:
        page = explorer.get("/block/170")
        assert page.rel("prev") == f"/block/{main_chain.rpc('getblockhash', 169)}"
        assert page.rel("next") == f"/block/{main_chain.rpc('getblockhash', 171)}"
        assert explorer.get("/block/0").rel("prev") is None
        assert explorer.get("/block/438").rel("next") is None

    def test_it_shows_what_the_miner_wrote(self, explorer: Explorer) -> None:
        (quote,) = explorer.get("/block/0").all("blockquote")
        assert quote == "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"

    @pytest.mark.parametrize("height", [439, 4_999_999_999, 9_999_999_999])
    def test_a_height_beyond_the_tip_is_not_found(self, explorer: Explorer, height: int) -> None:
        page = explorer.get(f"/block/{height}")
        assert page.status == 404
        assert f"Height {height:,} is beyond the tip of this chain, which is at 438" in page.text


class TestTransaction:
    def test_the_first_payment(self, explorer: Explorer) -> None:
        page = explorer.get(f"/tx/{FIRST_PAYMENT}")
        assert page.status == 200
        assert "269 confirmations" in page.text
        assert page.facts["Fee"] == "0 sat 0.00000000 BTC"
        assert page.all("h2")[:2] == ["1 input 50.00000000 BTC", "2 outputs 50.00000000 BTC"]
        (spent,), (to_hal, change) = page.rows("in"), page.rows("out")
        assert f"50.00000000 P2PK from {PAID_COINBASE}:0" in spent
        assert "no address 10.00000000 P2PK Unspent" in to_hal
        assert "no address 40.00000000 P2PK Spent" in change
        assert f"/tx/{PAID_COINBASE}#out-0" in page.links
        assert f"/block/{BLOCK_170}" in page.links

    @pytest.mark.parametrize("height", [1, *TWO_TRANSACTIONS])
    def test_it_says_what_the_node_says(self, explorer: Explorer, main_chain: Bitcoind, height: int) -> None:
        block = main_chain.rpc("getblock", main_chain.rpc("getblockhash", height), 3)
        for tx in block["tx"]:
            page = explorer.get(f"/tx/{tx['txid']}")
            facts = page.facts
            assert facts["Block"] == block["hash"]
            assert facts["Height"] == str(height)
            assert facts["Confirmations"] == str(block["confirmations"])
            assert facts["Time"] == utc(block["time"])
            assert facts["Size"] == f"{tx['size']} B"
            assert facts["Virtual size"].startswith(f"{tx['vsize']} vB")
            assert facts["Weight"] == f"{tx['weight']:,} WU"
            assert facts["Version"] == str(tx["version"])
            assert facts["Lock time"] == "none"
            assert len(page.rows("in")) == len(tx["vin"])
            for row, vout in zip(page.rows("out"), tx["vout"], strict=True):
                assert shown(int(vout["value"] * 100_000_000)) in row
                assert any(vout["scriptPubKey"]["hex"] in text for text in page.all("dd"))
                address = vout["scriptPubKey"].get("address")
                assert address is None or (address in row and f"/address/{address}" in page.links)
                assert ("Unspent" in row) == unspent(main_chain, tx["txid"], vout["n"])

    def test_the_genesis_coinbase(self, explorer: Explorer) -> None:
        page = explorer.get(f"/tx/{GENESIS_COINBASE}")
        assert page.status == 200
        assert "The first transaction of all. Its 50 BTC can never be spent" in page.text
        assert page.facts["Block"] == GENESIS
        assert page.rows("out")[0].startswith("0 no address 50.00000000 P2PK Unspendable")
        assert explorer.get(f"/tx/{GENESIS_COINBASE}/hex").body.startswith("01000000010000")

    def test_a_coinbase_is_explained(self, explorer: Explorer) -> None:
        page = explorer.get(f"/tx/{PAID_COINBASE}")
        assert page.all("h1") == ["Coinbase transaction"]
        assert page.facts["Fee"] == "— a coinbase pays none"
        assert "New coins and fees" in page.rows("in")[0]
        assert "creates the subsidy" in page.text


def unspent(node: Bitcoind, txid: str, vout: int) -> bool:
    return node.rpc("gettxout", txid, vout) is not None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/blocks?before=15",
        "/block/0",
        "/block/170",
        "/block/438",
        f"/tx/{FIRST_PAYMENT}",
        f"/tx/{GENESIS_COINBASE}",
    ],
)
def test_every_link_leads_somewhere(explorer: Explorer, path: str) -> None:
    for link in explorer.get(path).links:
        target, _, anchor = link.partition("#")
        page = explorer.get(target)
        assert page.status == 200
        assert not anchor or anchor in page.ids


class TestSearch:
    @pytest.mark.parametrize(
        ("typed", "leads_to"),
        [
            ("170", f"/block/{BLOCK_170}"),
            (" 170 ", f"/block/{BLOCK_170}"),
            ("0x170", f"/block/{BLOCK_170}"),
            ("000,170", f"/block/{BLOCK_170}"),
            ("0", f"/block/{GENESIS}"),
            (BLOCK_170, f"/block/{BLOCK_170}"),
            (BLOCK_170.upper(), f"/block/{BLOCK_170}"),
            (f" 0x{BLOCK_170}\n", f"/block/{BLOCK_170}"),
            (FIRST_PAYMENT, f"/tx/{FIRST_PAYMENT}"),
            (FIRST_PAYMENT.upper(), f"/tx/{FIRST_PAYMENT}"),
            (f"0X{FIRST_PAYMENT.upper()}", f"/tx/{FIRST_PAYMENT}"),
            (f"{FIRST_PAYMENT[:20]} {FIRST_PAYMENT[20:]}", f"/tx/{FIRST_PAYMENT}"),
            (f"{FIRST_PAYMENT}:1", f"/tx/{FIRST_PAYMENT}#out-1"),
            (f"{FIRST_PAYMENT} : 0", f"/tx/{FIRST_PAYMENT}#out-0"),
            ("170:1", f"/tx/{FIRST_PAYMENT}?block={BLOCK_170}"),
            ("0:0", f"/tx/{GENESIS_COINBASE}?block={GENESIS}"),
            (GENESIS_COINBASE, f"/tx/{GENESIS_COINBASE}"),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "/address/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            ("bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=1", "/address/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            ("", "/"),
            (" \t ", "/"),
        ],
    )
    def test_it_leads_to(self, explorer: Explorer, typed: str, leads_to: str) -> None:
        assert explorer.search(typed).location == leads_to
        assert explorer.get(leads_to.partition("#")[0]).status == 200

    @pytest.mark.parametrize(
        ("typed", "what"),
        [
            ("439", "Height 439 is beyond the tip of this chain, which is at 438"),
            ("840,000", "Height 840,000 is beyond the tip"),
            ("4294967296", "Height 4,294,967,296 is beyond the tip"),
            ("9 999 999 999", "Height 9,999,999,999 is beyond the tip"),
            ("f" * 64, f"Nothing on this chain matches “{'f' * 64}”"),
            (f"{FIRST_PAYMENT}:2", "has 2 outputs, so there is no output 2"),
            (f"{FIRST_PAYMENT}:4294967295", "has 2 outputs, so there is no output 4294967295"),
            ("170:2", "Block 170 has 2 transactions, so there is none at position 2"),
            ("439:0", "Height 439 is beyond the tip"),
            ("hello world", "Nothing on this chain matches “hello world”"),
            (FIRST_PAYMENT[:63], "Nothing on this chain matches"),
        ],
    )
    def test_it_says_what_is_not_there(self, explorer: Explorer, typed: str, what: str) -> None:
        page = explorer.search(typed)
        assert page.status == 404
        assert what in page.text
        assert {"Height", "Block hash", "Transaction id", "Output", "Position in a block", "Address"} <= set(page.facts)

    def test_the_typed_words_stay_in_the_field(self, explorer: Explorer) -> None:
        page = explorer.search("hello world")
        (field,) = [found for tag, found in page.elements if tag == "input" and found.get("name") == "q"]
        assert field["value"] == "hello world"

    def test_an_unknown_output_leads_where_it_is_explained(self, explorer: Explorer) -> None:
        assert explorer.search(f"{'f' * 64}:0").status in (302, 404)
        assert explorer.get(f"/tx/{'f' * 64}").status == 404


class TestBlocks:
    def test_the_list_goes_back_to_the_genesis_block(self, explorer: Explorer) -> None:
        """By its own links, each block once."""
        heights: list[int] = []
        path: str | None = "/blocks"
        while path:
            page = explorer.get(path)
            assert page.status == 200
            heights += [int(row.split()[0]) for row in page.all("tr")[1:]]
            path = page.rel("next")
        assert heights == list(range(MAIN_CHAIN_HEIGHT, -1, -1))

    def test_the_way_back_leads_to_the_latest(self, explorer: Explorer) -> None:
        """Never to a list that leaves blocks out between itself and the one before."""
        page, covered = explorer.get("/blocks?before=1"), {0}
        while (path := page.rel("prev")) is not None:
            page = explorer.get(path)
            heights = {int(row.split()[0]) for row in page.all("tr")[1:]}
            assert min(heights) <= max(covered) + 1
            covered |= heights
        assert covered == set(range(MAIN_CHAIN_HEIGHT + 1))

    def test_beyond_the_tip_it_starts_with_the_latest(self, explorer: Explorer) -> None:
        assert explorer.get("/blocks?before=2147483647").all("tr")[1].startswith("438 ")

    @pytest.mark.parametrize("before", ["0", "-1", "x", "2147483648", "99999999999", "1e3", "٣", ""])
    def test_a_height_that_cannot_be_is_refused(self, explorer: Explorer, before: str) -> None:
        page = explorer.get("/blocks", query_string={"before": before})
        assert page.status == 400
        assert "Use a whole number from 1 to 2,147,483,647" in page.text


class TestAddress:
    def test_one_of_this_network(self, explorer: Explorer, main_chain: Bitcoind) -> None:
        address = "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX"
        page = explorer.get(f"/address/{address}")
        assert page.status == 200
        assert address in page.text
        assert page.facts["Network"] == "Mainnet"
        assert page.facts["Type"] == "P2PKH"
        assert page.facts["Script"] == main_chain.rpc("validateaddress", address)["scriptPubKey"]
        assert "Valid" in page.text.split()
        assert "does not list an address's transactions yet" in page.text

    def test_one_of_another_network(self, explorer: Explorer) -> None:
        page = explorer.get("/address/bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
        assert page.status == 200
        assert page.facts["Network"] == "Regtest"
        assert "This address belongs to Regtest; this node is on Mainnet" in page.text

    @pytest.mark.parametrize(
        ("address", "what"),
        [
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "The checksum of"),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "The checksum of"),
            ("bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "mixes capitals"),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", "contains a character that no address"),
            ("nonsense", "is not a Bitcoin address"),
        ],
    )
    def test_one_with_a_mistake(self, explorer: Explorer, address: str, what: str) -> None:
        page = explorer.get(f"/address/{address}")
        assert page.status == 400
        assert what in page.text


def test_a_search_for_any_transaction_finds_it(explorer: Explorer, main_chain: Bitcoind) -> None:
    for height in TWO_TRANSACTIONS:
        block: dict[str, Any] = main_chain.rpc("getblock", main_chain.rpc("getblockhash", height), 1)
        for position, txid in enumerate(block["tx"]):
            assert explorer.search(txid).location == f"/tx/{txid}"
            assert explorer.search(f"{height}:{position}").location == f"/tx/{txid}?block={block['hash']}"
