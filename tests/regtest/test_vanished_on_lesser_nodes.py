"""What became of transactions that are gone from the mempool, on nodes that know less: without txindex, or pruned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from explorer.chain.vanished import BLOCKS
from tests.bitcoind import Bitcoind
from tests.coins import ADDRESS, VALUE, Coin, mine, reward, spend, split
from tests.pages import Explorer
from tests.regtest.vanished import NEVER_AGAIN, confirmed_in, is_replaced, look, send


@pytest.fixture(scope="module")
def bare(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node without txindex."""
    with Bitcoind(bitcoind_path, txindex=False) as node:
        yield node


@pytest.fixture(scope="module")
def purse(bare: Bitcoind) -> list[Coin]:
    (coin,) = reward(bare, 1)
    return split(bare, coin, 60)


@pytest.fixture
def coins(purse: list[Coin]) -> list[Coin]:
    """Two that nobody has spent."""
    return [purse.pop(0), purse.pop(0)]


class TestMinedWithoutTxindex:
    """The node no longer finds it by its txid."""

    @pytest.mark.parametrize("depth", [0, 1, 3 * BLOCKS])
    def test_its_outputs_tell_its_block(self, bare: Bitcoind, coins: list[Coin], depth: int) -> None:
        explorer = Explorer(bare.url)
        made = spend(coins, [VALUE, VALUE - 500])
        send(explorer, bare, made)
        block = mine(bare, [made])
        for _ in range(depth):
            mine(bare, [])
        page = look(explorer, made)
        assert confirmed_in(page) == block
        assert page.facts["Confirmations"] == str(depth + 1)
        assert page.facts["Fee"].startswith("500 sat")
        assert all("Unspent" in row for row in page.rows("out"))
        for link in page.links:
            if link.startswith((f"/tx/{made.txid}", "/block/")):
                assert explorer.get(link).status == 200
        mine(bare, [])
        assert explorer.count(f"/tx/{made.txid}") == 1
        assert explorer.search(made.txid).location == f"/tx/{made.txid}"

    @pytest.mark.parametrize("depth", [0, BLOCKS - 1])
    def test_its_outputs_are_spent(self, bare: Bitcoind, coins: list[Coin], depth: int) -> None:
        explorer = Explorer(bare.url)
        made = spend(coins, [VALUE])
        child = spend(made.coins, [VALUE - 500])
        send(explorer, bare, made)
        mine(bare, [])
        assert "Waiting" in look(explorer, made).all("span")
        for _ in range(depth):
            mine(bare, [])
        block = mine(bare, [made, child])
        page = look(explorer, made)
        assert confirmed_in(page) == block
        assert "Spent" in page.rows("out")[0]

    def test_they_are_spent_and_it_was_long_ago(self, bare: Bitcoind, coins: list[Coin]) -> None:
        """A page that is asked for again goes on looking where it has stopped."""
        explorer = Explorer(bare.url)
        made = spend(coins, [VALUE])
        send(explorer, bare, made)
        for _ in range(BLOCKS):
            mine(bare, [])
        block = mine(bare, [made, spend(made.coins, [VALUE - 500])])
        page = look(explorer, made)
        assert "No longer waiting" in page.all("span")
        assert "only a node with txindex=1 can tell" in page.text
        mine(bare, [])
        assert confirmed_in(look(explorer, made)) == block

    def test_a_parent_and_its_child(self, bare: Bitcoind, coins: list[Coin]) -> None:
        explorer = Explorer(bare.url)
        parent = spend(coins[:1], [VALUE - 200])
        child = spend([*parent.coins, coins[1]], [2 * VALUE - 900])
        send(explorer, bare, parent, child)
        block = mine(bare, [parent, child])
        assert confirmed_in(look(explorer, parent)) == confirmed_in(look(explorer, child)) == block

    def test_on_another_branch(self, bare: Bitcoind, coins: list[Coin]) -> None:
        """The block up to which nothing was to be found is stale by now."""
        explorer = Explorer(bare.url)
        made = spend(coins, [VALUE])
        made.send(bare)
        stale = mine(bare, [])
        look(explorer, made)
        bare.rpc("invalidateblock", stale)
        block = mine(bare, [made, spend(made.coins, [VALUE - 500])])
        mine(bare, [])
        assert confirmed_in(look(explorer, made)) == block

    def test_back_in_the_mempool(self, bare: Bitcoind, coins: list[Coin]) -> None:
        explorer = Explorer(bare.url)
        made = spend(coins, [VALUE])
        send(explorer, bare, made)
        block = mine(bare, [made])
        assert confirmed_in(look(explorer, made)) == block
        bare.rpc("invalidateblock", block)
        assert "Waiting" in look(explorer, made).all("span")
        again = mine(bare, [made, spend(made.coins, [VALUE - 500])])
        assert confirmed_in(look(explorer, made)) == again

    def test_who_asks_for_the_first_time_learns_which_setting_would_help(
        self, bare: Bitcoind, coins: list[Coin]
    ) -> None:
        made = spend(coins, [VALUE])
        send(Explorer(bare.url), bare, made)
        mine(bare, [made])
        page = look(Explorer(bare.url), made)
        assert page.status == 501
        assert "Set txindex=1 in bitcoin.conf" in page.text


class TestReplacedWithoutTxindex:
    def test_by_one_that_was_seen(self, bare: Bitcoind, coins: list[Coin]) -> None:
        explorer = Explorer(bare.url)
        old, new = spend(coins, [2 * VALUE - 300]), spend(coins, [VALUE])
        send(explorer, bare, old)
        new.send(bare)
        assert is_replaced(look(explorer, old), new)
        block = mine(bare, [new, spend(new.coins, [VALUE - 500])])
        page = look(explorer, old)
        assert is_replaced(page, new)
        assert NEVER_AGAIN in page.text
        assert confirmed_in(look(explorer, new)) == block

    @pytest.mark.parametrize("used", [1, 2])
    def test_by_one_that_was_not_seen(self, bare: Bitcoind, coins: list[Coin], used: int) -> None:
        """Known from the coin that is free, or from all blocks since."""
        explorer = Explorer(bare.url)
        old = spend(coins, [2 * VALUE - 300])
        send(explorer, bare, old)
        mine(bare, [spend(coins[:used], [VALUE - 9_000])])
        page = look(explorer, old)
        assert is_replaced(page, None)
        assert NEVER_AGAIN in page.text

    def test_nobody_knows_for_now(self, bare: Bitcoind, coins: list[Coin]) -> None:
        """Until the blocks since then have been looked into."""
        explorer = Explorer(bare.url)
        old = spend(coins, [2 * VALUE - 300])
        send(explorer, bare, old)
        mine(bare, [spend(coins, [VALUE])])
        for _ in range(BLOCKS):
            mine(bare, [])
        assert "No longer waiting" in look(explorer, old).all("span")
        mine(bare, [])
        assert is_replaced(look(explorer, old), None)


def test_mined_on_a_pruned_node(bitcoind_path: str) -> None:
    """In a block that is there, and later in one that is not: then it is shown as it was seen."""
    with Bitcoind(bitcoind_path, ["-prune=1", "-fastprune"], txindex=False) as node:  # files of 64 kB
        explorer, other = Explorer(node.url), Explorer(node.url)
        (coin,) = reward(node, 1)
        coins = split(node, coin, 2)
        made = spend(coins, [VALUE])
        for one in (explorer, other):
            made.send(node)
            assert "Waiting" in look(one, made).all("span")
        block = mine(node, [made])
        assert confirmed_in(look(explorer, made)) == block
        node.mine(500, ADDRESS)
        node.rpc("pruneblockchain", 300)
        for one in (explorer, other):
            page = look(one, made)
            assert confirmed_in(page) == block
            assert page.facts["Confirmations"] == "501"
            assert "Unspent" in page.rows("out")[0]
            (raw,) = [link for link in page.links if link.partition("?")[0].endswith("/hex")]
            assert one.get(raw).body == f"{made.hex}\n"
