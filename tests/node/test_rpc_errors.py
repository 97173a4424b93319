"""What a node's codes mean. That a real node says these things is tested in tests/regtest/test_rpc_errors.py."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.errors import BadQuery, ExplorerError, NodeBusy, NodeFault, NotFound, Rejected, Unsupported
from explorer.messages import CATALOGUE, words
from explorer.node.rpc_errors import LOOKUPS, translate

HASH = "ab" * 32


@pytest.mark.parametrize("method", ["getblock", "sendrawtransaction", "getrawtransaction"])
def test_a_starting_node_is_busy_whatever_is_asked(method: str) -> None:
    error = translate(method, -28, "Verifying blocks…", [HASH])
    assert isinstance(error, NodeBusy)
    assert error.values == {"reason": "Verifying blocks…"}
    assert error.retry_after


@pytest.mark.parametrize(
    ("method", "code", "message", "params", "kind", "message_id"),
    [
        ("getblockhash", -8, "Block height out of range", [999], NotFound, "height_not_found"),
        ("getblockstats", -8, "Target block height 999 after current tip 5", [999], NotFound, "height_not_found"),
        ("getblock", -8, "blockhash must be of length 64", ["ab"], BadQuery, "bad_query"),
        ("getblockhash", -1, "JSON integer out of range", [10**12], BadQuery, "bad_query"),
        ("getblockfilter", -1, "Index is not enabled for filtertype basic", [HASH], Unsupported, "unsupported"),
        ("getblock", -1, 'getblock "blockhash"', [], NodeFault, "node_fault"),
        ("getblockstats", -1, "Can't read undo data from disk", [HASH], Unsupported, "undo_missing"),
        ("getblock", -1, "Block not found on disk", [HASH], Unsupported, "block_not_downloaded"),
        ("getrawtransaction", -1, "Block not available", [HASH, 1, HASH], Unsupported, "block_not_available"),
        ("gettxspendingprevout", -1, "txospenderindex is unavailable.", [[]], Unsupported, "unsupported"),
        ("getblockcount", -3, "Wrong type passed", [], NodeFault, "node_fault"),
        ("getblockcount", -32603, "internal", [], NodeFault, "node_fault"),
        ("getzmqnotifications", -32601, "Method not found", [], Unsupported, "unsupported"),
        ("testmempoolaccept", -25, "missing inputs", [], Rejected, "rejected"),
        ("validateaddress", -5, "Invalid", ["x"], NotFound, "not_found"),
    ],
)
def test_code_and_method_tell(
    method: str, code: int, message: str, params: list[Any], kind: type[ExplorerError], message_id: str
) -> None:
    error = translate(method, code, message, params)
    assert (type(error), error.message_id) == (kind, message_id)


@pytest.mark.parametrize("code", [-25, -26, -27, -22, -8, -1])
def test_a_refused_broadcast_keeps_the_nodes_reason(code: int) -> None:
    error = translate("sendrawtransaction", code, "min relay fee not met, 0 < 110", ["00"])
    assert isinstance(error, Rejected)
    assert error.values == {"reason": "min relay fee not met, 0 < 110", "code": code, "method": "sendrawtransaction"}


def test_every_id_that_it_uses_has_words() -> None:
    ids = set(LOOKUPS.values()) | {"genesis_coinbase", "block_pruned", "undo_missing", "block_not_downloaded"}
    ids |= {"block_not_available"}
    assert ids <= set(CATALOGUE)


def test_long_reasons_become_one_short_line() -> None:
    error = translate("getblock", -1, "getblock\n\n" + "usage " * 1000)
    assert isinstance(error.values["reason"], str)
    assert "\n" not in error.values["reason"]
    assert len(error.values["reason"]) <= 300


def test_parameters_that_are_no_ids_are_left_out() -> None:
    for code in (-1, -3, -5, -8, -13, -14, -26, -28, -32601):
        error = translate("walletpassphrase", code, "no", ["hunter2", 60])
        assert "hunter2" not in f"{error} {error!r} {words(error)}"
