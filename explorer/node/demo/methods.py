"""Every method that the demo chain knows, with its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from explorer.node.demo import blocks, control, mempool, transactions
from explorer.node.demo.moment import Moment
from explorer.node.demo.parameters import ANY, METHOD_NOT_FOUND, NodeError, Parameter, check, in_order
from explorer.node.rpc import is_named

Answer = Callable[..., Any]  # of a Moment and the parameters


def _recorded(method: str) -> Answer:
    """The answer as recorded at each frame."""
    return lambda moment: moment.frame.answers[method]


def _optional(name: str, kind: str) -> Parameter:
    return Parameter(name, kind, required=False)


METHODS: Final[dict[str, tuple[Answer, Sequence[Parameter]]]] = {
    "getbestblockhash": (blocks.getbestblockhash, []),
    "getblock": (blocks.getblock, [Parameter("blockhash", "string"), _optional("verbosity", ANY)]),
    "getblockchaininfo": (_recorded("getblockchaininfo"), []),
    "getblockcount": (blocks.getblockcount, []),
    "getblockhash": (blocks.getblockhash, [Parameter("height", "number")]),
    "getblockheader": (blocks.getblockheader, [Parameter("blockhash", "string"), _optional("verbose", "bool")]),
    "getblockstats": (blocks.getblockstats, [Parameter("hash_or_height", ANY), _optional("stats", "array")]),
    "getchaintips": (_recorded("getchaintips"), []),
    "getchaintxstats": (
        blocks.getchaintxstats, [_optional("nblocks", "number"), _optional("blockhash", "string")]
    ),
    "getindexinfo": (control.getindexinfo, [_optional("index_name", "string")]),
    "getmempoolentry": (mempool.getmempoolentry, [Parameter("txid", "string")]),
    "getmempoolinfo": (_recorded("getmempoolinfo"), []),
    "getnetworkinfo": (control.getnetworkinfo, []),
    "getrawmempool": (
        mempool.getrawmempool, [_optional("verbose", "bool"), _optional("mempool_sequence", "bool")]
    ),
    "getrawtransaction": (
        transactions.getrawtransaction,
        [Parameter("txid", "string"), _optional("verbosity", ANY), _optional("blockhash", "string")],
    ),
    "gettxout": (
        transactions.gettxout,
        [Parameter("txid", "string"), Parameter("n", "number"), _optional("include_mempool", "bool")],
    ),
    "gettxspendingprevout": (transactions.gettxspendingprevout, [Parameter("outputs", "array")]),
    "help": (control.usage, [_optional("command", "string")]),
    "uptime": (control.uptime, []),
}  # fmt: skip


def answer(moment: Moment, method: str, params: Sequence[Any]) -> Any:
    """What the node would answer at that moment, as JSON values with Raw for what was recorded.

    Raises NodeError, in the node's own words, for what it would refuse.
    """
    known = METHODS.get(method)
    if known is None:
        raise NodeError(METHOD_NOT_FOUND, "Method not found")
    respond, expected = known
    if is_named(params):
        params = in_order(expected, params[0])
    check(method, expected, params)
    return respond(moment, *params)
