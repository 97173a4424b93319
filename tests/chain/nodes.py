"""Chains by hand, for a FakeNode to tell: what a real node does only by chance, or in other versions."""

from __future__ import annotations

from typing import Any

from tests.fakenode import RpcError

GENESIS_TIME = 1_600_000_000
COINBASE_INPUT = "01" + "00" * 32 + "ffffffff" + "05" + "0452697a2f" + "00000000"
COINBASE = "01000000" + COINBASE_INPUT + "01" + (5_000_000_000).to_bytes(8, "little").hex() + "0151" + "00000000"


def hash_of(branch: str, height: int) -> str:
    """64 digits, by which branch and height can be told."""
    return f"{branch}{height:063d}"


class FakeChain:
    """Answers about a chain of empty blocks; `branch_at(height)` says of which branch the block at a height is."""

    def __init__(self, height: int, **fields: Any) -> None:
        self.height = height
        self.fields = fields  # of getblockchaininfo
        self.branches: list[str] = ["a"]  # one for each time that hashes are asked for; the last stays
        self._asked_for: set[int] = set()

    @property
    def answers(self) -> dict[str, Any]:
        return {
            "help": "== Blockchain ==\ngetblockchaininfo\ngettxspendingprevout [...]\n",
            "getindexinfo": {"txindex": {"synced": True, "best_block_height": self.height}},
            "getblockchaininfo": self._info,
            "getnetworkinfo": {"subversion": "/Satoshi:29.0.0/", "connections": 8},
            "getmempoolinfo": {"size": 0, "bytes": 0, "mempoolminfee": 0.00001},
            "getbestblockhash": lambda: self._info()["bestblockhash"],
            "getblockcount": lambda: self.height,
            "getblockhash": self._hash,
            "getblockheader": self._header,
            "getblock": self._block,
            "getblockstats": self._stats,
            "getrawtransaction": self._coinbase,
            "gettxout": None,
            "gettxspendingprevout": lambda outpoints: outpoints,
        }

    def _info(self) -> dict[str, Any]:
        return {
            "chain": "regtest",
            "blocks": self.height,
            "headers": self.height,
            "bestblockhash": self._of_branch(self.height),
            "difficulty": 1,
            "verificationprogress": 1,
            "initialblockdownload": False,
            "size_on_disk": 1,
            "pruned": False,
            "time": GENESIS_TIME,
            **self.fields,
        }

    def _hash(self, height: int) -> str:
        if height > self.height:
            raise RpcError(-8, "Block height out of range")
        if height in self._asked_for and len(self.branches) > 1:  # asked anew
            self.branches.pop(0)
            self._asked_for.clear()
        self._asked_for.add(height)
        return self._of_branch(height)

    def _of_branch(self, height: int) -> str:
        branch = self.branches[0]
        return hash_of(branch[height % len(branch)], height)  # of a torn answer: "ab" takes turns

    def _header(self, block_hash: str) -> dict[str, Any]:
        branch, height = block_hash[0], int(block_hash[1:])
        return {
            "hash": block_hash,
            "confirmations": self.height - height + 1,
            "height": height,
            "version": 1,
            "merkleroot": "0" * 64,
            "time": GENESIS_TIME + 600 * height,
            "mediantime": GENESIS_TIME,
            "nonce": 0,
            "bits": "207fffff",
            "difficulty": 1,
            "chainwork": "0" * 64,
            "nTx": 1,
            **({"previousblockhash": hash_of(branch, height - 1)} if height else {}),
        }

    def _block(self, block_hash: str, verbosity: int) -> dict[str, Any]:
        coinbase = self._coinbase_fields(block_hash.replace(block_hash[0], "c", 1), block_hash)
        tx = [coinbase["txid"]] if verbosity == 1 else [coinbase]
        return {**self._header(block_hash), "size": 200, "strippedsize": 200, "weight": 800, "tx": tx}

    def _stats(self, block_hash: str) -> dict[str, Any]:
        figures = ("subsidy", "totalfee", "minfeerate", "maxfeerate", "total_out", "ins", "outs")
        return {**dict.fromkeys(figures, 0), "feerate_percentiles": [0] * 5}

    def _coinbase(self, txid: str, verbosity: int = 0, block_hash: str | None = None) -> dict[str, Any] | str:
        return self._coinbase_fields(txid, block_hash) if verbosity else COINBASE

    def _coinbase_fields(self, txid: str, block_hash: str | None) -> dict[str, Any]:
        height = int((block_hash or txid)[1:])
        return {
            "txid": txid,
            "hash": txid,
            "version": 1,
            "size": 100,
            "vsize": 100,
            "weight": 400,
            "locktime": 0,
            "vin": [{"coinbase": "0452697a2f", "sequence": 0}],
            "vout": [{"value": 50, "n": 0, "scriptPubKey": {"hex": "51", "type": "nonstandard"}}],
            "blockhash": block_hash or self._of_branch(height),
            "blocktime": GENESIS_TIME + 600 * height,
            "confirmations": self.height - height + 1,
        }
