"""Blocks: which transactions, whose coinbase, and a nonce."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from embit.script import Script

from .keys import compact_size, number, push
from .wallets import Output, Wallet, double_sha256

REGTEST_BITS = bytes.fromhex("ffff7f20")
REGTEST_TARGET = 0x7FFFFF << 232
HALVING = 150  # blocks, on regtest
VERSION = 0x20000000
COMMITMENT = bytes.fromhex("aa21a9ed")  # BIP 141


@dataclass(frozen=True)
class Pool:
    """A miner: what it writes into its coinbases, where it is paid, and its share of the blocks."""

    tag: str
    wallet: Wallet
    share: int


@dataclass(frozen=True)
class Candidate:
    """A transaction that a block may take."""

    hex: str
    txid: str
    wtxid: str
    fee: int


@dataclass(frozen=True)
class Mined:
    hash: str
    hex: str
    coinbase_txid: str
    coinbase_outputs: Sequence[Output]


def subsidy(height: int) -> int:
    return 50 * 100_000_000 >> (height // HALVING)


def best_packages(mempool: dict[str, Any], count: int) -> list[str]:
    """About `count` txids of a verbose mempool, parents first, by the fee rate of each with its parents."""
    chosen: list[str] = []
    left = dict(mempool)

    def package(txid: str) -> list[str]:
        members: list[str] = []
        for parent in left[txid]["depends"]:
            if parent in left:
                members += [one for one in package(parent) if one not in members]
        return [*members, txid]

    def feerate(members: list[str]) -> float:
        fees = sum(int(left[one]["fees"]["base"].scaleb(8)) for one in members)
        return fees / sum(int(left[one]["vsize"]) for one in members)

    while left and len(chosen) < count:
        best = max((package(txid) for txid in sorted(left)), key=feerate)
        chosen += best
        for txid in best:
            del left[txid]
    return chosen


def assemble(
    previous: str, height: int, time: int, pool: Pool, transactions: Sequence[Candidate], rng: random.Random
) -> Mined:
    """A block with valid proof of work (on regtest every second nonce is)."""
    fees = sum(tx.fee for tx in transactions)
    wtxids = [bytes(32), *(bytes.fromhex(tx.wtxid)[::-1] for tx in transactions)]
    commitment = COMMITMENT + double_sha256(merkle_root(wtxids) + bytes(32))
    outputs: list[Output] = [
        (pool.wallet.receive(), subsidy(height) + fees),
        (Script(b"\x6a" + push(commitment)), 0),
    ]
    script_sig = number(height) + (push(pool.tag.encode()) if pool.tag else b"") + push(rng.randbytes(6))
    base = b"".join([
        compact_size(1), bytes(32), b"\xff" * 4, compact_size(len(script_sig)), script_sig, b"\xff" * 4,
        compact_size(len(outputs)),
        *(value.to_bytes(8, "little") + script.serialize() for script, value in outputs),
    ])  # fmt: skip
    version, locktime, reserved = (2).to_bytes(4, "little"), bytes(4), b"\x01\x20" + bytes(32)
    coinbase = version + b"\x00\x01" + base + reserved + locktime
    txid = double_sha256(version + base + locktime)
    txids = [txid, *(bytes.fromhex(tx.txid)[::-1] for tx in transactions)]
    block_version = VERSION | (rng.getrandbits(16) << 13 if rng.random() < 0.3 else 0)  # BIP 320: bits to roll
    head = b"".join([
        block_version.to_bytes(4, "little"), bytes.fromhex(previous)[::-1], merkle_root(txids),
        time.to_bytes(4, "little"), REGTEST_BITS,
    ])  # fmt: skip
    nonce = rng.getrandbits(31)
    while int.from_bytes(double_sha256(head + nonce.to_bytes(4, "little")), "little") > REGTEST_TARGET:
        nonce += 1
    header = head + nonce.to_bytes(4, "little")
    body = compact_size(len(txids)).hex() + coinbase.hex() + "".join(tx.hex for tx in transactions)
    return Mined(double_sha256(header)[::-1].hex(), header.hex() + body, txid[::-1].hex(), outputs)


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    level = list(hashes)
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [double_sha256(left + right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]
