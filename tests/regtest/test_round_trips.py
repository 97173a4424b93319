"""How often a page asks the node, with nothing kept: never one thing at a time, however much it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.bitcoind import Bitcoind
from tests.coins import VALUE, Coin, Made, mine, reward, spend, split
from tests.pages import Explorer

HOME, TRANSACTION, BLOCK = 3, 4, 4  # at most


class Chain(NamedTuple):
    node: Bitcoind
    explorer: Explorer
    block: str  # of 120 transactions
    confirmed: Made  # 300 inputs, of as many transactions
    confirmed_in: str
    waiting: Made  # the same, unconfirmed; one input is of an unconfirmed transaction
    payout: Made  # 450 outputs, unconfirmed
    spare: list[Coin]  # 110 of them


@pytest.fixture(scope="module", params=[True, False], ids=["txindex", "no txindex"])
def chain(request: pytest.FixtureRequest, bitcoind_path: str) -> Iterator[Chain]:
    with Bitcoind(bitcoind_path, txindex=request.param) as node:
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
        yield Chain(node, Explorer(node.url), block, confirmed, confirmed_in, waiting, payout, spare)


def cold(chain: Chain, path: str) -> int:
    chain.explorer.forget()
    return chain.explorer.count(path)


def test_home(chain: Chain) -> None:
    assert cold(chain, "/") <= HOME
    assert chain.explorer.count("/") == 1
    mine(chain.node, [])
    assert chain.explorer.count("/") <= HOME
    assert chain.explorer.count("/") == 1


@pytest.mark.parametrize("before", ["", "?before=60", "?before=5"])
def test_a_list_of_blocks(chain: Chain, before: str) -> None:
    assert cold(chain, f"/blocks{before}") <= 4
    assert chain.explorer.count(f"/blocks{before}") <= 2


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_block(chain: Chain, number: int) -> None:
    assert cold(chain, f"/block/{chain.block}?page={number}") <= BLOCK
    assert chain.explorer.count(f"/block/{chain.block}?page={number}") == 1


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


def test_the_genesis_coinbase(chain: Chain) -> None:
    (txid,) = chain.node.rpc("getblock", chain.node.rpc("getblockhash", 0), 1)["tx"]
    assert cold(chain, f"/tx/{txid}") <= TRANSACTION


def test_a_stale_block_and_its_transactions(chain: Chain) -> None:
    large = spend(chain.spare[:9], [2_000] * 120)
    block = mine(chain.node, [large, *(spend([coin], [VALUE - 400]) for coin in chain.spare[9:])])
    chain.node.rpc("invalidateblock", block)
    mine(chain.node, [])
    mine(chain.node, [])
    chain.node.wait_for_indexes()
    coinbase = chain.node.rpc("getblock", block, 1)["tx"][0]
    for number in (1, 2):
        assert cold(chain, f"/block/{block}?page={number}") <= BLOCK
        assert cold(chain, f"/tx/{large.txid}?block={block}&page={number}") <= TRANSACTION
    assert cold(chain, f"/tx/{coinbase}?block={block}") <= TRANSACTION
    assert "This block is stale" in chain.explorer.get(f"/block/{block}").text


def test_a_process_that_has_not_met_its_node_yet(chain: Chain) -> None:
    """Or not for a minute: what the node can do is asked along the way."""
    paths = [f"/block/{chain.block}?page={number}" for number in (1, 2)]
    paths += [f"/tx/{chain.waiting.txid}", f"/tx/{chain.confirmed.txid}?block={chain.confirmed_in}"]
    for seconds, path in enumerate(paths, 21):
        newcomer = Explorer(chain.node.url, greet=False, RPC_TIMEOUT=str(seconds))  # a connection of its own
        assert newcomer.count(path) <= 4
