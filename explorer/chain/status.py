"""How the chain, the node and its mempool are."""

from __future__ import annotations

from explorer.bitcoin.models import ChainStatus, Status
from explorer.chain import facts, tip
from explorer.chain.batch import Batch
from explorer.node import answers
from explorer.node.rpc import Rpc


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


def get_chain(rpc: Rpc) -> ChainStatus:
    """The chain alone, in one round trip."""
    chain = facts.chain_status(rpc.call("getblockchaininfo", into=answers.BlockchainInfo))
    tip.remember(rpc, chain)
    return chain


def get_status(rpc: Rpc) -> Status:
    """One round trip. Raises what the node's answer or silence means."""
    batch = Batch(rpc)
    question = StatusQuestion(batch)
    batch.send()
    status = question.read()
    tip.remember(rpc, status.chain, status.node.version)
    return status
