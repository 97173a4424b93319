"""Transactions that waited in the mempool and are gone from it: what became of them, on real nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from explorer.chain.transactions import PER_PAGE
from tests.bitcoind import Bitcoind
from tests.coins import COIN, VALUE, fund, mine, reward, spend
from tests.pages import Explorer, Page
from tests.regtest.vanished import NEVER_AGAIN, confirmed_in, is_dropped, is_replaced, look, send


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
