"""The people of the demo chain and what they do: one function for each kind of transaction."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from embit.ec import PrivateKey
from embit.script import Script

from . import keys
from .keys import Lock, key
from .wallets import FINAL, NOT_FINAL, REPLACEABLE, Coin, Ledger, Output, Payment, Terms, Wallet, sign

COIN = 100_000_000  # satoshis
LOW_FEERATE, HIGH_FEERATE = 1.2, 80.0  # sat/vB; the node counts up to a tenth more vbytes for many signatures
ANCHOR_VALUE = 240  # satoshis: what a node still relays

NOTES = [
    "Hello, world", "你好，世界", "こんにちは世界", "안녕, 세상아", "Привет, мир", "Γεια σου κόσμε", "مرحبا بالعالم",
    "שלום עולם", "नमस्ते दुनिया", "สวัสดีชาวโลก", "Olá, mundo", "¡Hola, mundo!", "Bonjour le monde", "Grüß dich, Welt",
    "Ciao mondo", "Merhaba dünya", "Xin chào thế giới", "Habari dunia", "Witaj, świecie", "Pozdrav svijete",
    "Happy birthday, Grandma! 🎂", "Ana & Luis, 2026 💍", "Rent for June", "Invoice 2026-117, thank you",
    "千里之行，始于足下", "The cat sat on the block", "This sentence is kept by very many people.",
]  # fmt: skip


class Economy:
    """Wallets of every kind of lock, and their habits. Each habit returns what is to be sent, parents first; often
    nothing, where nobody can afford it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.ledger = Ledger(rng)
        self.notes = 0
        self.bare_outputs = True  # whether anybody pays to a bare key or a bare multisig
        wallet = self.ledger.wallet

        def trio(account: int, n: int) -> list[PrivateKey]:
            return [key(account, n, cosigner) for cosigner in range(3)]

        def savings(n: int) -> Lock:
            return keys.p2wsh_timelock(key(20, n), sequence=rng.choice([3, 6, 12]))

        def inheritance(n: int) -> Lock:
            return keys.p2wsh_timelock(key(21, n), locktime=self.ledger.height + rng.randint(2, 8))

        def trust(n: int) -> Lock:
            return keys.p2wsh_timelock(key(22, n), locktime=self.ledger.mediantime + rng.randint(60, 400))

        def old_multisig(n: int) -> Lock:
            return keys.bare_multisig(rng.choice([1, 2]), trio(23, n)[: rng.choice([2, 3])])

        self.exchange = wallet("exchange", lambda n: keys.p2wpkh(key(1, n)), reuse=0.4)
        self.shop = wallet("shop", lambda n: keys.p2tr(key(2, n)), reuse=0.1)
        self.hot = wallet("hot", lambda n: keys.p2tr(key(3, n)), reuse=0)
        self.payees = wallet("payees", lambda n: keys.p2wpkh(key(4, n)), reuse=0)
        self.customers = wallet("customers", lambda n: keys.p2wpkh(key(5, n)), reuse=0)
        self.people = [
            wallet("alice", lambda n: keys.p2wpkh(key(10, n))),
            wallet("bob", lambda n: keys.p2tr(key(11, n))),
            wallet("carol", lambda n: keys.p2sh_p2wpkh(key(12, n))),
            wallet("dan", lambda n: keys.p2pkh(key(13, n)), reuse=0.4),
            wallet("erin", lambda n: keys.p2tr(key(14, n))),
            wallet("frank", lambda n: keys.p2wpkh(key(15, n))),
            self.shop,
            self.exchange,
        ]
        self.unusual = [
            wallet("family", lambda n: keys.p2wsh_multisig(2, trio(16, n))),
            wallet("company", lambda n: keys.p2sh_multisig(2, trio(17, n))),
            wallet("scripted", lambda n: keys.p2tr_script(key(19, n, 0), key(19, n, 1))),
            wallet("savings", savings, reuse=0),
            wallet("inheritance", inheritance, reuse=0),
            wallet("trust", trust, reuse=0),
        ]
        self.bare = [
            wallet("oldtimer", lambda n: keys.p2pk(key(18, n), compressed=n % 3 > 0), reuse=0.3),
            wallet("committee", old_multisig, reuse=0),
        ]
        for one in self.bare:
            one.change = self.people[3]
        self.everybody = [*self.people, *self.unusual, *self.bare]

    # --- terms ------------------------------------------------------------------------------------------------------

    def feerate(self) -> float:
        return min(HIGH_FEERATE, max(LOW_FEERATE, self.rng.lognormvariate(1.7, 0.9)))

    def terms(self, feerate: float | None = None) -> Terms:
        rng = self.rng
        return Terms(
            feerate=feerate or self.feerate(),
            version=1 if rng.random() < 0.12 else 2,
            locktime=self.ledger.height if rng.random() < 0.35 else 0,  # as wallets do against fee sniping
            sequence=rng.choices([REPLACEABLE, NOT_FINAL, FINAL], [6, 2, 2])[0],
        )

    def amount(self, available: int) -> int:
        """From thousandths of a bitcoin to some, often round."""
        wanted = min(self.rng.lognormvariate(-3.2, 1.4) * COIN, available * 0.45)
        unit: int = self.rng.choices([1, 1_000, 10_000, 100_000], [4, 2, 2, 1])[0]
        return max(int(wanted) // unit * unit, 20_000)

    def rich(self, wallets: Sequence[Wallet], least: int = 500_000) -> Wallet | None:
        able = [wallet for wallet in wallets if wallet.balance() >= least]
        return self.rng.choice(able) if able else None

    def payee(self, but: Wallet) -> Wallet:
        return self.rng.choice([wallet for wallet in self.payees_now() if wallet is not but])

    def payees_now(self) -> list[Wallet]:
        return self.everybody if self.bare_outputs else [*self.people, *self.unusual]

    # --- habits -----------------------------------------------------------------------------------------------------

    def pay(self, feerate: float | None = None, wallets: Sequence[Wallet] | None = None) -> list[Payment]:
        payer = self.rich(wallets or self.everybody)
        if payer is None:
            return []
        outputs = [(self.payee(payer).receive(), self.amount(payer.balance()))]
        return _sent(payer.pay(outputs, self.terms(feerate)))

    def unusual_spend(self) -> list[Payment]:
        return self.pay(wallets=[*self.unusual, *self.bare])

    def batch(self) -> list[Payment]:
        share = self.exchange.balance() // 40
        if share < 400_000:
            return []
        outputs = [(self.payee(self.exchange).receive(), self.amount(share)) for _ in range(self.rng.randint(3, 14))]
        return _sent(self.exchange.pay(outputs, self.terms()))

    def consolidate(self) -> list[Payment]:
        able = [wallet for wallet in self.everybody if len(wallet.spendable()) >= 6]
        if not able:
            return []
        wallet = self.rng.choice(able)
        coins = sorted(wallet.spendable(), key=lambda coin: coin.value)[: self.rng.randint(5, 12)]
        return _sent(wallet.pay([], self.terms(self.rng.uniform(1, 2)), coins))

    def note(self) -> list[Payment]:
        payer = self.rich(self.people)
        if payer is None:
            return []
        text = NOTES[self.notes % len(NOTES)]
        self.notes += 1
        return _sent(payer.pay([(keys.data_carrier(text.encode()), 0)], self.terms()))

    def coinjoin(self) -> list[Payment]:
        """Several people, equal amounts, one transaction."""
        people = [wallet for wallet in self.people[:6] if wallet.balance() > 3_000_000]
        if len(people) < 3:
            return []
        share = 1_000_000 * self.rng.choice([1, 1, 2])
        coins: list[Coin] = []
        outputs: list[Output] = []
        for wallet in people:
            mine = wallet.take(share + 100_000) or []
            coins += mine
            change = sum(coin.value for coin in mine) - share - int(self.feerate() * 150)
            outputs += [(wallet.receive(), share), (wallet.receive(), change)]
        self.rng.shuffle(outputs)
        payment = sign(coins, outputs, Terms())
        self.ledger.spend(payment)
        return [payment]

    def parent_paid_by_child(self) -> list[Payment]:
        """A payment that offers too little, and the payee's own that makes up for it."""
        payer = self.rich(self.people)
        payee = self.rng.choice([wallet for wallet in self.people[:6] if wallet is not payer])
        if payer is None:
            return []
        script = payee.receive()
        outputs = [(script, max(self.amount(payer.balance()), 400_000))]
        parent = payer.pay(outputs, self.terms(self.rng.uniform(1.1, 1.4)))
        if parent is None:
            return []
        vout = next(n for n, out in enumerate(parent.tx.vout) if out.script_pubkey == script)
        coin = parent.coin(vout, self.ledger.owners[script.data][1])
        child = payee.pay([], self.terms(self.rng.uniform(4, 10)), [coin])
        return [parent, *_sent(child)]

    def channel_closed(self) -> list[Payment]:
        """A Lightning channel as it is closed by one side: what each gets, an anchor, and who pays through it."""
        family, savings = self.unusual[0], self.unusual[3]
        coins = sorted(family.spendable(), key=lambda coin: -coin.value)[:1]
        helper = self.rich(self.people[:6])
        if not coins or coins[0].value < 600_000 or helper is None:
            return []
        rest = coins[0].value - ANCHOR_VALUE - 250  # a fee too low to be mined by itself
        part = rest * self.rng.randint(20, 80) // 100
        outputs: list[Output] = [
            (savings.receive(), part), (self.shop.receive(), rest - part), (keys.ANCHOR, ANCHOR_VALUE)
        ]  # fmt: skip
        parent = sign(coins, outputs, Terms(sequence=REPLACEABLE))
        self.ledger.spend(parent)
        funds = helper.take(100_000)
        if funds is None:
            return [parent]
        child = helper.pay([], Terms(feerate=self.rng.uniform(8, 25)), [parent.coin(2, keys.anchor()), *funds])
        return [parent, *_sent(child)]

    def habit(self) -> list[Payment]:
        """Something that somebody does, drawn by how common it is."""
        habits: list[tuple[Callable[[], list[Payment]], int]] = [
            (self.pay, 50), (self.unusual_spend, 22), (self.batch, 6), (self.consolidate, 5), (self.note, 7),
            (self.coinjoin, 2), (self.parent_paid_by_child, 4), (self.channel_closed, 4),
        ]  # fmt: skip
        chosen = self.rng.choices([one for one, _ in habits], [weight for _, weight in habits])[0]
        return chosen()

    # --- once each --------------------------------------------------------------------------------------------------

    def payout(self, count: int) -> list[Payment]:
        """One transaction with very many outputs."""
        outputs = [(self.payees.receive(), self.rng.randint(20_000, 900_000)) for _ in range(count - 1)]
        return _sent(self.exchange.pay(outputs, Terms(feerate=7)))

    def fan_out(self, count: int, value: int) -> list[Payment]:
        """Coins for the hot wallet."""
        return _sent(self.exchange.pay([(self.hot.receive(), value) for _ in range(count)], Terms(feerate=5)))

    def rush(self, count: int, customers: int) -> list[Payment]:
        """`count` withdrawals from the hot wallet, in chains that each hang on one coin."""
        scripts = [self.customers.receive() for _ in range(customers)]
        coins = self.hot.spendable()
        payments: list[Payment] = []
        for coin in coins:
            regulars = self.rng.sample(scripts, 6)
            for _ in range(count // len(coins)):
                fee = round(self.rng.uniform(2, 9) * 154)
                value = self.amount(3_000_000)
                outputs = [(self.rng.choice(regulars), value), (coin.lock.script, coin.value - value - fee)]
                payment = sign([coin], outputs, Terms())
                self.ledger.spend(payment)
                coin = payment.coin(1, coin.lock)
                payments.append(payment)
        return payments

    def sweep(self, count: int) -> list[Payment]:
        """One transaction with very many inputs."""
        return _sent(self.customers.pay([], Terms(feerate=1.5), self.customers.spendable()[:count]))

    def odd_outputs(self) -> list[Payment]:
        """What one hardly ever meets: a script for anybody, a future witness version, data in many pushes, a burn."""
        outputs: list[Output] = [
            (Script(b"\x51"), 10_000),  # OP_TRUE
            (Script(b"\x60\x20" + bytes(range(32))), 30_000),  # witness version 16
            (Script(b"\x52\x03\x01\x02\x03"), 20_000),  # witness version 2
            (keys.data_carrier(b"three", b"pushes", "of data ✓".encode()), 0),
            (keys.data_carrier(), 5_000),  # burns 5,000 satoshis
            (keys.data_carrier(bytes(range(200, 256))), 0),  # no text
            (Script(bytes.fromhex("6a4c")), 0),  # a push that is cut off
            (Script(bytes.fromhex("76a9149f4a")), 12_000),  # nonsense, lost for ever
        ]
        return _sent(self.exchange.pay(outputs, Terms(feerate=3, version=1)))

    def anybody_takes(self, source: Payment) -> list[Payment]:
        """Spends the script for anybody of `odd_outputs`, paying no fee."""
        vout = next(n for n, out in enumerate(source.tx.vout) if out.script_pubkey.data == b"\x51")
        coin = source.coin(vout, Lock(Script(b"\x51"), lambda tx, index, spent: (b"", [])))
        payment = sign([coin], [(self.shop.receive(), coin.value)], Terms(version=1, sequence=FINAL))
        self.ledger.spend(payment)
        return [payment]

    def publication(self, text: bytes) -> list[Payment]:
        """A text inside a witness: the commitment to a script that holds it, and the spending that shows it."""
        lock = keys.p2tr_script(key(30, 0), key(30, 1), keys.envelope(b"text/plain;charset=utf-8", text))
        commit = self.exchange.pay([(lock.script, 200_000)], Terms(feerate=4))
        if commit is None:
            return []
        vout = next(n for n, out in enumerate(commit.tx.vout) if out.script_pubkey == lock.script)
        reveal = self.shop.pay([], Terms(feerate=2), [commit.coin(vout, lock)])
        return [commit, *_sent(reveal)]


def _sent(payment: Payment | None) -> list[Payment]:
    return [] if payment is None else [payment]
