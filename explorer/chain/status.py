"""How the chain, the node and its mempool are, as a question; `tip.py` keeps the answer."""

from __future__ import annotations

from explorer.bitcoin.models import Status
from explorer.chain import facts
from explorer.chain.batch import Batch
from explorer.node import answers


class StatusQuestion:
    """The three calls of a status, as part of any batch."""

    def __init__(self, batch: Batch) -> None:
        self._chain = batch.ask(answers.BlockchainInfo, "getblockchaininfo")
        self._node = batch.ask(answers.NetworkInfo, "getnetworkinfo")
        self._mempool = batch.ask(answers.MempoolInfo, "getmempoolinfo")

    def read(self) -> Status:
        return Status(
            facts.chain_status(self._chain.whole()),
            facts.node_status(self._node.whole()),
            facts.mempool_status(self._mempool.whole()),
        )
