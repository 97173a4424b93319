"""Nodes that know less: without an index of transactions, or without their oldest blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from explorer.chain.transactions import PER_PAGE
from tests.bitcoind import Bitcoind
from tests.coins import ADDRESS, COIN, VALUE, Made, data, draft, mine, reward, spend, split
from tests.pages import Explorer, crawl


class Chain(NamedTuple):
    """A small chain, and what is in it."""

    node: Bitcoind
    explorer: Explorer
    payment: Made
    payment_block: str
    payout: Made
    payout_block: str
    waiting: Made
    child: Made


@pytest.fixture(scope="module")
def chain(bitcoind_path: str) -> Iterator[Chain]:
    """On a node without txindex."""
    with Bitcoind(bitcoind_path, txindex=False) as node:
        first, second = reward(node, 2)
        coins = split(node, first, 40)
        payment = spend(coins[:2], [data(b"hello"), VALUE])
        payment_block = mine(node, [payment, *(spend([coin], [VALUE - 1_000]) for coin in coins[2:30])])
        payout = spend([second], [1_000_000 + n for n in range(120)])
        payout_block = mine(node, [payout])
        waiting = spend([coins[30], payment.coins[0], payout.coins[110]], [VALUE])
        child = spend(waiting.coins, [VALUE - 700])
        waiting.send(node)
        child.send(node)
        yield Chain(node, Explorer(node.url), payment, payment_block, payout, payout_block, waiting, child)


class TestWithoutTxindex:
    def test_the_mempool_can_be_seen(self, chain: Chain) -> None:
        page = chain.explorer.get(f"/tx/{chain.waiting.txid}")
        assert page.status == 200
        assert page.facts["Fee"].startswith(f"{VALUE + 1_000_110:,} sat")
        assert f"Spent in the mempool by {chain.child.txid}" in page.rows("out")[0]
        page = chain.explorer.get(f"/tx/{chain.child.txid}")
        assert page.facts["Fee"].startswith("700 sat")

    def test_the_links_of_a_block_carry_it(self, chain: Chain) -> None:
        page = chain.explorer.get(f"/block/{chain.payment_block}")
        links = [link for link in page.links if link.startswith("/tx/")]
        assert links[1] == f"/tx/{chain.payment.txid}?block={chain.payment_block}"
        for link in links:
            assert chain.explorer.get(link).status == 200
        assert f"{2 * VALUE - VALUE:,} sat" in page.all("article")[1]

    def test_a_transaction_found_by_its_block_is_complete(self, chain: Chain) -> None:
        page = chain.explorer.get(f"/tx/{chain.payment.txid}?block={chain.payment_block}")
        assert page.facts["Fee"].startswith(f"{VALUE:,} sat")
        assert page.facts["Block"] == chain.payment_block
        assert page.facts["Confirmations"] == str(
            chain.node.rpc("getblockheader", chain.payment_block)["confirmations"]
        )
        for link in page.links:
            assert chain.explorer.get(link).status == 200
        assert chain.explorer.get(f"/tx/{chain.payment.txid}?block={page.facts['Height']}").status == 200

    def test_its_hex_and_pages_carry_the_block(self, chain: Chain) -> None:
        page = chain.explorer.get(f"/tx/{chain.payout.txid}?block={chain.payout_block}")
        following = page.rel("next")
        assert following
        assert following.partition("#")[0] == f"/tx/{chain.payout.txid}?block={chain.payout_block}&page=2"
        assert len(chain.explorer.get(following).rows("out")) == min(PER_PAGE, 120 - PER_PAGE)
        (raw,) = [link for link in page.links if link.partition("?")[0].endswith("/hex")]
        assert chain.explorer.get(raw).body == f"{chain.payout.hex}\n"

    def test_otherwise_it_says_which_setting_would_help(self, chain: Chain) -> None:
        chain.explorer.forget()  # or it knows where it has seen it
        for path in (f"/tx/{chain.payment.txid}", f"/tx/{chain.payment.txid}/hex"):
            for hint in ("", "?block=1", f"?block={'ab' * 32}"):  # none, or one of another block
                page = chain.explorer.get(f"{path}{hint}")
                assert page.status == 501
                assert "Set txindex=1 in bitcoin.conf" in page.text

    def test_a_search_says_so_too(self, chain: Chain) -> None:
        page = chain.explorer.search(chain.payment.txid)
        assert page.status == 501
        assert "set txindex=1 in bitcoin.conf" in page.text

    def test_what_needs_no_index_is_found(self, chain: Chain) -> None:
        height = chain.node.rpc("getblockheader", chain.payment_block)["height"]
        found = f"/tx/{chain.payment.txid}?block={chain.payment_block}"
        assert chain.explorer.search(f"{height}:1").location == found
        assert chain.explorer.search(chain.payment_block).location == f"/block/{chain.payment_block}"
        assert chain.explorer.search(chain.waiting.txid).location == f"/tx/{chain.waiting.txid}"

    def test_every_link_of_every_page_leads_somewhere(self, chain: Chain) -> None:
        """Also those to what an unconfirmed transaction spends: they name the block that holds it."""
        pages = crawl(chain.explorer, "/", f"/tx/{chain.waiting.txid}")
        height = chain.node.rpc("getblockcount")
        blocks = {chain.node.rpc("getblockhash", number) for number in range(height + 1)}
        assert {f"/block/{block_hash}" for block_hash in blocks} <= set(pages)
        assert len(pages) > 2 * height

    def test_a_block_that_was_never_connected(self, chain: Chain) -> None:
        made = spend(chain.payout.coins[:1], [COIN // 200])
        block_hash, block = draft(chain.node, [made])
        chain.node.rpc("generateblock", ADDRESS, [])
        assert chain.node.rpc("submitblock", block) == "inconclusive"
        page = chain.explorer.get(f"/block/{block_hash}")
        assert "the node does not know what its inputs spent" in page.text
        assert "fee not known" in page.all("article")[1]
        page = chain.explorer.get(f"/tx/{made.txid}?block={block_hash}")
        assert page.facts["Fee"] == "— not known"
        assert "not known" in page.rows("in")[0]


@pytest.fixture(scope="module")
def pruned(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node that has deleted its oldest blocks."""
    with Bitcoind(bitcoind_path, ["-prune=1", "-fastprune"], txindex=False) as node:  # files of 64 kB
        node.mine(600, ADDRESS)
        node.rpc("pruneblockchain", 300)
        yield node


class TestPruned:
    def test_home_says_from_where_blocks_are_there(self, pruned: Bitcoind) -> None:
        lowest = pruned.rpc("getblockchaininfo")["pruneheight"]
        assert lowest > 0
        assert f"blocks from {lowest} older ones pruned" in Explorer(pruned.url).get("/").facts["On disk"]

    @pytest.mark.parametrize("height", [0, 5])
    def test_a_pruned_block_shows_its_header(self, pruned: Bitcoind, height: int) -> None:
        header = pruned.rpc("getblockheader", pruned.rpc("getblockhash", height))
        page = Explorer(pruned.url).get(f"/block/{height}")
        assert page.status == 200
        assert "has been pruned: the node deleted its transactions to save disk space" in page.text
        assert page.facts["Merkle root"] == header["merkleroot"]
        assert page.facts["Transactions"] == "1"
        assert page.facts["Size"] == page.facts["Fees"] == "not known"
        assert page.facts["Subsidy"] == "50.00000000 BTC"
        assert page.all("article") == []
        assert not page.faults

    def test_the_list_of_blocks_goes_down_to_the_first(self, pruned: Bitcoind) -> None:
        page = Explorer(pruned.url).get("/blocks?before=10")
        assert len(page.all("tr")) == 11
        assert "not known" in page.all("tr")[1]

    def test_its_transactions_are_gone(self, pruned: Bitcoind) -> None:
        explorer = Explorer(pruned.url)
        header = pruned.rpc("getblockheader", pruned.rpc("getblockhash", 5))
        txid = header["merkleroot"]  # of one transaction
        for path in (f"/tx/{txid}?block={header['hash']}", f"/tx/{txid}?block=5", f"/tx/{txid}/hex?block=5"):
            page = explorer.get(path)
            assert page.status == 501
            assert "A pruned node deletes old blocks to save disk space" in page.text
        page = explorer.search("5:0")
        assert page.status == 501
        assert "has been pruned" in page.text
        assert "Only a node that is not pruned" in page.text

    def test_newer_blocks_are_whole(self, pruned: Bitcoind) -> None:
        explorer = Explorer(pruned.url)
        page = explorer.get("/block/590")
        assert "pruned" not in page.text
        assert page.facts["Fees"] == "0.00000000 BTC"
        for link in page.links:
            assert explorer.get(link).status == 200
