"""The story of the demo chain: its history, about ten minutes a block, and its moving part, about half a minute."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.bitcoind import Bitcoind

from . import keys
from .economy import Economy
from .keys import key
from .mining import Candidate, Mined, Pool, assemble, best_packages
from .wallets import Payment, Terms
from .writing import Recorder

FIRST_BLOCK = 1_780_250_000  # Unix seconds; regtest's genesis block is older, as on every chain
HISTORY = 200  # blocks before the moving part
MOVING = 108
MATURITY = 100  # blocks until a coinbase can be spent
TICK = 5  # seconds between looks at the mempool
SEED = 21

PUBLICATION = b"A witness can hold a long text. This one is dull, and here to be folded away.\n" * 120


class Story:
    """Tells the story to a node, and to a recorder that looks on."""

    def __init__(self, node: Bitcoind, recorder: Recorder) -> None:
        self.node = node
        self.recorder = recorder
        self.rng = random.Random(SEED)  # noqa: S311  reproducible on purpose
        self.economy = Economy(self.rng)
        self.now = FIRST_BLOCK
        self.height = 0
        self.tip: str = node.rpc("getblockhash", 0)
        self.sent: dict[str, Payment] = {}  # all that the node has been given
        self.direct: list[Payment] = []  # for the next block, past the mempool
        self.immature: list[Mined] = []
        self.to_replace: tuple[Payment, int] | None = None  # and when
        wallet = self.economy.ledger.wallet
        self.pools = [
            Pool("/Riverside Mining/", wallet("riverside", lambda n: keys.p2wpkh(key(40, n)), reuse=0.9), 30),
            Pool("/Kestrel Hash/", wallet("kestrel", lambda n: keys.p2tr(key(41, n)), reuse=0.9), 24),
            Pool("/北山矿池/", wallet("beishan", lambda n: keys.p2sh_p2wpkh(key(42, n)), reuse=0.9), 18),
            Pool("Mined by the Old Lighthouse", wallet("lighthouse", lambda n: keys.p2pkh(key(43, n)), reuse=0.9), 14),
            Pool("", wallet("nameless", lambda n: keys.p2wpkh(key(44, n)), reuse=0.3), 14),
        ]
        self.pioneer = Pool("", wallet("pioneer", lambda n: keys.p2pk(key(45, n), compressed=n > 5), reuse=0), 0)

    # --- beats ------------------------------------------------------------------------------------------------------

    def at(self, time: int) -> None:
        self.now = time
        self.node.rpc("setmocktime", time)

    def send(self, payments: Sequence[Payment]) -> None:
        relayed = all(is_relayed(payment) for payment in payments)
        for payment in payments:
            self.sent[payment.txid] = payment
            if relayed:
                self.node.rpc("sendrawtransaction", payment.hex, 0)  # 0: any fee rate
            else:
                self.direct.append(payment)

    def mempool(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.node.rpc("getrawmempool", True)
        return answer

    def pool(self) -> Pool:
        return self.rng.choices(self.pools, [pool.share for pool in self.pools])[0]

    def mine(self, pool: Pool, payments: Sequence[Payment], *, twin: Mined | None = None) -> None:
        """A block on the tip with these transactions; `twin` is one at the same height that came first and loses."""
        self.at(self.now)
        mined = assemble(self.tip, self.height + 1, self.now, pool, _candidates(payments), self.rng)
        reply = self.node.rpc("submitblock", mined.hex)
        if reply is not None and not (twin and reply == "inconclusive"):
            raise RuntimeError(f"block {self.height + 1}: {reply}")
        self.height, self.tip = self.height + 1, mined.hash
        self.economy.ledger.height = self.height
        self.economy.ledger.mediantime = self.node.rpc("getblockheader", mined.hash)["mediantime"]
        for payment in payments:
            outputs = [(out.script_pubkey, out.value) for out in payment.tx.vout]
            self.economy.ledger.confirm(payment.txid, outputs, self.height)
        self.immature.append(mined)
        if len(self.immature) >= MATURITY:
            mature = self.immature.pop(0)
            self.economy.ledger.confirm(mature.coinbase_txid, mature.coinbase_outputs, self.height - MATURITY + 1)

    def pay_out_pools(self) -> None:
        """The pools hand on what has matured."""
        economy = self.economy
        for pool in [*self.pools, self.pioneer]:
            available = pool.wallet.balance()
            if available < 40 * 100_000_000:
                continue
            outputs = [(economy.exchange.receive(), available * 35 // 100)]
            for wallet in self.rng.sample(economy.payees_now(), 5):
                outputs.append((wallet.receive(), int(available * self.rng.uniform(0.02, 0.07))))
            payment = pool.wallet.pay(outputs, economy.terms())
            self.send([payment] if payment else [])

    def some_habits(self, count: int) -> None:
        for _ in range(count):
            self.send(self.economy.habit())

    def chosen(self, count: int) -> list[Payment]:
        return [self.sent[txid] for txid in best_packages(self.mempool(), count)]

    # --- history ----------------------------------------------------------------------------------------------------

    def tell_history(self) -> None:
        rng, economy = self.rng, self.economy
        odd: list[Payment] = []
        while self.height < HISTORY:
            height = self.height + 1
            self.at(self.now + int(min(2400, max(25, rng.expovariate(1 / 600)))))
            pool = self.pioneer if height <= 12 else self.pool()
            extra: list[Payment] = []
            if height > MATURITY:
                self.pay_out_pools()
                self.some_habits(rng.randint(1, 7) if height % 17 else 0)
            match height:
                case 125:
                    odd = economy.odd_outputs()
                    extra = odd
                case 128:
                    extra = economy.anybody_takes(odd[0])
                case 140:
                    extra = economy.payout(500)
                case 152:
                    extra = economy.fan_out(20, 300_000_000)
                case 156:
                    extra = economy.rush(2000, customers=40)
                case 163:
                    extra = economy.sweep(300)
                case 170:
                    extra = economy.publication(PUBLICATION)
            extra = [*extra, *self.direct]
            self.direct.clear()
            backlog = 0 if height < HISTORY - 12 else rng.randint(8, 20)
            mempool = len(self.mempool())
            chosen = self.chosen(max(0, mempool - backlog)) if height % 17 else []
            if height == 185:
                self.fork([*extra, *chosen])
            else:
                self.mine(pool, [*extra, *chosen])

    def fork(self, chosen: Sequence[Payment]) -> None:
        """Two blocks at the same height: the one that came first loses, and with it a payment made twice."""
        economy = self.economy
        payer = economy.rich(economy.people)
        if payer is None:
            raise RuntimeError("nobody can pay twice")
        coins = payer.take(300_000) or []
        first = payer.finish(coins, [(economy.shop.receive(), 250_000)], Terms(feerate=3))
        second = payer.finish(coins, [(payer.receive(), 250_000)], Terms(feerate=9))
        economy.ledger.spend(second)
        loser_pool, winner_pool = self.pools[1], self.pools[0]
        loser = assemble(self.tip, self.height + 1, self.now, loser_pool, _candidates([*chosen, first]), self.rng)
        if reply := self.node.rpc("submitblock", loser.hex):
            raise RuntimeError(f"the block to lose: {reply}")
        self.recorder.stale(loser.hash)
        self.now += 7
        self.mine(winner_pool, [*chosen, second], twin=loser)
        self.now += 240
        self.mine(winner_pool, [])

    # --- the moving part --------------------------------------------------------------------------------------------

    def tell_moving(self) -> None:
        rng = self.rng
        self.economy.bare_outputs = False
        self.at(self.now + 12)
        self.some_habits(10)
        start = self.now
        self.recorder.begin(start)
        self.recorder.frame(start)
        next_block = start + rng.randint(18, 30)
        last = self.height + MOVING
        while self.height < last:
            self.at(self.now + 1)
            if self.now == next_block:
                self.moving_block()
                next_block += rng.randint(22, 38)
                self.recorder.frame(self.now)
            elif (self.now - start) % TICK == 0 and self.tick():
                self.recorder.frame(self.now)
        self.recorder.end(self.now + 30)

    def tick(self) -> bool:
        """What arrives within some seconds: habits, payments that are raised later, and their raising."""
        before = set(self.mempool())
        roll = self.rng.random()
        self.some_habits(2 if roll < 0.05 else 1 if roll < 0.42 else 0)
        if self.to_replace is None:
            payments = self.economy.pay(feerate=self.rng.uniform(1.1, 1.6))
            self.send(payments)
            if payments:
                self.to_replace = payments[0], self.now + self.rng.randint(10, 30)
        elif self.now >= self.to_replace[1]:
            self.replace(self.to_replace[0])
            self.to_replace = None
        self.keep_a_parent_paid()
        return set(self.mempool()) != before

    def keep_a_parent_paid(self) -> None:
        """The mempool always holds a parent paid for by its child."""
        if not any(map(is_paid_by_child, self.mempool().values())):
            self.send(self.economy.parent_paid_by_child())

    def replace(self, old: Payment) -> None:
        """The same payment at a higher fee, as long as it is not mined."""
        owner = self.economy.ledger.owners[old.inputs[0].lock.script.data][0]
        if old.txid not in self.mempool():
            return
        outputs = [(out.script_pubkey, out.value) for out in old.tx.vout]
        mine = {lock.script.data for lock in owner.locks}
        kept = [(script, value) for script, value in outputs if script.data not in mine]
        new = owner.finish(old.inputs, kept, Terms(feerate=self.rng.uniform(2.5, 6), sequence=old.tx.vin[0].sequence))
        if new.fee > 2 * old.fee:  # else there was no change to take it from
            self.send([new])

    def moving_block(self) -> None:
        backlog = self.rng.randint(18, 27)
        count = 0 if self.rng.random() < 0.05 else max(2, len(self.mempool()) - backlog)
        self.mine(self.pool(), self.chosen(count))
        self.pay_out_pools()
        self.keep_a_parent_paid()


def is_paid_by_child(entry: dict[str, Any]) -> bool:
    """Whether a mempool entry's descendants at least double its fee rate."""
    fees = entry["fees"]
    return bool(fees["descendant"] / entry["descendantsize"] >= 2 * fees["base"] / entry["vsize"])


def is_relayed(payment: Payment) -> bool:
    """Knots 29.4 takes no output script of over 34 bytes into its mempool: none that is P2PK or bare multisig."""
    scripts = [out.script_pubkey.data for out in payment.tx.vout]
    return all(len(script) <= 34 or script[0] == keys.OP_RETURN for script in scripts)


def _candidates(payments: Sequence[Payment]) -> list[Candidate]:
    return [Candidate(one.hex, one.txid, one.wtxid, one.fee) for one in payments]
