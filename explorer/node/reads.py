"""Which calls may be asked again, and whom: told by the method's name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from explorer.node.rpc_errors import BROADCASTS

# What may be asked again when a connection breaks. Anything else might be done twice, like a payment.
READS: Final = ("decode", "estimate", "get", "help", "list", "test", "uptime", "validate")
WRITES: Final = frozenset({"getblockfrompeer", "getnewaddress", "getrawchangeaddress"})

# Reads that are about the own node's wallets, which another node does not have or has others of.
OF_WALLETS: Final = (
    "getaddressesbylabel",
    "getaddressinfo",
    "getbalance",
    "gethdkeys",
    "getreceivedby",
    "gettransaction",
    "getunconfirmedbalance",
    "getwalletinfo",
    "listaddressgroupings",
    "listdescriptors",
    "listlabels",
    "listlockunspent",
    "listreceivedby",
    "listsinceblock",
    "listtransactions",
    "listunspent",
    "listwallet",
)


def is_read(method: str) -> bool:
    """Whether asking twice does no harm."""
    return method.startswith(READS) and method not in WRITES


def may_be_asked_elsewhere(methods: Iterable[str]) -> bool:
    """Whether another node may answer all of them: reads about the chain, and what gives a transaction to the network
    (the same transaction twice is one). What signs, spends or changes a node is for the own node or for nobody."""
    return all(method in BROADCASTS or (is_read(method) and not method.startswith(OF_WALLETS)) for method in methods)
