"""What real nodes say that they can do."""

from __future__ import annotations

from config import load
from explorer.node.capabilities import get_capabilities
from explorer.node.connection import get_rpc_connection
from explorer.node.rpc import Rpc
from tests.bitcoind import Bitcoind
from tests.conftest import StartBitcoind


def connect(node: Bitcoind) -> Rpc:
    return get_rpc_connection(load({"BITCOIN_RPC_URL": node.url}))


def test_a_node_with_indexes(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-blockfilterindex=1", "-coinstatsindex=1")
    node.mine(3)
    node.wait_for_indexes()
    found = get_capabilities(connect(node))
    assert (found.chain, found.pruned, found.prune_height) == ("regtest", False, None)
    assert (found.txindex, found.txindex_height) == (True, 3)
    assert found.block_filters
    assert found.coin_stats
    assert {"getblock", "getrawtransaction", "help", "stop"} <= found.methods


def test_every_listed_method_is_one_that_the_node_knows(regtest: Bitcoind) -> None:
    methods = get_capabilities(connect(regtest)).methods
    assert len(methods) > 100
    for method in methods:
        assert not regtest.rpc("help", method).startswith("help: unknown command")


def test_a_pruned_node_without_indexes(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-fastprune", "-prune=1", txindex=False)
    node.mine(600)
    node.rpc("pruneblockchain", 300)
    found = get_capabilities(connect(node))
    assert found.pruned
    assert found.prune_height == node.rpc("getblockchaininfo")["pruneheight"]
    assert (found.txindex, found.txindex_height) == (False, None)


def test_a_user_who_may_not_ask_for_help(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-rpcwhitelist=explorer:getblockcount,getblockchaininfo,getindexinfo")
    node_has_index = get_capabilities(connect(node))
    assert node_has_index.txindex
    assert node_has_index.methods == frozenset()
