"""What became of a transaction's outputs: unspent, spent, unspendable, or not known."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.bitcoin.models import Place, Spend
from explorer.bitcoin.script import is_unspendable
from explorer.chain.batch import Batch
from explorer.node import answers
from explorer.node.capabilities import Capabilities

UNSPENT = Spend("unspent")
SPENT = Spend("spent")
UNSPENDABLE = Spend("unspendable")
UNKNOWN = Spend("unknown")


class SpendQuestion:
    """Asks, as part of a batch, about outputs of a transaction.

    `gettxout` answers null for spent, unspendable, and all outputs of a stale block alike; `gettxspendingprevout` names
    the spender in the mempool, and from Bitcoin Core 31 on, with txospenderindex, in a block. While that index is being
    built it answers with an error: then it is not known by what.
    """

    def __init__(self, batch: Batch, txid: str, scripts: Mapping[int, str], capabilities: Capabilities) -> None:
        """`scripts` are those of the outputs, in hex, by vout."""
        self._unspent = {
            vout: batch.ask_maybe(answers.TxOut, "gettxout", txid, vout, True)
            for vout, script in scripts.items()
            if not is_unspendable(script)
        }
        self._vouts = tuple(scripts)
        outpoints = [{"txid": txid, "vout": vout} for vout in self._unspent]
        can_tell = outpoints and "gettxspendingprevout" in capabilities.methods
        self._spenders = batch.ask(list[answers.Spender], "gettxspendingprevout", outpoints) if can_tell else None

    def read(self, place: Place | None) -> dict[int, Spend]:
        """By vout. `place` is where the transaction stands, None in the mempool."""
        if place and place.height == 0:  # its output was never entered into the set of coins
            return dict.fromkeys(self._vouts, UNSPENDABLE)
        found = self._spenders.whole() if self._spenders and not self._spenders.error else []
        spenders = {spender.vout: spender for spender in found}
        return {vout: self._spend(vout, place, spenders.get(vout)) for vout in self._vouts}

    def _spend(self, vout: int, place: Place | None, spender: answers.Spender | None) -> Spend:
        if vout not in self._unspent:
            return UNSPENDABLE
        if place and not place.in_best_chain:
            return UNKNOWN
        if self._unspent[vout].known():
            return UNSPENT
        if spender and spender.spendingtxid:
            return Spend("spent", spender.spendingtxid, spender.blockhash)
        return SPENT if place else UNKNOWN
