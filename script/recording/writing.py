"""The record: what the node answered, as members of a zip file. `explorer/node/demo/record.py` reads it.

meta.json      the clock, the node, its arguments, answers that do not change, where the chunks start
blocks.json    for each block, the best chain's by height and then the stale ones: header, getblock, getblockstats
txs/NNN.json   the transactions in the blocks' order, as `getblock HASH 3` has them, and after them those that
               never came into a block, as `getrawtransaction TXID 1` has them; numbered from 0 throughout
txids.bin      their ids, 32 bytes each
counts.bin     their numbers of outputs, 16 bits each
spent.bin      for each output the height of the block that spends it, 0 for none, 16 bits each
frames.json    the moving part: what the node answered at each instant, and which entries its mempool held
entries.json   for each transaction of those mempools its entry, and from which frame on it was another one
"""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from explorer.node.demo.methods import METHODS
from tests.bitcoind import Bitcoind

FORMAT = 1
CHUNK = 128 * 1024  # characters of JSON: what is decompressed to look at one transaction
PER_FRAME = ("getblockchaininfo", "getmempoolinfo", "getchaintips", "getindexinfo")
SMALLEST = Decimal("0.00000001")  # numbers below it, such as regtest's difficulty, come with an exponent
TIP_DEPENDENT = ("confirmations", "nextblockhash")


class Number(float):
    """A number that is written as the node wrote it."""

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


class Recorder:
    """Looks on: `frame()` at each instant of the moving part, `write()` when all is told."""

    def __init__(self, node: Bitcoind) -> None:
        self.node = node
        self.start = 0
        self.duration = 0
        self.stale_hashes: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self.numbers: dict[str, int] = {}  # txid -> number among the entries
        self.entries: list[dict[str, Any]] = []

    def stale(self, block_hash: str) -> None:
        self.stale_hashes.append(block_hash)

    def begin(self, time: int) -> None:
        self.start = time

    def end(self, time: int) -> None:
        self.duration = time - self.start

    def frame(self, time: int) -> None:
        self.node.wait_for_indexes()
        pool = self.node.rpc("getrawmempool", False, True)
        for txid, entry in self.node.rpc("getrawmempool", True).items():
            if txid not in self.numbers:
                self.numbers[txid] = len(self.entries)
                raw = self.node.rpc("getrawtransaction", txid, 1)
                self.entries.append({"txid": txid, "raw": raw, "versions": []})
            versions = self.entries[self.numbers[txid]]["versions"]
            if not versions or versions[-1][1] != entry:
                versions.append([len(self.frames), entry])
        answers = {method: self.node.rpc(method) for method in PER_FRAME}
        self.frames.append({
            "at": time - self.start,
            "height": answers["getblockchaininfo"]["blocks"],
            "pool": [self.numbers[txid] for txid in pool["txids"]],
            "sequence": pool["mempool_sequence"],
            "answers": answers,
        })  # fmt: skip

    # --- at the end -------------------------------------------------------------------------------------------------

    def write(self, path: Path) -> None:
        node = self.node
        node.wait_for_indexes()
        tip = node.rpc("getblockcount")
        hashes = [node.rpc("getblockhash", height) for height in range(tip + 1)]
        txs: list[dict[str, Any]] = []
        blocks = []
        for block_hash in [*hashes, *self.stale_hashes]:
            block = node.rpc("getblock", block_hash, 3)
            blocks.append({
                "hash": block_hash,
                "first": len(txs),
                "header": node.rpc("getblockheader", block_hash, False),
                "block": {name: value for name, value in block.items() if name not in ("tx", *TIP_DEPENDENT)},
                "stats": node.rpc("getblockstats", block_hash),
            })  # fmt: skip
            txs += block["tx"]
        mined = {tx["txid"]: number for number, tx in reversed(list(enumerate(txs)))}
        for entry in self.entries:
            raw = entry.pop("raw")
            entry["tx"] = mined.get(raw["txid"], len(txs))
            if raw["txid"] not in mined:
                txs.append(raw)
        chunks, starts = _chunked([_dumps(tx) for tx in txs])
        help_lines = [
            line for line in node.rpc("help").splitlines()
            if not line or line.startswith("==") or line.split()[0] in METHODS
        ]  # fmt: skip
        network = node.rpc("getnetworkinfo")
        meta = {
            "format": FORMAT,
            "version": network["version"],
            "args": node.args,
            "start": self.start,
            "duration": self.duration,
            "tip": tip,
            "chunks": starts,
            "help": _without_empty_sections(help_lines),
            "getnetworkinfo": network,
        }
        members: dict[str, str | bytes] = {
            "meta.json": _dumps(meta),
            "blocks.json": _dumps(blocks),
            "frames.json": _dumps(self.frames),
            "entries.json": _dumps(self.entries),
            "txids.bin": b"".join(bytes.fromhex(tx["txid"]) for tx in txs),
            "counts.bin": _uint16([len(tx["vout"]) for tx in txs]),
            "spent.bin": _uint16(_spending_heights(blocks[: tip + 1], txs)),
            **{f"txs/{number:03}.json": chunk for number, chunk in enumerate(chunks)},
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as record:
            for name, data in members.items():
                record.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)


def _dumps(value: Any) -> str:
    return json.dumps(_numbers(value), ensure_ascii=False, separators=(",", ":"))


def _numbers(value: Any) -> Any:
    match value:
        case dict():
            return {name: _numbers(one) for name, one in value.items()}
        case list():
            return [_numbers(one) for one in value]
        case Decimal():
            return Number(f"{value:f}" if abs(value) >= SMALLEST or not value else str(value))
    return value


def _uint16(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(2, "little") for value in values)


def _chunked(texts: list[str]) -> tuple[list[str], list[int]]:
    """JSON arrays of about CHUNK characters, and the number of the first transaction in each."""
    groups: list[list[str]] = []
    starts: list[int] = []
    size = CHUNK
    for number, text in enumerate(texts):
        if size + len(text) > CHUNK:
            groups.append([])
            starts.append(number)
            size = 0
        groups[-1].append(text)
        size += len(text)
    return ["[" + ",".join(group) + "]" for group in groups], starts


def _spending_heights(blocks: list[dict[str, Any]], txs: list[dict[str, Any]]) -> list[int]:
    """For each output of each transaction the height at which the best chain spends it, or 0."""
    spent: dict[tuple[str, int], int] = {}
    for block in blocks:
        for tx in txs[block["first"] : block["first"] + block["block"]["nTx"]]:
            for vin in tx["vin"]:
                if "txid" in vin:
                    spent[vin["txid"], vin["vout"]] = block["block"]["height"]
    return [spent.get((tx["txid"], vout["n"]), 0) for tx in txs for vout in tx["vout"]]


def _without_empty_sections(lines: list[str]) -> str:
    sections = "\n".join(lines).split("\n\n")
    return "\n\n".join(section.strip("\n") for section in sections if len(section.strip("\n").splitlines()) > 1)
