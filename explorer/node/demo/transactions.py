"""The methods about transactions and their outputs."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from explorer.bitcoin.script import is_unspendable
from explorer.node.demo.moment import Fields, Moment, fields, inputs, outputs
from explorer.node.demo.parameters import (
    INVALID,
    NOT_FOUND,
    TYPE,
    NodeError,
    hash_of,
    integer,
    kind_of,
    verbosity,
)

GENESIS_COINBASE = "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved"
NO_SUCH = "No such mempool or blockchain transaction"
NO_SUCH_IN_BLOCK = "No such transaction found in the provided block"
HINT = ". Use gettransaction for wallet transactions."


def getrawtransaction(moment: Moment, txid: Any, verbose: Any = None, blockhash: Any = None) -> Fields | str:
    txid = hash_of(txid, "parameter 1")
    if txid == moment.record.txid(0):
        raise NodeError(NOT_FOUND, GENESIS_COINBASE)
    level = verbosity(verbose, 0)
    answer: Fields = {}
    block: int | None
    if blockhash is not None:
        block = moment.find_block(hash_of(blockhash, "parameter 3"))
        if block is None:
            raise NodeError(NOT_FOUND, "Block hash not found")
        number = moment.find_in_block(txid, block)
        if number is None:
            raise NodeError(NOT_FOUND, NO_SUCH_IN_BLOCK + HINT)
        answer["in_active_chain"] = moment.in_best_chain(block)
    elif entry := moment.find_unconfirmed(txid):
        number, block = entry.tx, None
    elif mined := moment.find_mined(txid):
        number, block = mined
    else:
        raise NodeError(NOT_FOUND, NO_SUCH + HINT)
    if level <= 0:
        return moment.record.hex(number)
    raw = moment.record.transaction(number)
    answer |= fields(raw) if level >= 2 and block is not None else _plain(raw)
    return answer if block is None else answer | _place(moment, block)


def _place(moment: Moment, block: int) -> Fields:
    """Where a transaction was mined."""
    block_hash = moment.record.blocks[block].hash
    if not moment.in_best_chain(block):
        return {"blockhash": block_hash, "confirmations": 0}
    time = moment.record.facts[block].time
    return {"blockhash": block_hash, "confirmations": moment.confirmations(block), "time": time, "blocktime": time}


def without_prevouts(raw: Raw) -> Fields:
    """As `getblock HASH 2` has it: with its fee, without what its inputs spend."""
    answer = fields(raw)
    answer["vin"] = [{name: value for name, value in vin.items() if name != "prevout"} for vin in inputs(answer["vin"])]
    return answer


def _plain(raw: Raw) -> Fields:
    """As `getrawtransaction TXID 1` has it: nothing that needs the undo data."""
    answer = without_prevouts(raw)
    answer.pop("fee", None)
    return answer


def compact_size(count: int) -> str:
    """Bitcoin's variable length integer, in hex, for up to 65,535."""
    return f"{count:02x}" if count < 0xFD else "fd" + count.to_bytes(2, "little").hex()


# --- outputs ----------------------------------------------------------------------------------------------------------


def gettxout(moment: Moment, txid: Any, n: Any, include_mempool: bool | None = None) -> Fields | None:
    txid, vout = hash_of(txid, "txid"), integer(n, lowest=0, highest=2**32 - 1)
    with_mempool = include_mempool is not False
    if with_mempool:
        if moment.spender(txid, vout):
            return None
        if entry := moment.find_unconfirmed(txid):
            return _unspent(moment, entry.tx, vout, confirmations=0, coinbase=False)
    mined = moment.find_mined(txid)
    if mined is None or not moment.in_best_chain(mined[1]) or mined[0] == 0:  # the genesis coinbase is no coin
        return None
    number, block = mined
    if vout >= moment.record.output_count(number) or 0 < moment.record.spent_at(number, vout) <= moment.height:
        return None
    answer = _unspent(
        moment,
        number,
        vout,
        confirmations=moment.confirmations(block),
        coinbase=number == moment.record.blocks[block].first,
    )
    return None if answer is None or _is_unspendable(answer["scriptPubKey"]) else answer


def _unspent(moment: Moment, number: int, vout: int, *, confirmations: int, coinbase: bool) -> Fields | None:
    if vout >= moment.record.output_count(number):
        return None
    output = fields(outputs(fields(moment.record.transaction(number))["vout"])[vout])
    return {
        "bestblock": moment.tip.hash,
        "confirmations": confirmations,
        "value": output["value"],
        "scriptPubKey": output["scriptPubKey"],
        "coinbase": coinbase,
    }


def _is_unspendable(script_pub_key: Raw) -> bool:
    """Whether a node keeps no coin for it."""
    return is_unspendable(msgspec.json.decode(fields(script_pub_key)["hex"], type=str))


def gettxspendingprevout(moment: Moment, asked: list[Any]) -> list[Fields]:
    """Knows the mempool only, as up to Bitcoin Core 30."""
    if not asked:
        raise NodeError(INVALID, "Invalid parameter, outputs are missing")
    outpoints = [_outpoint(one) for one in asked]
    answers: list[Fields] = []
    for txid, vout in outpoints:
        answer: Fields = {"txid": txid, "vout": vout}
        if spender := moment.spender(txid, vout):
            answer["spendingtxid"] = spender
        answers.append(answer)
    return answers


def _outpoint(value: Any) -> tuple[str, int]:
    if not isinstance(value, dict):
        raise NodeError(TYPE, f"JSON value of type {kind_of(value)} is not of expected type object")
    for name, kind in (("txid", "string"), ("vout", "number")):
        if value.get(name) is None:
            raise NodeError(TYPE, f"Missing {name}")
        if kind_of(value[name]) != kind:
            given = kind_of(value[name])
            raise NodeError(TYPE, f"JSON value of type {given} for field {name} is not of expected type {kind}")
    for name in value:
        if name not in ("txid", "vout"):
            raise NodeError(TYPE, f"Unexpected key {name}")
    txid, vout = hash_of(value["txid"], "txid"), integer(value["vout"])
    if vout < 0:
        raise NodeError(INVALID, "Invalid parameter, vout cannot be negative")
    return txid, vout
