"""How often a page asks the node, with nothing kept: never one thing at a time, however much it shows.

As in production, the watcher has seen how everything stands. Questions that are sent at the same time count each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.bitcoind import Bitcoind
from tests.coins import VALUE, Coin, Made, mine, reward, spend, split
from tests.pages import Explorer

# At most:
LIST = 4  # hashes; headers and txids, and at the same time figures; coinbases
BLOCK = 4  # header and txids, and at the same time figures; its transactions; what these spend (REST: both at once)
COINBASE = 1  # of a block whose coinbase is not on the page
STALE = 1  # more by REST: the best chain's block at its height, or its coinbase; else asked for along with others
LANES = 1  # more, without txindex and REST: the transactions on three connections, with what they spend
TRANSACTION = 4  # where it is: by its txid, the hash at a height, in that block; its place, and what became of it
GENESIS = TRANSACTION + 1  # in vain, with txindex twice; the hash of its block, that block; what became of it
NEWCOMER = 2  # what the node can do: by RPC, and what REST has
PLACE = 1  # of what is known otherwise


class Chain(NamedTuple):
    node: Bitcoind
    explorer: Explorer
    block: str  # of 120 transactions
    confirmed: Made  # 300 inputs, of as many transactions
    confirmed_in: str
    waiting: Made  # the same, unconfirmed; one input is of an unconfirmed transaction
    payout: Made  # 450 outputs, unconfirmed
    spare: list[Coin]  # 110 of them
    large_block: int  # round trips for the first page of a block that is not asked for whole


@pytest.fixture(scope="module", params=["txindex", "no txindex", "REST"])
def chain(request: pytest.FixtureRequest, bitcoind_path: str) -> Iterator[Chain]:
    args = ["-rest=1"] if request.param == "REST" else []
    with Bitcoind(bitcoind_path, args, txindex=request.param == "txindex") as node:
        first, second, third, fourth = reward(node, 4)
        coins = split(node, first, 600)
        spread = [spend([coin], [VALUE - 200]) for coin in coins[:600]]
        block = mine(node, spread[:119])
        mine(node, spread[119:])
        confirmed = spend([tx.coins[0] for tx in spread[:300]], [VALUE])
        confirmed_in = mine(node, [confirmed])
        parent = spend([second], [VALUE])
        waiting = spend([*parent.coins, *(tx.coins[0] for tx in spread[300:600])], [VALUE])
        payout = spend([third], [1_000] * 450)
        spare = split(node, fourth, 110)[:110]
        for tx in (parent, waiting, payout):
            tx.send(node)
        node.wait_for_indexes()
        large_block = BLOCK + LANES if request.param == "no txindex" else BLOCK
        yield Chain(node, Explorer(node.url), block, confirmed, confirmed_in, waiting, payout, spare, large_block)


def cold(chain: Chain, path: str) -> int:
    chain.explorer.forget()
    return chain.explorer.count(path)


def test_home(chain: Chain) -> None:
    assert cold(chain, "/") <= LIST
    assert chain.explorer.count("/") == 0
    mine(chain.node, [])
    assert chain.explorer.count("/") <= LIST
    assert chain.explorer.count("/") == 0
    assert chain.explorer.count("/blocks") == 0  # the same blocks


@pytest.mark.parametrize("before", ["", "?before=60", "?before=5"])
def test_a_list_of_blocks(chain: Chain, before: str) -> None:
    assert cold(chain, f"/blocks{before}") <= LIST
    assert chain.explorer.count(f"/blocks{before}") == 0
    mine(chain.node, [])
    assert chain.explorer.count(f"/blocks{before}") <= (PLACE if before else LIST)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_block(chain: Chain, number: int) -> None:
    path = f"/block/{chain.block}?page={number}"
    assert cold(chain, path) <= chain.large_block + (COINBASE if number > 1 else 0)
    assert chain.explorer.count(path) == 0
    mine(chain.node, [])
    assert chain.explorer.count(path) == PLACE


def test_a_block_of_one_large_transaction(chain: Chain) -> None:
    assert cold(chain, f"/block/{chain.confirmed_in}") <= BLOCK


@pytest.mark.parametrize("height", [0, 1])
def test_the_first_blocks(chain: Chain, height: int) -> None:
    assert cold(chain, f"/block/{chain.node.rpc('getblockhash', height)}") <= BLOCK


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_an_unconfirmed_transaction_of_300_inputs(chain: Chain, number: int) -> None:
    assert cold(chain, f"/tx/{chain.waiting.txid}?page={number}") <= TRANSACTION


@pytest.mark.parametrize("number", [1, 5])
def test_a_transaction_of_450_outputs(chain: Chain, number: int) -> None:
    assert cold(chain, f"/tx/{chain.payout.txid}?page={number}") <= TRANSACTION


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("named_by", ["hash", "height"])
def test_a_confirmed_transaction_of_300_inputs(chain: Chain, number: int, named_by: str) -> None:
    height = chain.node.rpc("getblockheader", chain.confirmed_in)["height"]
    block = {"hash": chain.confirmed_in, "height": height}[named_by]
    assert cold(chain, f"/tx/{chain.confirmed.txid}?block={block}&page={number}") <= TRANSACTION
    mine(chain.node, [])
    assert chain.explorer.count(f"/tx/{chain.confirmed.txid}?block={block}&page={number}") == PLACE


def test_the_genesis_coinbase(chain: Chain) -> None:
    (txid,) = chain.node.rpc("getblock", chain.node.rpc("getblockhash", 0), 1)["tx"]
    assert cold(chain, f"/tx/{txid}") <= GENESIS


def test_a_stale_block_and_its_transactions(chain: Chain) -> None:
    large = spend(chain.spare[:9], [2_000] * 120)
    block = mine(chain.node, [large, *(spend([coin], [VALUE - 400]) for coin in chain.spare[9:])])
    chain.node.rpc("invalidateblock", block)
    mine(chain.node, [])
    mine(chain.node, [])
    chain.node.wait_for_indexes()
    coinbase = chain.node.rpc("getblock", block, 1)["tx"][0]
    for number in (1, 2):
        more = COINBASE if number > 1 else STALE
        assert cold(chain, f"/block/{block}?page={number}") <= chain.large_block + more
        assert cold(chain, f"/tx/{large.txid}?block={block}&page={number}") <= TRANSACTION
    assert cold(chain, f"/tx/{coinbase}?block={block}") <= TRANSACTION
    assert "This block is stale" in chain.explorer.get(f"/block/{block}").text


def test_a_process_that_has_not_met_its_node_yet(chain: Chain) -> None:
    """Or not for a minute: what the node can do is asked along the way."""
    most = {
        f"/block/{chain.block}": chain.large_block,
        f"/block/{chain.block}?page=2": chain.large_block + COINBASE,
        f"/tx/{chain.waiting.txid}": TRANSACTION,
        f"/tx/{chain.confirmed.txid}?block={chain.confirmed_in}": TRANSACTION,
    }
    for seconds, (path, count) in enumerate(most.items(), 21):
        newcomer = Explorer(chain.node.url, greet=False, RPC_TIMEOUT=str(seconds))  # a connection of its own
        assert newcomer.count(path) <= count + NEWCOMER
