"""What a real node says in each case, and what it is taken for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from config import load
from explorer.errors import BadQuery, ExplorerError, NodeFault, NotFound, Rejected, Unsupported
from explorer.node.client import NodeConnection
from explorer.node.discovery import find_endpoint
from tests.bitcoind import Bitcoind

NO_HASH = "00" * 31 + "aa"
GENESIS_COINBASE = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"


def connect(node: Bitcoind) -> NodeConnection:
    endpoint = find_endpoint(load({"BITCOIN_RPC_URL": node.url}))
    assert endpoint is not None
    return NodeConnection(endpoint)


def failure(rpc: NodeConnection, *call: Any) -> ExplorerError:
    """The call's error, which is the same in a batch."""
    with pytest.raises(ExplorerError) as caught:
        rpc.call(*call)
    (batched,) = rpc.batch([call])
    assert (type(batched), batched.values) == (type(caught.value), caught.value.values)
    return caught.value


@pytest.mark.parametrize(
    ("call", "kind", "message_id"),
    [
        (("getblock", NO_HASH), NotFound, "block_not_found"),
        (("getblockheader", NO_HASH), NotFound, "block_not_found"),
        (("getblockstats", NO_HASH), NotFound, "block_not_found"),
        (("getblockhash", 1_000_000), NotFound, "height_not_found"),
        (("getblockstats", 1_000_000), NotFound, "height_not_found"),
        (("getrawtransaction", NO_HASH), NotFound, "transaction_not_found"),
        (("getrawtransaction", NO_HASH, 1, NO_HASH), NotFound, "transaction_not_found"),
        (("getmempoolentry", NO_HASH), NotFound, "transaction_not_found"),
        (("getrawtransaction", GENESIS_COINBASE), Unsupported, "genesis_coinbase"),
        (("getblockhash", 10_000_000_000), BadQuery, "bad_query"),
        (("getblock", "ab"), BadQuery, "bad_query"),
        (("getblockhash", "one"), NodeFault, "node_fault"),
        (("getblockfilter", NO_HASH), Unsupported, "unsupported"),
        (("getnothing",), Unsupported, "unsupported"),
        (("sendrawtransaction", "00"), Rejected, "rejected"),
        (("sendrawtransaction", "zz"), Rejected, "rejected"),
    ],
)
def test_a_refusal_is_told_apart(
    regtest: Bitcoind, call: tuple[Any, ...], kind: type[ExplorerError], message_id: str
) -> None:
    error = failure(connect(regtest), *call)
    assert (type(error), error.message_id) == (kind, message_id)


def test_a_transaction_that_cannot_be_relayed(regtest: Bitcoind) -> None:
    """Spends a coinbase that has not matured: the node's own words reach the visitor."""
    (block,) = regtest.mine()
    coinbase = regtest.rpc("getblock", block, 1)["tx"][0]
    raw = regtest.rpc("createrawtransaction", [{"txid": coinbase, "vout": 0}], [{regtest.rpc("getnewaddress"): 1}])
    signed = regtest.rpc("signrawtransactionwithwallet", raw)["hex"]
    error = failure(connect(regtest), "sendrawtransaction", signed)
    assert isinstance(error, Rejected)
    assert "bad-txns-premature-spend-of-coinbase" in str(error.values["reason"])


@pytest.fixture(scope="module")
def pruned(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node that has pruned its first blocks. -fastprune makes its files so small that some can go."""
    node = Bitcoind(bitcoind_path, ["-fastprune", "-prune=1"], txindex=False)
    with node:
        node.mine(600)
        node.rpc("pruneblockchain", 300)
        yield node


def test_a_pruned_block(pruned: Bitcoind) -> None:
    rpc = connect(pruned)
    block = pruned.rpc("getblockhash", 1)
    coinbase = pruned.rpc("getblockheader", block)["merkleroot"]
    for call in (("getblock", block), ("getblockstats", block)):
        error = failure(rpc, *call)
        assert (type(error), error.message_id, error.values) == (Unsupported, "block_pruned", {"query": block})
    error = failure(rpc, "getrawtransaction", coinbase, 1, block)  # it does not say why
    assert (type(error), error.message_id, error.values) == (Unsupported, "block_not_available", {"query": block})


def test_a_block_of_which_only_the_header_is_known_and_one_that_was_never_connected(regtest: Bitcoind) -> None:
    rpc = connect(regtest)
    made = regtest.rpc("generateblock", regtest.rpc("getnewaddress"), [], False)
    regtest.rpc("submitheader", made["hex"][:160])
    for call in (("getblock", made["hash"]), ("getblock", made["hash"], 3), ("getblockstats", made["hash"])):
        error = failure(rpc, *call)
        assert (type(error), error.message_id) == (Unsupported, "block_not_downloaded")

    regtest.mine(2)
    assert regtest.rpc("submitblock", made["hex"]) == "inconclusive"
    error = failure(rpc, "getblockstats", made["hash"])
    assert (type(error), error.message_id, error.values) == (Unsupported, "undo_missing", {"query": made["hash"]})
    assert rpc.call("getblock", made["hash"], 3)["confirmations"] == -1
