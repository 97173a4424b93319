"""How a wallet stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from explorer.bitcoin.amounts import satoshis
from explorer.chain.batch import Batch
from explorer.node.rpc import Rpc

MAX_CONFIRMATIONS = 9_999_999  # the node's own default


@dataclass(frozen=True, slots=True)
class WalletStatus:
    """Amounts are satoshis. `balance` is what can be spent now and `coins` how many outputs that is, its own
    unconfirmed change included; `pending` comes from others and waits for a block, `immature` is mined."""

    name: str
    balance: int
    pending: int
    immature: int
    transactions: int
    coins: int
    is_locked: bool  # encrypted, and the passphrase has not been given


class _Info(Struct):
    txcount: int
    unlocked_until: int | None = None  # 0: locked; absent where nothing is encrypted


class _Balance(Struct):
    trusted: Decimal
    untrusted_pending: Decimal
    immature: Decimal


class _Balances(Struct):
    mine: _Balance


class _Coin(Struct):
    pass


def get_wallet(rpc: Rpc, name: str) -> WalletStatus:
    """One round trip. Raises the node's refusal; another wallet may still answer."""
    batch = Batch(rpc.for_wallet(name))
    info = batch.ask(_Info, "getwalletinfo")
    balances = batch.ask(_Balances, "getbalances")
    # The last parameter leaves out what others might still take back: `trusted` leaves that out too.
    coins = batch.ask(list[_Coin], "listunspent", 0, MAX_CONFIRMATIONS, [], False)
    batch.send()
    mine = balances.whole().mine
    return WalletStatus(
        name,
        satoshis(mine.trusted),
        satoshis(mine.untrusted_pending),
        satoshis(mine.immature),
        info.whole().txcount,
        len(coins.whole()),
        info.whole().unlocked_until == 0,
    )
