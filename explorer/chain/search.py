"""Where a search leads."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.bitcoin.query import AddressText, Hash, Height, Outpoint, Position, PrivateKey, Query
from explorer.chain.batch import Batch
from explorer.chain.blocks import hash_at
from explorer.chain.vanished import recall
from explorer.errors import BadQuery, NotFound, Unsupported
from explorer.node import answers
from explorer.node.capabilities import get_capabilities
from explorer.node.rpc import Rpc


@dataclass(frozen=True, slots=True)
class BlockFound:
    block_hash: str


@dataclass(frozen=True, slots=True)
class TransactionFound:
    """`block_hash` is where it is, when the search went through its block; `vout` is the output that was meant."""

    txid: str
    block_hash: str | None = None
    vout: int | None = None


@dataclass(frozen=True, slots=True)
class AddressFound:
    text: str


Found = BlockFound | TransactionFound | AddressFound


def find(rpc: Rpc, query: Query, typed: str) -> Found:
    """Raises NotFound for what is not there, and Unsupported where a node with more indexes could know."""
    match query:
        case Height(height):
            return BlockFound(hash_at(rpc, height))
        case Hash(digest):
            return _block_or_transaction(rpc, digest)
        case Outpoint(txid, vout):
            return _output(rpc, txid, vout)
        case Position(height, position):
            return _at_position(rpc, height, position)
        case AddressText(text):
            return AddressFound(text)
        case PrivateKey():
            raise BadQuery("private_key")
        case _:
            raise NotFound("nothing_found", query=typed)


def _block_or_transaction(rpc: Rpc, digest: str) -> Found:
    """Both are tried in one batch: nothing about 64 digits tells which of the two they are."""
    batch = Batch(rpc)
    header = batch.ask(answers.Header, "getblockheader", digest)
    transaction = batch.ask(answers.Tx, "getrawtransaction", digest, 1)
    batch.send()
    if header.known():
        return BlockFound(digest)
    if transaction.known() or (transaction.error and transaction.error.message_id == "genesis_coinbase"):
        return TransactionFound(digest)
    if recall(rpc, get_capabilities(rpc), digest):  # its page says what became of it
        return TransactionFound(digest)
    if isinstance(transaction.error, Unsupported):
        raise Unsupported("nothing_found_without_txindex", query=digest)
    raise NotFound("nothing_found", query=digest)


def _output(rpc: Rpc, txid: str, vout: int) -> Found:
    batch = Batch(rpc)
    transaction = batch.ask(answers.Tx, "getrawtransaction", txid, 1)
    batch.send()
    found = transaction.known()
    if found and vout >= len(found.vout):
        raise NotFound("output_not_found", txid=txid, count=len(found.vout), vout=vout)
    return TransactionFound(txid, vout=vout)  # its page says what is wrong where it is not found


def _at_position(rpc: Rpc, height: int, position: int) -> Found:
    block_hash = hash_at(rpc, height)
    block = rpc.call("getblock", block_hash, 1, into=answers.Block)
    if position >= len(block.tx):
        raise NotFound("position_not_found", height=f"{height:,}", count=f"{len(block.tx):,}", position=f"{position:,}")
    return TransactionFound(block.tx[position], block_hash=block_hash)
