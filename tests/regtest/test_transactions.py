"""Transactions from their first sight to their last input, on a real node."""

from __future__ import annotations

import re

import pytest
from embit.script import Script, p2wsh

from explorer.chain.transactions import FEW_PARENTS, PER_PAGE
from tests.bitcoind import Bitcoind
from tests.coins import ADDRESS, COIN, FINAL, VALUE, Coin, Made, data, draft, fund, mine, spend
from tests.pages import Explorer, Page, shown

OP_1, OP_2DROP = 0x51, 0x6D


def lost(page: Page) -> str:
    """The words under the heading of a problem page, after its status."""
    return f"{page.status} {page.all('h1')[0]}"


class TestLife:
    def test_it_is_sent_seen_mined_and_confirmed(self, explorer: Explorer, regtest: Bitcoind) -> None:
        address = regtest.rpc("getnewaddress")
        txid = regtest.rpc("sendtoaddress", address, "1.5")
        entry = regtest.rpc("getmempoolentry", txid)
        fee = int(entry["fees"]["base"] * COIN)

        page = explorer.get(f"/tx/{txid}")
        assert page.status == 200
        assert "Waiting" in page.all("span")
        assert "Not in a block yet" in page.text
        assert page.facts["Fee"].startswith(f"{fee:,} sat {shown(fee)} BTC")
        assert page.facts["Block"].startswith("none yet")
        assert page.facts["First seen"].endswith("UTC")
        for row in page.rows("in"):
            assert re.match(r"\d+ \w{34,} [\d.]+\.\d{8} P2\w+ from ", row)
        assert any(address in row and " 1.50000000 " in row and "Unspent" in row for row in page.rows("out"))
        brought = sum(amounts(page.rows("in")))
        assert brought - sum(amounts(page.rows("out"))) == fee
        assert f"{shown(brought)} BTC" in page.all("h2")[0]

        (block_hash,) = regtest.mine(1)
        page = explorer.get(f"/tx/{txid}")
        assert "1 confirmation" in page.all("span")
        assert page.facts["Block"] == block_hash
        assert page.facts["Fee"].startswith(f"{fee:,} sat ")
        assert txid in explorer.get(f"/block/{block_hash}").text

        regtest.mine(2)
        page = explorer.get(f"/tx/{txid}")
        assert "3 confirmations" in page.all("span")
        assert page.facts["Confirmations"] == "3"
        assert page.facts["Fee"].startswith(f"{fee:,} sat ")

    def test_the_home_page_counts_what_waits(self, explorer: Explorer, regtest: Bitcoind) -> None:
        regtest.mine(1)
        assert explorer.get("/").facts["Mempool"].startswith("0 txs")
        txid = regtest.rpc("sendtoaddress", regtest.rpc("getnewaddress"), "0.1")
        vsize = regtest.rpc("getmempoolentry", txid)["vsize"]
        assert explorer.get("/").facts["Mempool"].startswith(f"1 tx {vsize} vB")
        height = regtest.rpc("getblockcount") + 1
        assert not explorer.get("/").all("tr")[1].startswith(f"{height} ")
        regtest.mine(1)
        page = explorer.get("/")
        assert page.facts["Height"].startswith(f"{height} ")
        assert page.all("tr")[1].startswith(f"{height} ")
        assert page.facts["Mempool"].startswith("0 txs")


def amounts(rows: list[str]) -> list[int]:
    """The first amount in each row, in satoshis."""
    found = [re.search(r"([\d,]+)\.(\d{8})", row) for row in rows]
    return [int(match[1].replace(",", "")) * COIN + int(match[2]) for match in found if match]


class TestMempool:
    def test_a_parent_and_its_child(self, explorer: Explorer, regtest: Bitcoind) -> None:
        confirmed, other = fund(regtest, 2)
        parent = spend([confirmed], [VALUE - 200])
        child = spend([parent.coins[0], other], [2 * VALUE - 5_200])
        parent.send(regtest)
        child.send(regtest)

        page = explorer.get(f"/tx/{child.txid}")
        assert page.facts["Fee"].startswith("5,000 sat")
        assert amounts(page.rows("in")) == [VALUE - 200, VALUE]
        assert page.facts["Unconfirmed parents"] == parent.txid
        assert page.facts["Unconfirmed children"] == "none"
        assert "with its parents" in page.facts["Fee rate"]

        page = explorer.get(f"/tx/{parent.txid}")
        assert page.facts["Fee"].startswith("200 sat")
        assert page.facts["Unconfirmed children"] == child.txid
        (row,) = page.rows("out")
        assert f"Spent in the mempool by {child.txid}" in row
        assert f"/tx/{child.txid}" in page.links

        regtest.mine(1)
        assert "Spent" in explorer.get(f"/tx/{parent.txid}").rows("out")[0]
        assert explorer.get(f"/tx/{child.txid}").facts["Fee"].startswith("5,000 sat")

    def test_a_replaced_one_is_no_longer_known_to_the_node(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        old = spend([coin], [VALUE - 300])
        new = spend([coin], [VALUE - 3_000])
        old.send(regtest)
        page = explorer.get(f"/tx/{old.txid}")
        assert "Replaceable" in page.all("span")
        assert page.facts["Replaceable"] == "yes"
        assert "its sender may replace it" in page.text

        new.send(regtest)
        explorer.forget()  # or it knows what became of it
        page = explorer.get(f"/tx/{old.txid}")
        assert lost(page) == "404 No such transaction"
        assert "A transaction that was replaced or dropped from the mempool is no longer known" in page.text
        assert explorer.get(f"/tx/{new.txid}").facts["Fee"].startswith("3,000 sat")
        regtest.mine(1)

    def test_one_that_does_not_ask_to_be_replaceable(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        made = spend([coin], [VALUE - 300], sequence=FINAL)
        made.send(regtest)
        page = explorer.get(f"/tx/{made.txid}")
        assert page.facts["Replaceable"] == "not signalled, but nodes may replace it anyway"
        assert "its sender may replace it" not in page.text
        regtest.mine(1)
        assert explorer.get(f"/tx/{made.txid}").facts["Replaceable"] == "not signalled"


class TestKinds:
    def test_an_output_that_carries_text(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        made = spend([coin], [data("Grüße an alle 🎉".encode()), VALUE - 1_000])
        made.send(regtest)
        for _ in range(2):  # unconfirmed, and then confirmed
            page = explorer.get(f"/tx/{made.txid}")
            row, change = page.rows("out")
            assert "OP_RETURN Unspendable" in row
            assert "Unspendable" not in change
            assert page.all("blockquote") == ["Grüße an alle 🎉"]
            regtest.mine(1)

    def test_what_it_carries_cannot_change_the_page(self, explorer: Explorer, regtest: Bitcoind) -> None:
        hostile = "</bdi><script>alert(1)</script>\"'&amp;{{7*7}}"
        (coin,) = fund(regtest, 1)
        made = spend([coin], [data(hostile.encode()), VALUE - 1_000])
        block_hash = mine(regtest, [made])
        for path in (f"/tx/{made.txid}", f"/block/{block_hash}"):
            page = explorer.get(path)
            assert hostile in page.text
            assert "<script>" not in page.body
            assert not page.faults

    @pytest.mark.parametrize(
        ("locktime", "sequence", "words"),
        [
            (0, FINAL, "none"),
            (100, FINAL - 1, "not before block 101 100"),
            (1_500_000_000, FINAL - 1, "not before 2017-07-14 02:40:00 UTC 1500000000"),
            (2_000_000_000, FINAL, "not before 2033-05-18 03:33:20 UTC , switched off by final sequences 2000000000"),
        ],
    )
    def test_a_lock_time_in_words(
        self, explorer: Explorer, regtest: Bitcoind, locktime: int, sequence: int, words: str
    ) -> None:
        (coin,) = fund(regtest, 1)
        made = spend([coin], [VALUE - 1_000], locktime=locktime, sequence=sequence)
        mine(regtest, [made])
        assert explorer.get(f"/tx/{made.txid}").facts["Lock time"] == words

    def test_a_relative_lock_in_words(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        regtest.mine(1)
        made = spend([coin], [VALUE - 1_000], sequence=2)
        mine(regtest, [made])
        page = explorer.get(f"/tx/{made.txid}")
        assert page.facts["Sequence"] == "0x00000002, 2 blocks after the output was confirmed"

    def test_a_long_witness_is_behind_a_link(self, explorer: Explorer, regtest: Bitcoind) -> None:
        item = bytes(range(256)) * 2
        lock = Script(bytes([OP_2DROP, OP_1]))
        (coin,) = fund(regtest, 1)
        paid = spend([coin], [(p2wsh(lock), VALUE - 1_000)])
        made = spend([Coin(paid.txid, 0, VALUE - 1_000)], [VALUE - 5_000], witness=[item, b"", lock.data])
        mine(regtest, [paid, made])
        page = explorer.get(f"/tx/{made.txid}")
        assert page.facts["Witness"] == "Long: 3 items as text"
        assert item.hex() not in page.text
        assert f"/tx/{made.txid}/witness/0" in page.links
        assert explorer.get(f"/tx/{made.txid}/witness/0").body == f"{item.hex()}\n\n{lock.data.hex()}\n"

    def test_its_hex_is_the_nodes(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        made = spend([coin], [VALUE - 1_000])
        made.send(regtest)
        answer = explorer.get(f"/tx/{made.txid}/hex")
        assert answer.body == f"{made.hex}\n"
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert explorer.get(f"/tx/{made.txid}").facts["Raw"] == "Transaction as hex"
        regtest.mine(1)


@pytest.fixture(scope="module")
def coins(regtest: Bitcoind) -> list[Coin]:
    return fund(regtest, 320, 10_000)


@pytest.fixture(scope="module")
def payout(regtest: Bitcoind) -> Made:
    (coin,) = fund(regtest, 1, 10_000_000)
    return spend([coin], [1_000 + n for n in range(500)])


class TestLong:
    def test_many_inputs_are_paged(self, explorer: Explorer, regtest: Bitcoind, coins: list[Coin]) -> None:
        made = spend(coins, [3_100_000])
        made.send(regtest)
        for _ in range(2):  # unconfirmed, and then confirmed
            seen: list[str] = []
            last = -(-320 // PER_PAGE)
            for number in range(1, last + 1):
                page = explorer.get(f"/tx/{made.txid}?page={number}")
                assert page.status == 200
                assert page.facts["Fee"].startswith("100,000 sat")
                assert page.all("h2")[0] == "320 inputs 0.03200000 BTC"
                assert set(amounts(page.rows("in"))) == {10_000}
                seen += [row.split()[0] for row in page.rows("in")]
                assert (page.rel("next") is None) == (number == last)
            assert seen == [str(n) for n in range(320)]
            assert "No more outputs on this page" in page.text
            regtest.mine(1)

    @pytest.mark.parametrize("parents", [FEW_PARENTS, FEW_PARENTS + 1])
    def test_its_amounts_come_from_parents_or_undo_data(
        self, explorer: Explorer, regtest: Bitcoind, parents: int
    ) -> None:
        """Two inputs from each parent: those of few are looked up, those of more come along with the block's."""
        made = [spend([coin], [4_000, 5_000]) for coin in fund(regtest, parents, 10_000)]
        mine(regtest, made)
        child = spend([coin for tx in made for coin in tx.coins], [1_000])
        mine(regtest, [child])
        explorer.forget()
        page = explorer.get(f"/tx/{child.txid}")
        assert amounts(page.rows("in")) == [4_000, 5_000] * parents
        assert page.facts["Fee"].startswith(f"{parents * 9_000 - 1_000:,} sat")

    def test_many_outputs_are_paged(self, explorer: Explorer, regtest: Bitcoind, payout: Made) -> None:
        mine(regtest, [payout])
        page = explorer.get(f"/tx/{payout.txid}")
        found: list[int] = []
        while True:
            found += amounts(page.rows("out"))
            assert len(page.rows("out")) == PER_PAGE
            assert all("Unspent" in row for row in page.rows("out"))
            if (following := page.rel("next")) is None:
                break
            page = explorer.get(following)
        assert found == [1_000 + n for n in range(500)]
        # A search for one of them, and the input that spends it, lead to its page.
        assert explorer.search(f"{payout.txid}:499").location == f"/tx/{payout.txid}?page={500 // PER_PAGE}#out-499"
        made = spend(payout.coins[250:251] + payout.coins[499:], [1_000])
        mine(regtest, [made])
        assert f"/tx/{payout.txid}?page={250 // PER_PAGE + 1}#out-250" in explorer.get(f"/tx/{made.txid}").links
        assert "Spent" in explorer.get(f"/tx/{payout.txid}?page={500 // PER_PAGE}").rows("out")[-1]

    def test_a_page_that_it_does_not_have(self, explorer: Explorer, regtest: Bitcoind) -> None:
        txid = regtest.rpc("getblock", regtest.rpc("getbestblockhash"), 1)["tx"][0]
        page = explorer.get(f"/tx/{txid}?page=2")
        assert lost(page) == "404 No such page of the list"
        for number in ("0", "-1", "x", "1000001", ""):
            assert explorer.get(f"/tx/{txid}", query_string={"page": number}).status == 400


class TestIds:
    def test_capitals_and_a_leading_0x_lead_to_the_page(self, explorer: Explorer, regtest: Bitcoind) -> None:
        txid = regtest.rpc("getblock", regtest.rpc("getbestblockhash"), 1)["tx"][0]
        for typed in (txid.upper(), f"0x{txid}", f" {txid}"):
            assert explorer.get(f"/tx/{typed}", follow=False).location == f"/tx/{txid}"
        location = explorer.get(f"/tx/{txid.upper()}?page=1&block=7", follow=False).location
        assert location == f"/tx/{txid}?block=7&page=1"

    @pytest.mark.parametrize("typed", ["x", "0", "f" * 63, "f" * 65, "g" * 64, "%F0%9F%8E%89"])
    def test_what_cannot_be_one_is_refused(self, explorer: Explorer, typed: str) -> None:
        for path in (f"/tx/{typed}", f"/tx/{typed}/hex", f"/tx/{typed}/witness/0"):
            assert lost(explorer.get(path)) == "400 That is no transaction id"

    def test_an_unknown_one_is_not_found(self, explorer: Explorer) -> None:
        for path in (f"/tx/{'ab' * 32}", f"/tx/{'ab' * 32}/hex", f"/tx/{'ab' * 32}?block=1"):
            assert lost(explorer.get(path)) == "404 No such transaction"

    def test_a_block_that_cannot_be_one_is_refused(self, explorer: Explorer, regtest: Bitcoind) -> None:
        txid = regtest.rpc("getblock", regtest.rpc("getbestblockhash"), 1)["tx"][0]
        for block in ("x", "-1", "", "f" * 63):
            page = explorer.get(f"/tx/{txid}", query_string={"block": block})
            assert lost(page) == "400 That is no block"
        for block in ("0", "9999999999", "f" * 64):  # no help, and no harm
            assert explorer.get(f"/tx/{txid}?block={block}").status == 200

    def test_an_input_that_is_not_there(self, explorer: Explorer, regtest: Bitcoind) -> None:
        txid = regtest.rpc("getblock", regtest.rpc("getbestblockhash"), 1)["tx"][0]
        assert explorer.get(f"/tx/{txid}/witness/0").status == 200
        for vin in ("1", "-1", "x", "99999999999"):
            assert lost(explorer.get(f"/tx/{txid}/witness/{vin}")) == "404 No such input"


def test_an_address_says_what_it_is(explorer: Explorer, regtest: Bitcoind) -> None:
    for kind in ("legacy", "p2sh-segwit", "bech32", "bech32m"):
        address = regtest.rpc("getnewaddress", "", kind)
        page = explorer.get(f"/address/{address}")
        assert page.facts["Script"] == regtest.rpc("getaddressinfo", address)["scriptPubKey"]
        assert "Valid" in page.all("span")
    assert explorer.search(ADDRESS.upper()).location == f"/address/{ADDRESS.upper()}"
    assert explorer.get(f"/address/{ADDRESS.upper()}").status == 200


def test_draft_blocks_are_unknown(explorer: Explorer, regtest: Bitcoind) -> None:
    block_hash, _ = draft(regtest, [])
    assert lost(explorer.get(f"/block/{block_hash}")) == "404 No such block"
