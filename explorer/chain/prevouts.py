"""The outputs that inputs spend, where the node did not send them along."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from explorer.bitcoin.models import Input, Transaction
from explorer.bitcoin.raw_transaction import RawTransaction
from explorer.chain import facts
from explorer.chain.batch import Batch, Reply
from explorer.chain.odd_bytes import reading
from explorer.node import answers

Outpoint = tuple[str, int]  # txid and vout


def missing(inputs: Iterable[Input]) -> list[Outpoint]:
    """What these inputs spend and nothing is known of."""
    return [(i.txid, i.vout) for i in inputs if i.txid is not None and i.vout is not None and not i.prevout]


class PrevoutQuestion:
    """Asks, as part of a batch, for these outputs, which inputs spend.

    For a transaction in the mempool, `mempool_parents` names the parents that are there too: every other output is
    still unspent in the chain, and found without txindex. Otherwise the parents are looked up, each of them once and as
    bytes: as JSON, one of a thousand outputs would be dearer than all the rest of a page.
    """

    def __init__(
        self,
        batch: Batch,
        outpoints: Iterable[Outpoint],
        network: str,
        mempool_parents: Collection[str] | None = None,
    ) -> None:
        self._network = network
        # Asked in the same breath as the outputs, whose heights follow from it and their confirmations.
        self._tip = batch.ask(int, "getblockcount") if mempool_parents is not None else None
        self._unspent: dict[tuple[str, int], Reply[answers.TxOut | None]] = {}
        self._asked: dict[str, Reply[str]] = {}
        self._parents: dict[str, RawTransaction | None] = {}
        for txid, vout in outpoints:
            if mempool_parents is not None and txid not in mempool_parents:
                self._unspent[txid, vout] = batch.ask_maybe(answers.TxOut, "gettxout", txid, vout, False)
            elif txid not in self._asked:
                self._asked[txid] = batch.ask(str, "getrawtransaction", txid, 0)

    def fill(self, tx: Transaction) -> Transaction:
        """The transaction with what was found, and its fee where all amounts are known."""
        if tx.is_coinbase:
            return tx
        inputs = self.filled(tx.inputs)
        amounts = [i.prevout.value for i in inputs if i.prevout]
        fee = sum(amounts) - tx.total_out if len(amounts) == len(inputs) else tx.fee
        return replace(tx, inputs=inputs, fee=fee)

    def filled(self, inputs: Iterable[Input]) -> tuple[Input, ...]:
        """The inputs with what was found."""
        return tuple(i if i.prevout else self._filled(i) for i in inputs)

    def _filled(self, i: Input) -> Input:
        if i.txid is None or i.vout is None:
            return i
        if self._tip and (reply := self._unspent.get((i.txid, i.vout))) and (unspent := reply.known()):
            height = self._tip.whole() - unspent.confirmations + 1
            return replace(i, prevout=facts.output(unspent), prevout_height=height)
        with reading("getrawtransaction"):
            parent = self._parent(i.txid)
            return replace(i, prevout=parent.read_output(i.vout, self._network)) if parent else i

    def total(self, outpoints: Iterable[Outpoint]) -> int | None:
        """Satoshis of these, looked up in their parents; None where one of those is not known."""
        total = 0
        with reading("getrawtransaction"):
            for txid, vout in outpoints:
                if (parent := self._parent(txid)) is None:
                    return None
                total += parent.value(vout)
        return total

    def _parent(self, txid: str) -> RawTransaction | None:
        """Read once, however many of its outputs are spent. Raises ValueError."""
        if txid not in self._parents:
            answer = self._asked[txid].known() if txid in self._asked else None
            self._parents[txid] = RawTransaction(bytes.fromhex(answer)) if answer else None
        return self._parents[txid]
