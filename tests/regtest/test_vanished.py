"""Transactions that waited in the mempool and are gone from it: what became of them, on real nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from explorer.chain.transactions import PER_PAGE
from explorer.chain.vanished import BLOCKS
from tests.bitcoind import Bitcoind
from tests.coins import ADDRESS, COIN, VALUE, Coin, Made, fund, mine, reward, spend, split
from tests.pages import Explorer, Page

NEVER_AGAIN = "The coins are spent in a block, so this one can no longer get into any."


def look(explorer: Explorer, made: Made) -> Page:
    return explorer.get(f"/tx/{made.txid}")


def send(explorer: Explorer, node: Bitcoind, *transactions: Made) -> None:
    """And somebody looks at each of them."""
    for made in transactions:
        made.send(node)
        assert "Waiting" in look(explorer, made).all("span")


def is_replaced(page: Page, by: Made | None) -> bool:
    assert page.status == 200
    assert "Waiting" not in page.all("span")
    return (
        "Replaced" in page.all("span")
        and "as it was seen last" in page.text
        and (f"/tx/{by.txid}" in page.links if by else "the node cannot tell which" in page.text)
    )


def is_dropped(page: Page) -> bool:
    assert page.status == 200
    assert "Waiting" not in page.all("span")
    return "Dropped" in page.all("span") and "as it was seen last" in page.text


def confirmed_in(page: Page) -> str:
    assert page.status == 200, page.text
    assert "as it was seen last" not in page.text
    assert any("confirmation" in words for words in page.all("span"))
    return page.facts["Block"]


class TestReplaced:
    def test_the_page_names_what_replaced_it(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        old, new = spend([coin], [VALUE - 300]), spend([coin], [VALUE - 3_000])
        send(explorer, regtest, old)
        new.send(regtest)
        page = look(explorer, old)
        assert is_replaced(page, new)
        assert "only one of the two can get into a block" in page.text
        assert page.facts["Fee"].startswith("300 sat")
        assert page.facts["Block"] == "none no longer in the mempool"
        assert "Unspent" not in page.rows("out")[0]
        for link in page.links:
            assert explorer.get(link).status == 200
        assert explorer.get(f"/tx/{old.txid}/hex").body == f"{old.hex}\n"
        assert explorer.get(f"/tx/{old.txid}/witness/0").body == "51\n"
        assert explorer.get(f"/tx/{old.txid}/witness/1").status == 404
        assert explorer.search(old.txid).location == f"/tx/{old.txid}"

        regtest.mine(1)  # and the node itself no longer tells what spent its coins
        regtest.wait_for_indexes()
        page = look(explorer, old)
        assert is_replaced(page, new)
        assert NEVER_AGAIN in page.text
        assert explorer.get(next(link for link in page.links if new.txid in link)).status == 200

    def test_twice(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        first, second, third = (spend([coin], [VALUE - fee]) for fee in (300, 3_000, 9_000))
        send(explorer, regtest, first)
        second.send(regtest)
        assert is_replaced(look(explorer, first), second)
        third.send(regtest)
        assert is_replaced(look(explorer, first), third)
        page = look(explorer, second)  # which nobody has ever opened
        assert f"{page.status} {page.all('h1')[0]}" == "404 Replaced"
        assert f"until {third.txid} took its place" in page.text
        regtest.mine(1)
        regtest.wait_for_indexes()
        assert is_replaced(look(explorer, first), third)

    def test_by_one_that_was_not_mined_in_the_end(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        first, second, third = (spend([coin], [VALUE - fee]) for fee in (300, 3_000, 9_000))
        send(explorer, regtest, first)
        second.send(regtest)
        assert is_replaced(look(explorer, first), second)
        mine(regtest, [third])
        regtest.wait_for_indexes()
        page = look(explorer, first)
        assert is_replaced(page, None)
        assert NEVER_AGAIN in page.text
        assert second.txid not in page.text

    def test_by_one_that_spends_one_of_its_coins(self, explorer: Explorer, regtest: Bitcoind) -> None:
        one, other = fund(regtest, 2)
        old, new = spend([one, other], [2 * VALUE - 300]), spend([other], [VALUE - 9_000])
        send(explorer, regtest, old)
        new.send(regtest)
        assert is_replaced(look(explorer, old), new)
        mine(regtest, [new])
        regtest.wait_for_indexes()
        assert is_replaced(look(explorer, old), new)

    def test_by_a_block_with_something_else(self, explorer: Explorer, regtest: Bitcoind) -> None:
        one, other = fund(regtest, 2)
        old = spend([one, other], [2 * VALUE - 300])
        send(explorer, regtest, old)
        mine(regtest, [spend([other], [VALUE - 9_000])])
        regtest.wait_for_indexes()
        page = look(explorer, old)
        assert is_replaced(page, None)
        assert NEVER_AGAIN in page.text

    def test_one_that_spent_from_it_is_gone_with_it(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        parent, instead = spend([coin], [VALUE - 300]), spend([coin], [VALUE - 30_000])
        child = spend(parent.coins, [VALUE - 900])
        send(explorer, regtest, parent, child)
        instead.send(regtest)
        page = look(explorer, child)
        assert is_dropped(page)
        assert "what another transaction was to pay, which is gone as well" in page.text
        assert f"/tx/{parent.txid}" in page.links
        assert is_replaced(look(explorer, parent), instead)
        regtest.mine(1)
        regtest.wait_for_indexes()
        assert is_dropped(look(explorer, child))

    def test_a_page_that_nobody_has_opened(self, explorer: Explorer, regtest: Bitcoind) -> None:
        (coin,) = fund(regtest, 1)
        old = spend([coin], [1_000] * (PER_PAGE + 1))
        new = spend([coin], [1_000])
        old.send(regtest)
        assert explorer.get(f"/tx/{old.txid}?page=2").status == 200
        new.send(regtest)
        assert is_replaced(explorer.get(f"/tx/{old.txid}?page=2"), new)
        page = look(explorer, old)
        assert f"{page.status} {page.all('h1')[0]}" == "404 Replaced"
        regtest.mine(1)
        regtest.wait_for_indexes()

    def test_who_asks_for_the_first_time_is_told_that_there_is_none(
        self, explorer: Explorer, regtest: Bitcoind
    ) -> None:
        (coin,) = fund(regtest, 1)
        old, new = spend([coin], [VALUE - 300]), spend([coin], [VALUE - 3_000])
        send(explorer, regtest, old)
        new.send(regtest)
        stranger = Explorer(regtest.url)
        for path in (f"/tx/{old.txid}", f"/tx/{old.txid}/hex"):
            page = stranger.get(path)
            assert f"{page.status} {page.all('h1')[0]}" == "404 No such transaction"
        assert stranger.search(old.txid).status == 404
        regtest.mine(1)

    def test_a_page_follows_each_change(self, explorer: Explorer, regtest: Bitcoind) -> None:
        """Also where the watcher tells how everything stands, and asked again it costs nothing."""
        (coin,) = fund(regtest, 1)
        old, new = spend([coin], [VALUE - 300]), spend([coin], [VALUE - 3_000])
        send(explorer, regtest, old)
        new.send(regtest)
        assert explorer.count(f"/tx/{old.txid}") <= 4
        with explorer.watched():
            assert is_replaced(look(explorer, old), new)
            before = explorer.connection.round_trips
            assert is_replaced(look(explorer, old), new)
            assert explorer.connection.round_trips == before
        mine(regtest, [old])
        regtest.wait_for_indexes()
        with explorer.watched():
            confirmed_in(look(explorer, old))
            assert is_replaced_or_missing(look(explorer, new))


def is_replaced_or_missing(page: Page) -> bool:
    return page.status == 404 and page.all("h1") == ["Replaced"]


@pytest.fixture(scope="module")
def forgetful(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node that forgets its mempool when it starts anew."""
    with Bitcoind(bitcoind_path, ["-persistmempool=0"]) as node:
        yield node


class TestDropped:
    def test_its_coins_are_free_again(self, forgetful: Bitcoind) -> None:
        explorer = Explorer(forgetful.url)
        first, second = reward(forgetful, 2)
        forgetful.wait_for_indexes()
        parent = spend([first], [COIN])
        made = spend([*parent.coins, second], [COIN])
        send(explorer, forgetful, parent, made)
        forgetful.restart()
        page = look(explorer, parent)
        assert is_dropped(page)
        assert "Nothing else spends its coins: they are free again." in page.text
        page = look(explorer, made)
        assert is_dropped(page)
        assert f"/tx/{parent.txid}" in page.links

        parent.send(forgetful)
        assert "Waiting" in look(explorer, parent).all("span")
        assert "Nothing else spends its coins" in look(explorer, made).text
        made.send(forgetful)
        assert "Waiting" in look(explorer, made).all("span")
        block = mine(forgetful, [parent, made])
        forgetful.wait_for_indexes()
        assert confirmed_in(look(explorer, made)) == confirmed_in(look(explorer, parent)) == block

    def test_it_expires(self, forgetful: Bitcoind) -> None:
        explorer = Explorer(forgetful.url)
        first, second = reward(forgetful, 2)
        forgetful.wait_for_indexes()
        made, later = spend([first], [COIN]), spend([second], [2 * COIN])
        send(explorer, forgetful, made)
        now = forgetful.rpc("getblockheader", forgetful.rpc("getbestblockhash"))["time"]
        forgetful.rpc("setmocktime", now + 30 * 86_400)
        later.send(forgetful)
        assert is_dropped(look(explorer, made))
        forgetful.rpc("setmocktime", 0)


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
