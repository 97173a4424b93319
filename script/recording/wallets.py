"""Coins, the wallets that own them, and the transactions that they sign."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from embit.script import Script, Witness
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from .keys import Lock, Spent

FINAL, NOT_FINAL, REPLACEABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
LOCKTIME_THRESHOLD = 500_000_000  # below it a lock time is a height, from it on a time
DUST = 1_000  # satoshis; less change is left to the miner


@dataclass(frozen=True)
class Coin:
    txid: str
    vout: int
    value: int  # satoshis
    lock: Lock
    height: int  # of its block; 0 while it is unconfirmed

    @property
    def outpoint(self) -> tuple[str, int]:
        return self.txid, self.vout


@dataclass(frozen=True)
class Payment:
    """A signed transaction and what is needed to build on it."""

    hex: str
    txid: str
    wtxid: str
    fee: int
    vsize: int
    tx: Transaction
    inputs: Sequence[Coin]

    def coin(self, vout: int, lock: Lock) -> Coin:
        """One of its outputs, to be spent before it is confirmed."""
        return Coin(self.txid, vout, self.tx.vout[vout].value, lock, height=0)


Output = tuple[Script, int]


@dataclass
class Terms:
    """How a transaction is to be made."""

    feerate: float = 2.0  # sat/vB
    version: int = 2
    locktime: int = 0
    sequence: int = REPLACEABLE


def sign(coins: Sequence[Coin], outputs: Sequence[Output], terms: Terms) -> Payment:
    """Signs with the inputs and outputs as they are; what is left over is the fee."""
    locktime = max([terms.locktime, *(coin.lock.locktime for coin in coins)])
    inputs = [
        TransactionInput(
            bytes.fromhex(coin.txid), coin.vout, sequence=coin.lock.sequence or _sequence(terms.sequence, locktime)
        )
        for coin in coins
    ]
    version = 2 if any(coin.lock.sequence for coin in coins) else terms.version  # BIP 68 is for version 2
    tx = Transaction(version, inputs, [TransactionOutput(value, script) for script, value in outputs], locktime)
    spent = [Spent(coin.lock.script, coin.value) for coin in coins]
    signed = [coin.lock.unlock(tx, index, spent) for index, coin in enumerate(coins)]
    for txin, (script_sig, witness) in zip(inputs, signed, strict=True):
        txin.script_sig, txin.witness = Script(script_sig), Witness(witness)
    return _payment(tx, coins)


def _sequence(wanted: int, locktime: int) -> int:
    return min(wanted, NOT_FINAL) if locktime else wanted  # a lock time counts only while some input is not final


def _payment(tx: Transaction, coins: Sequence[Coin]) -> Payment:
    raw = tx.serialize()
    total = len(raw)
    witness = sum(len(txin.witness.serialize()) for txin in tx.vin) + 2 if tx.is_segwit else 0
    fee = sum(coin.value for coin in coins) - sum(txout.value for txout in tx.vout)
    vsize = -(-(total * 4 - witness * 3) // 4)
    return Payment(raw.hex(), tx.txid().hex(), double_sha256(raw)[::-1].hex(), fee, vsize, tx, coins)


def double_sha256(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


@dataclass
class Wallet:
    """`make_lock(n)` makes its nth address; `reuse` is how often it shows an old one instead."""

    name: str
    make_lock: Callable[[int], Lock]
    reuse: float
    ledger: Ledger
    change: Wallet | None = None  # where its change goes, if not to itself
    locks: list[Lock] = field(default_factory=list)
    coins: list[Coin] = field(default_factory=list)  # confirmed and not spent

    def receive(self) -> Script:
        """A script to be paid to."""
        rng = self.ledger.rng
        if self.locks and rng.random() < self.reuse:
            return rng.choice(self.locks).script
        lock = self.make_lock(len(self.locks))
        self.locks.append(lock)
        self.ledger.owners[lock.script.data] = (self, lock)
        return lock.script

    def spendable(self) -> list[Coin]:
        return [coin for coin in self.coins if self.ledger.is_mature(coin)]

    def balance(self) -> int:
        return sum(coin.value for coin in self.spendable())

    def take(self, amount: int) -> list[Coin] | None:
        """Coins worth the amount or more, in no special order; None when there are not enough."""
        coins = self.spendable()
        self.ledger.rng.shuffle(coins)
        taken: list[Coin] = []
        while coins and sum(coin.value for coin in taken) < amount:
            taken.append(coins.pop())
        return taken if sum(coin.value for coin in taken) >= amount else None

    def pay(self, outputs: Sequence[Output], terms: Terms, coins: Sequence[Coin] | None = None) -> Payment | None:
        """Pays the outputs, with change to itself at a random place; None when it cannot afford to."""
        amount = sum(value for _, value in outputs)
        reserve = int(terms.feerate * 60 * (len(outputs) + 6))
        coins = self.take(amount + reserve) if coins is None else coins
        if not coins:
            return None
        payment = self.finish(coins, outputs, terms)
        self.ledger.spend(payment)
        return payment

    def finish(self, coins: Sequence[Coin], outputs: Sequence[Output], terms: Terms) -> Payment:
        change = sum(coin.value for coin in coins) - sum(value for _, value in outputs)
        place = self.ledger.rng.randint(0, len(outputs))
        mine = (self.change or self).receive()

        def build(fee: int) -> Payment:
            everything = list(outputs)
            if change - fee >= DUST:
                everything.insert(place, (mine, change - fee))
            return sign(coins, everything, terms)

        draft = build(0)
        return build(round(draft.vsize * terms.feerate))


class Ledger:
    """Who owns what, as of the tip."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.owners: dict[bytes, tuple[Wallet, Lock]] = {}
        self.height = 0
        self.mediantime = 0
        self.spent: set[tuple[str, int]] = set()

    def wallet(self, name: str, make_lock: Callable[[int], Lock], reuse: float = 0.45) -> Wallet:
        return Wallet(name, make_lock, reuse, self)

    def is_mature(self, coin: Coin) -> bool:
        """Whether the next block may spend it."""
        if self.height + 1 - coin.height < coin.lock.sequence:
            return False
        locktime = coin.lock.locktime
        return locktime < (self.height + 1 if locktime < LOCKTIME_THRESHOLD else self.mediantime)

    def spend(self, payment: Payment) -> None:
        """The coins are gone for their owner, whether it confirms or not."""
        for coin in payment.inputs:
            self.spent.add(coin.outpoint)
            owner = self.owners.get(coin.lock.script.data)
            if owner and coin in owner[0].coins:
                owner[0].coins.remove(coin)

    def confirm(self, txid: str, outputs: Sequence[Output], height: int) -> None:
        """Hands the outputs of a confirmed transaction to their owners."""
        for vout, (script, value) in enumerate(outputs):
            owner = self.owners.get(script.data)
            if owner and (txid, vout) not in self.spent:
                owner[0].coins.append(Coin(txid, vout, value, owner[1], height))
