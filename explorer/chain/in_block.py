"""A transaction that the node does not find by its txid: in a block that is named, or in the genesis block."""

from __future__ import annotations

from explorer.bitcoin.query import MAX_HEIGHT, Hash, Height
from explorer.chain.batch import Batch
from explorer.errors import ExplorerError, NotFound, Unsupported
from explorer.node import answers
from explorer.node.rpc import Rpc


def find_elsewhere(rpc: Rpc, txid: str, block: Height | Hash | None, error: ExplorerError | None) -> answers.TxOutline:
    """Where a node does not find it by its txid, for the reason given: in the block named, or in the genesis block,
    whose coinbase it never hands out."""
    if error and error.message_id == "genesis_coinbase":
        return _genesis(rpc)
    if (block_hash := _block_hash(rpc, block)) and (inside := find_inside(rpc, txid, block_hash)):
        return inside
    raise error or NotFound("transaction_not_found", query=txid)


def _genesis(rpc: Rpc) -> answers.TxOutline:
    block_hash = rpc.call("getblockhash", 0, into=str)
    (found,) = rpc.call("getblock", block_hash, 2, into=answers.BlockOutlines).tx
    found.blockhash = block_hash
    return found


def find_inside(rpc: Rpc, txid: str, block_hash: str) -> answers.TxOutline | None:
    """The transaction in that block, None where it is not. Raises Unsupported where the node lacks the block."""
    batch = Batch(rpc)
    full = batch.ask(answers.TxOutline, "getrawtransaction", txid, 2, block_hash)
    # In a block that was never connected only this finds it: there is no undo data for the other.
    bare = batch.ask(answers.TxOutline, "getrawtransaction", txid, 1, block_hash)
    batch.send()
    if isinstance(bare.error, Unsupported):
        raise bare.error
    return full.known() or bare.known()


def _block_hash(rpc: Rpc, block: Height | Hash | None) -> str | None:
    if not isinstance(block, Height):
        return block.hex if block else None
    if block.height > MAX_HEIGHT:
        return None
    batch = Batch(rpc)
    reply = batch.ask(str, "getblockhash", block.height)
    batch.send()
    return reply.known()
