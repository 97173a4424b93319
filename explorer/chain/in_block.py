"""A transaction that the node does not find by its txid: in a block that is named, or in the genesis block."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Raw

from explorer.bitcoin.query import MAX_HEIGHT, Hash, Height
from explorer.chain.batch import Batch
from explorer.decoding import json_decoder
from explorer.errors import ExplorerError, NotFound, Unsupported
from explorer.node import answers
from explorer.node.rpc import Rpc


@dataclass(frozen=True, slots=True)
class Found:
    raw: Raw  # `getrawtransaction`, as the node sent it
    outline: answers.TxOutline


def find_elsewhere(rpc: Rpc, txid: str, block: Height | Hash | None, error: ExplorerError | None) -> Found:
    """Where a node does not find it by its txid, for the reason given: in the block named, or in the genesis block,
    whose coinbase it never hands out."""
    if error and error.message_id == "genesis_coinbase":
        return _genesis(rpc)
    if (block_hash := _block_hash(rpc, block)) and (inside := find_inside(rpc, txid, block_hash)):
        return inside
    raise error or NotFound("transaction_not_found", query=txid)


def read_outline(raw: Raw) -> answers.TxOutline:
    outline: answers.TxOutline = json_decoder(answers.TxOutline).decode(raw)
    return outline


def _genesis(rpc: Rpc) -> Found:
    block_hash = rpc.call("getblockhash", 0, into=str)
    (raw,) = rpc.call("getblock", block_hash, 2, into=answers.RawBlockTransactions).tx
    outline = read_outline(raw)
    outline.blockhash = block_hash
    return Found(raw, outline)


def find_inside(rpc: Rpc, txid: str, block_hash: str) -> Found | None:
    """The transaction in that block, None where it is not. Raises Unsupported where the node lacks the block."""
    batch = Batch(rpc)
    full = batch.ask(Raw, "getrawtransaction", txid, 2, block_hash)
    # In a block that was never connected only this finds it: there is no undo data for the other.
    bare = batch.ask(Raw, "getrawtransaction", txid, 1, block_hash)
    batch.send()
    if isinstance(bare.error, Unsupported):
        raise bare.error
    raw = full.known() or bare.known()
    return Found(raw, read_outline(raw)) if raw else None


def _block_hash(rpc: Rpc, block: Height | Hash | None) -> str | None:
    if not isinstance(block, Height):
        return block.hex if block else None
    if block.height > MAX_HEIGHT:
        return None
    batch = Batch(rpc)
    reply = batch.ask(str, "getblockhash", block.height)
    batch.send()
    return reply.known()
