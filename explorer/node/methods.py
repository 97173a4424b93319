"""Every RPC method that the explorer asks: what an rpcwhitelist= line for its user has to hold, and no more.

A test walks the whole explorer before a node that allows only these, and finds each of them used.
"""

from __future__ import annotations

from typing import Final

# What pages cannot be made without.
NEEDED: Final = frozenset(
    {
        "getbestblockhash",
        "getblock",
        "getblockchaininfo",
        "getblockcount",
        "getblockhash",
        "getblockheader",
        "getblockstats",
        "getmempoolentry",
        "getmempoolinfo",
        "getnetworkinfo",
        "getrawtransaction",
        "gettxout",
    }
)
# Without one of these the explorer works, and knows less.
USEFUL: Final = frozenset(
    {
        "getchaintxstats",
        "getindexinfo",
        "gettxspendingprevout",
        "getzmqnotifications",
        "help",
        "uptime",
    }
)
METHODS: Final = tuple(sorted(NEEDED | USEFUL))
