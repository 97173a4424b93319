"""A regtest chain to measure on: full blocks, a transaction of many inputs, one of many outputs, a busy mempool.

Its transactions are as large as the usual ones (one input with a signature, a payment, the change), but anyone can
spend them, so that nothing has to be signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embit.script import Script, p2wsh

from tests.bitcoind import Bitcoind
from tests.coins import COIN, Coin, Made, mine, reward, spend

FULL = 3_500  # transactions in a full block
FULL_BLOCKS = 12
WAITING = 1_500  # transactions in the mempool
SMALL, LARGE = 500, 5_000  # transactions in the two blocks that are compared
MANY_INPUTS, MANY_OUTPUTS = 2_000, 3_000

LOCK = Script(b"\x6d\x51")  # OP_2DROP OP_TRUE
ANYONE = p2wsh(LOCK)
WITNESS = (bytes(range(71)), bytes(33), LOCK.data)  # as long as a signature and a public key
PAID = 10_000  # satoshis of each payment
FEES = (170, 250, 400, 900, 2_500, 9_000)  # satoshis, in turn
COIN_VALUE = 700_000  # satoshis that a coin starts with: enough for every transaction that comes after it
FAN, FAN_FEE = 500, 30_000  # coins out of one transaction, satoshis for it


@dataclass(frozen=True)
class BenchChain:
    """What there is to be looked at."""

    full: tuple[str, ...]  # hashes of blocks
    small: str
    large: str
    ordinary: tuple[str, ...]  # txids of ordinary transactions in full blocks
    many_inputs: str
    many_outputs: str


def build(node: Bitcoind, full_blocks: int = FULL_BLOCKS, per_block: int = FULL) -> BenchChain:
    """Fills an empty node. Takes about a minute."""
    counter = iter(range(1 << 40))
    coins = _coins(node, max(per_block, LARGE) + WAITING + MANY_INPUTS)
    coins, inputs = coins[MANY_INPUTS:], coins[:MANY_INPUTS]
    many_outputs = spend([coins.pop()], [_payment(counter, 150) for _ in range(MANY_OUTPUTS)], witness=WITNESS)
    many_inputs = spend(inputs, [_payment(counter, (COIN_VALUE - 200) * MANY_INPUTS)], witness=WITNESS)
    full, ordinary = [], []
    for _ in range(full_blocks):
        made, coins[:per_block] = _spread(coins[:per_block], counter)
        full.append(mine(node, made))
        ordinary += [tx.txid for tx in made[1 : per_block : max(1, per_block // 100)]]
    made, coins[:SMALL] = _spread(coins[:SMALL], counter)
    small = mine(node, made)
    made, coins[:LARGE] = _spread(coins[:LARGE], counter)
    large = mine(node, made)
    mine(node, [many_inputs, many_outputs])
    made, _ = _spread(coins[-WAITING:], counter)
    for tx in made:
        tx.send(node)
    node.wait_for_indexes()
    return BenchChain(tuple(full), small, large, tuple(ordinary), many_inputs.txid, many_outputs.txid)


def _coins(node: Bitcoind, count: int) -> list[Coin]:
    """Confirmed coins to begin with, no more than some hundreds of them out of one transaction."""
    coins: list[Coin] = []
    for source in reward(node, 2):
        room = (source.value - COIN) // (COIN_VALUE * FAN + FAN_FEE)
        trunk = spend([source], [COIN_VALUE * FAN + FAN_FEE] * room)
        branches = [spend([coin], [(ANYONE, COIN_VALUE)] * FAN) for coin in trunk.coins]
        mine(node, [trunk, *branches])
        coins += [Coin(tx.txid, vout, COIN_VALUE) for tx in branches for vout in range(FAN)]
    assert len(coins) >= count, "two rewards pay for them"
    return coins[:count]


def _spread(coins: Sequence[Coin], counter: Iterator[int]) -> tuple[list[Made], list[Coin]]:
    """An ordinary transaction out of each coin, and the coins that are their change."""
    made, change = [], []
    for coin, fee in zip(coins, FEES * (len(coins) // len(FEES) + 1), strict=False):
        rest = coin.value - PAID - fee
        tx = spend([coin], [_payment(counter), (ANYONE, rest)], witness=WITNESS)
        made.append(tx)
        change.append(Coin(tx.txid, 1, rest))
    return made, change


def _payment(counter: Iterator[int], value: int = PAID) -> tuple[Script, int]:
    """To a new P2WPKH address that nobody has the key of."""
    program = hashlib.sha256(next(counter).to_bytes(8, "big")).digest()[:20]
    return Script(b"\x00\x14" + program), value
