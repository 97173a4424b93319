"""Coins that anyone can spend: transactions of any shape without keys and without a wallet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from embit.networks import NETWORKS
from embit.script import Script, Witness, p2wsh
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from tests.bitcoind import Bitcoind

COIN = 100_000_000  # satoshis
VALUE = 100_000  # satoshis, of a coin unless told otherwise
OP_TRUE = Script(b"\x51")
ANYONE = p2wsh(OP_TRUE)
ADDRESS: str = ANYONE.address(NETWORKS["regtest"])
REPLACEABLE = 0xFFFFFFFD
FINAL = 0xFFFFFFFF
MATURITY = 100  # blocks on top of a coinbase until it can be spent


class Coin(NamedTuple):
    txid: str
    vout: int
    value: int  # satoshis


class Made(NamedTuple):
    """A transaction, not sent to anybody yet, and the coins among its outputs."""

    hex: str
    txid: str
    coins: list[Coin]

    def send(self, node: Bitcoind) -> str:
        txid: str = node.rpc("sendrawtransaction", self.hex, 0)  # 0: no fee is too high
        return txid


def data(content: bytes) -> tuple[Script, int]:
    """An output that carries up to 75 bytes."""
    return Script(bytes([0x6A, len(content)]) + content), 0


def spend(
    coins: Sequence[Coin],
    amounts: Sequence[int | tuple[Script, int]],
    *,
    sequence: int = REPLACEABLE,
    locktime: int = 0,
    witness: Sequence[bytes] = (OP_TRUE.data,),
) -> Made:
    """Pays the amounts to coins of the same kind, or to scripts; what is left over is the fee.

    `witness` is what unlocks each of the coins, if it is not the usual.
    """
    outputs = [amount if isinstance(amount, tuple) else (ANYONE, amount) for amount in amounts]
    tx = Transaction(
        2,
        [
            TransactionInput(bytes.fromhex(coin.txid), coin.vout, sequence=sequence, witness=Witness(list(witness)))
            for coin in coins
        ],
        [TransactionOutput(value, script) for script, value in outputs],
        locktime,
    )
    txid = tx.txid().hex()
    made = [Coin(txid, vout, value) for vout, (script, value) in enumerate(outputs) if script is ANYONE]
    return Made(tx.serialize().hex(), txid, made)


def split(node: Bitcoind, coin: Coin, count: int, value: int = VALUE) -> list[Coin]:
    """Confirmed coins out of a larger one; what is left of it is one more, the last."""
    rest = coin.value - count * value - 50 * count - 1_000
    coins = spend([coin], [value] * count + [rest])
    mine(node, [coins])
    return coins.coins


def fund(node: Bitcoind, count: int, value: int = VALUE) -> list[Coin]:
    """Confirmed coins, paid for by the node's wallet."""
    total = count * value + 50 * count + 2_000
    txid = node.rpc("sendtoaddress", ADDRESS, f"{total // COIN}.{total % COIN:08}")
    outputs = node.rpc("getrawtransaction", txid, 1)["vout"]
    (vout,) = [output["n"] for output in outputs if output["scriptPubKey"].get("address") == ADDRESS]
    node.mine(1)
    return split(node, Coin(txid, vout, total), count, value)[:count]


def reward(node: Bitcoind, count: int) -> list[Coin]:
    """The coinbases of new blocks, which can be spent: on regtest the first 149 bring 50 bitcoins each."""
    hashes = node.mine(count, ADDRESS)
    node.mine(MATURITY, ADDRESS)
    txids = [node.rpc("getblock", block_hash, 1)["tx"][0] for block_hash in hashes]
    return [Coin(txid, 0, 50 * COIN) for txid in txids]


def mine(node: Bitcoind, transactions: Sequence[Made]) -> str:
    """A block with exactly these transactions, in this order; returns its hash."""
    answer = node.rpc("generateblock", ADDRESS, [made.hex for made in transactions])
    block_hash: str = answer["hash"]
    return block_hash


def draft(node: Bitcoind, transactions: Sequence[Made]) -> tuple[str, str]:
    """A block on top of the tip that the node has not seen: its hash and its hex, for `submitblock`."""
    answer = node.rpc("generateblock", ADDRESS, [made.hex for made in transactions], False)
    return answer["hash"], answer["hex"]
