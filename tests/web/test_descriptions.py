"""What search engines and those with whom a page is shared are told about it: in one plain sentence or two."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.bitcoind import Bitcoind
from tests.coins import ADDRESS, VALUE, fund, mine, spend
from tests.pages import Explorer

LONGEST = 150


@pytest.fixture(scope="module")
def explorer(regtest: Bitcoind) -> Explorer:
    return Explorer(regtest.url)


def description(explorer: Explorer, path: str, **headers: str) -> str:
    body = explorer.get(path, headers=headers).body
    (found,) = re.findall(r'<meta name="description" content="([^"]*)">', body)
    assert len(found) <= LONGEST, found
    assert "<" not in unescape(found), found
    return unescape(found)


def test_of_a_block_and_of_its_transactions(explorer: Explorer, regtest: Bitcoind) -> None:
    first, second = fund(regtest, 2)
    paid = spend([first], [VALUE - 1_000])
    block = mine(regtest, [paid])
    waiting = spend([second], [second.value - 500])
    waiting.send(regtest)
    height = regtest.rpc("getblockcount")
    told = description(explorer, f"/block/{block}")
    assert told.startswith(f"Block {height} of Regtest: 2 transactions, ")
    assert re.search(r", mined \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.$", told)
    rate = r"for a fee of 1,000 sat, \d+(\.\d+)? sat/vB"
    assert re.fullmatch(
        rf"A transaction of 0\.00099000 BTC {rate}\. In block {height}\.", description(explorer, f"/tx/{paid.txid}")
    )
    assert description(explorer, f"/tx/{waiting.txid}").endswith(" Not in a block yet.")
    coinbase = regtest.rpc("getblock", block, 1)["tx"][0]
    assert re.fullmatch(rf"A transaction of [\d.]+ BTC\. In block {height}\.", description(explorer, f"/tx/{coinbase}"))
    # It does not count what grows with every block.
    mine(regtest, [])
    assert description(explorer, f"/block/{block}") == told
    assert description(explorer, f"/block/{block}", **{"Accept-Language": "zh"}) != told


def test_of_an_address(explorer: Explorer) -> None:
    assert description(explorer, f"/address/{ADDRESS}") == f"The address {ADDRESS} of Regtest: its type and its script."
