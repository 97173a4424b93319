"""What pages say when the chain goes on another way, on a real node. Nothing waits: a reload is enough."""

from __future__ import annotations

import pytest

from tests.bitcoind import Bitcoind
from tests.coins import VALUE, Made, draft, fund, mine, spend
from tests.pages import Explorer, Page


class Split:
    """A block that was in the best chain, and the longer branch without it; and what pages said on the way."""

    def __init__(self, explorer: Explorer, node: Bitcoind) -> None:
        first, second = fund(node, 2)
        self.kept = spend([first], [VALUE - 1_000])  # goes back to the mempool
        self.lost = spend([second], [VALUE - 2_000])  # is double-spent by the other branch
        self.winner = spend([second], [VALUE - 3_000])
        self.height: int = node.rpc("getblockcount") + 1
        self.stale = mine(node, [self.kept, self.lost])
        node.wait_for_indexes()
        self.coinbase: str = node.rpc("getblock", self.stale, 1)["tx"][0]

        self.before = self.look(explorer)  # and so its facts are kept
        node.rpc("invalidateblock", self.stale)
        self.between = explorer.get("/")
        self.branch = [mine(node, [self.winner]), mine(node, [])]
        node.wait_for_indexes()
        self.after = self.look(explorer)

    def look(self, explorer: Explorer) -> dict[str, Page]:
        pages = {name: explorer.get(f"/tx/{getattr(self, name).txid}") for name in ("kept", "lost", "winner")}
        pages |= {"home": explorer.get("/"), "stale": explorer.get(f"/block/{self.stale}")}
        pages |= {"height": explorer.get(f"/block/{self.height}", follow=False)}
        return pages | {"coinbase": explorer.get(f"/tx/{self.coinbase}")}


@pytest.fixture(scope="module")
def split(explorer: Explorer, regtest: Bitcoind) -> Split:
    return Split(explorer, regtest)


class TestStale:
    def test_before_it_everything_was_confirmed(self, split: Split) -> None:
        for name in ("stale", "kept", "lost", "coinbase"):
            assert "1 confirmation" in split.before[name].all("span")
        assert split.before["height"].location == f"/block/{split.stale}"
        assert split.before["winner"].status == 404

    def test_a_lower_tip_is_followed(self, split: Split) -> None:
        assert split.between.facts["Height"].startswith(f"{split.height - 1} ")
        assert split.between.all("tr")[1].startswith(f"{split.height - 1} ")

    def test_home_follows(self, split: Split) -> None:
        page = split.after["home"]
        assert page.facts["Height"].startswith(f"{split.height + 1} ")
        assert page.all("tr")[1].startswith(f"{split.height + 1} {split.branch[1]} ")
        assert page.all("tr")[2].startswith(f"{split.height} {split.branch[0]} ")
        assert split.stale not in page.text

    def test_the_height_leads_to_the_other_block(self, explorer: Explorer, split: Split) -> None:
        assert split.after["height"].location == f"/block/{split.branch[0]}"
        assert explorer.search(str(split.height)).location == f"/block/{split.branch[0]}"

    @pytest.mark.parametrize("cold", [False, True], ids=["kept", "asked for anew"])
    def test_the_block_says_that_it_is_stale(self, explorer: Explorer, split: Split, cold: bool) -> None:
        if cold:
            explorer.forget()
        page = explorer.get(f"/block/{split.stale}")
        assert page.status == 200
        assert "Not in the best chain" in page.all("span")
        assert "This block is stale." in page.text
        assert page.facts["Confirmations"] == "0"
        assert page.facts["Next"] == "none"
        assert f"/block/{split.branch[0]}" in page.links
        assert page.facts["Fees"] == "0.00003000 BTC"  # it was connected once, so the node knows
        assert "1,000 sat" in page.all("article")[1]
        assert page.rel("next") is None

    def test_its_neighbour_leads_past_it(self, explorer: Explorer, split: Split) -> None:
        page = explorer.get(f"/block/{split.height - 1}")
        assert page.rel("next") == f"/block/{split.branch[0]}"

    def test_its_links_lead_to_its_transactions(self, explorer: Explorer, split: Split) -> None:
        links = [link for link in explorer.get(f"/block/{split.stale}").links if link.startswith("/tx/")]
        assert len(set(links)) == 3
        for link in links:
            assert link.endswith(f"?block={split.stale}")
            assert explorer.get(link).status == 200

    @pytest.mark.parametrize("hint", ["", "?block="])
    def test_a_transaction_of_it_says_so(self, explorer: Explorer, split: Split, hint: str) -> None:
        for txid in (split.lost.txid, split.coinbase):
            page = explorer.get(f"/tx/{txid}{hint and hint + split.stale}")
            assert page.status == 200
            assert "In a stale block" in page.all("span")
            assert "a block that the chain went on without" in page.text
            assert f"/block/{split.stale}" in page.links
            assert page.facts["Confirmations"] == "0"
            assert "not known" in page.rows("out")[0]
        assert explorer.get(f"/tx/{split.lost.txid}").facts["Fee"].startswith("2,000 sat")

    def test_one_that_went_back_to_the_mempool_waits(self, split: Split) -> None:
        assert "Waiting" in split.after["kept"].all("span")
        assert split.after["kept"].facts["Fee"].startswith("1,000 sat")

    def test_the_other_branch_is_the_chain(self, split: Split) -> None:
        assert "2 confirmations" in split.after["winner"].all("span")
        assert split.after["winner"].facts["Fee"].startswith("3,000 sat")

    def test_mined_again_it_is_confirmed(self, explorer: Explorer, regtest: Bitcoind) -> None:
        """Even for a link that still names the stale block."""
        split = Split(explorer, regtest)
        old_link = f"/tx/{split.kept.txid}?block={split.stale}"
        assert "Waiting" in explorer.get(old_link).all("span")
        block_hash = mine(regtest, [split.kept])
        regtest.wait_for_indexes()
        for path in (old_link, f"/tx/{split.kept.txid}", f"/tx/{split.kept.txid}?block={block_hash}"):
            page = explorer.get(path)
            assert "1 confirmation" in page.all("span")
            assert page.facts["Block"] == block_hash


class Side:
    """A block that came too late: the node keeps it and has never connected it."""

    def __init__(self, node: Bitcoind) -> None:
        self.payment = spend(fund(node, 1), [VALUE - 1_000])
        self.long = spend(fund(node, 23), [VALUE])
        self.child = spend(self.payment.coins, [VALUE - 5_000])
        self.hash, block = draft(node, [self.payment, self.long, self.child])
        self.instead = node.mine(2)
        assert node.rpc("submitblock", block) == "inconclusive"
        node.wait_for_indexes()


@pytest.fixture(scope="module")
def side(regtest: Bitcoind) -> Side:
    return Side(regtest)


class TestNeverConnected:
    def test_the_block_says_what_cannot_be_known(self, explorer: Explorer, side: Side) -> None:
        page = explorer.get(f"/block/{side.hash}")
        assert page.status == 200
        assert "Not in the best chain" in page.all("span")
        assert "was never part of this node's best chain, so the node does not know what its inputs spent" in page.text
        for name in ("Fees", "Moved", "Inputs", "Outputs", "Lowest fee rate", "Highest fee rate"):
            assert page.facts[name] == "not known"
        assert page.facts["Transactions"] == "4"
        assert page.facts["Subsidy"].endswith("BTC")
        assert page.facts["Size"].endswith("B")
        assert f"/block/{side.instead[0]}" in page.links
        assert len(page.all("article")) == 4
        assert not page.faults

    def test_what_it_spent_is_found_in_the_best_chain(self, explorer: Explorer, side: Side) -> None:
        """Thanks to txindex; not what it spent of itself, or in transactions of very many inputs."""
        _, payment, long, child = explorer.get(f"/block/{side.hash}").all("article")
        assert "1,000 sat" in payment
        assert "fee not known" in long
        assert "fee not known" in child

    def test_its_links_lead_to_its_transactions(self, explorer: Explorer, side: Side) -> None:
        links = [link for link in explorer.get(f"/block/{side.hash}").links if f"?block={side.hash}" in link]
        assert len({link.partition("#")[0] for link in links}) == 4
        for link in links:
            page = explorer.get(link)
            assert page.status == 200
            assert "In a stale block" in page.all("span")
            assert "not known" in page.rows("out")[0]

    @pytest.mark.parametrize(("made", "fee"), [("payment", "1,000 sat"), ("long", "2,200,000 sat"), ("child", "—")])
    def test_a_transaction_has_its_fee_where_it_can(self, explorer: Explorer, side: Side, made: str, fee: str) -> None:
        tx: Made = getattr(side, made)
        page = explorer.get(f"/tx/{tx.txid}?block={side.hash}")
        assert page.facts["Fee"].startswith(fee)
        assert explorer.get(f"/tx/{tx.txid}/hex?block={side.hash}").body == f"{tx.hex}\n"

    def test_without_its_block_it_is_not_found(self, explorer: Explorer, side: Side) -> None:
        assert explorer.get(f"/tx/{side.payment.txid}").status == 404

    def test_once_connected_everything_is_known(self, explorer: Explorer, regtest: Bitcoind) -> None:
        """Nothing of what was not known is kept."""
        side = Side(regtest)
        assert explorer.get(f"/block/{side.hash}").facts["Fees"] == "not known"
        regtest.rpc("invalidateblock", side.instead[0])
        regtest.wait_for_indexes()
        assert regtest.rpc("getbestblockhash") == side.hash
        page = explorer.get(f"/block/{side.hash}")
        assert "1 confirmation" in page.all("span")
        assert page.facts["Fees"] == "0.02205000 BTC"
        assert "2,200,000 sat" in page.all("article")[2]
        assert "4,000 sat" in page.all("article")[3]
