"""The methods about blocks and the chain."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Raw

from explorer.node.demo.moment import Fields, Moment, fields
from explorer.node.demo.parameters import INVALID, NOT_FOUND, TYPE, NodeError, hash_of, integer, kind_of, verbosity
from explorer.node.demo.transactions import compact_size, without_prevouts

# What `getblock` says and `getblockheader` does not.
BLOCK_ONLY: Final = frozenset({"strippedsize", "size", "weight", "coinbase_tx"})
MONTH: Final = 30 * 24 * 6  # blocks: what `getchaintxstats` looks back if nothing else is said


def getblockcount(moment: Moment) -> int:
    return moment.height


def getbestblockhash(moment: Moment) -> str:
    return moment.tip.hash


def getblockhash(moment: Moment, height: Any) -> str:
    if not 0 <= (number := integer(height)) <= moment.height:
        raise NodeError(INVALID, "Block height out of range")
    return moment.record.blocks[number].hash


def getblockheader(moment: Moment, blockhash: Any, verbose: bool | None = None) -> Fields | str:
    block = _block(moment, blockhash, "hash")
    if verbose is False:
        return moment.record.blocks[block].header
    return {name: value for name, value in _described(moment, block).items() if name not in BLOCK_ONLY}


def getblock(moment: Moment, blockhash: Any, verbose: Any = None) -> Fields | str:
    level = verbosity(verbose, 1)
    block = _block(moment, blockhash, "blockhash")
    record, numbers = moment.record, moment.record.numbers(block)
    if level <= 0:
        return record.blocks[block].header + compact_size(len(numbers)) + "".join(map(record.hex, numbers))
    transactions: list[Any]
    if level == 1:
        transactions = record.txids(numbers)
    elif level == 2:
        transactions = [without_prevouts(record.transaction(number)) for number in numbers]
    else:
        transactions = list(map(record.transaction, numbers))
    return _described(moment, block) | {"tx": transactions}


def getblockstats(moment: Moment, hash_or_height: Any, stats: list[Any] | None = None) -> Fields | Raw:
    if kind_of(hash_or_height) == "number":
        block = integer(hash_or_height)
        if block < 0:
            raise NodeError(INVALID, f"Target block height {block} is negative")
        if block > moment.height:
            raise NodeError(INVALID, f"Target block height {block} after current tip {moment.height}")
    else:
        block = _block(moment, hash_or_height, "hash_or_height")
    raw = moment.record.blocks[block].stats
    if not stats:
        return raw
    all_stats = fields(raw)
    for name in stats:
        if not isinstance(name, str):
            raise NodeError(TYPE, f"JSON value of type {kind_of(name)} is not of expected type string")
        if name not in all_stats:
            raise NodeError(INVALID, f"Invalid selected statistic '{name}'")
    return {name: all_stats[name] for name in stats}


def getchaintxstats(moment: Moment, nblocks: Any = None, blockhash: Any = None) -> Fields:
    record, block = moment.record, moment.height
    if blockhash is not None:
        block = _block(moment, blockhash, "blockhash")
        if not moment.in_best_chain(block):
            raise NodeError(INVALID, "Block is not in main chain")
    if nblocks is None:
        window = max(0, min(MONTH, block - 1))
    else:
        window = integer(nblocks)
        if window < 0 or (window > 0 and window >= block):
            raise NodeError(INVALID, "Invalid block count: should be between 0 and the block's height - 1")
    answer: Fields = {
        "time": record.facts[block].time,
        "txcount": record.numbers(block).stop,
        "window_final_block_hash": record.blocks[block].hash,
        "window_final_block_height": block,
        "window_block_count": window,
    }
    if window:
        interval = record.facts[block].mediantime - record.facts[block - window].mediantime
        count = record.numbers(block).stop - record.numbers(block - window).stop
        answer |= {"window_interval": interval, "window_tx_count": count}
        if interval > 0:
            answer["txrate"] = Raw(f"{count / interval:.16g}".encode())  # the node prints 16 digits
    return answer


def _block(moment: Moment, value: Any, name: str) -> int:
    block = moment.find_block(hash_of(value, name))
    if block is None:
        raise NodeError(NOT_FOUND, "Block not found")
    return block


def _described(moment: Moment, block: int) -> Fields:
    """What `getblock` says of a block besides its transactions."""
    answer = fields(moment.record.blocks[block].block)
    answer["confirmations"] = moment.confirmations(block)
    if block < moment.height:
        answer["nextblockhash"] = moment.record.blocks[block + 1].hash
    return answer
