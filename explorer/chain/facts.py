"""From a node's answers to the models: bitcoins become satoshis here, and nowhere else."""

from __future__ import annotations

from explorer.bitcoin.amounts import rate_per_vbyte, satoshis
from explorer.bitcoin.models import (
    FINAL_SEQUENCE,
    HIGHEST_REPLACEABLE_SEQUENCE,
    BlockHeader,
    BlockState,
    BlockStats,
    ChainStatus,
    Input,
    MempoolEntry,
    MempoolStatus,
    NodeStatus,
    Output,
    Script,
    Transaction,
    TransactionPart,
)
from explorer.bitcoin.raw_transaction import RawTransaction
from explorer.decoding import json_decoder
from explorer.node import answers


def chain_status(info: answers.BlockchainInfo) -> ChainStatus:
    return ChainStatus(
        network=info.chain,
        height=info.blocks,
        headers=info.headers,
        best_hash=info.bestblockhash,
        time=info.time,
        difficulty=info.difficulty,
        progress=min(1.0, info.verificationprogress),
        catching_up=info.initialblockdownload or info.headers > info.blocks,
        size_on_disk=info.size_on_disk,
        prune_height=info.pruneheight if info.pruned else None,
        warnings=_warnings(info.warnings),
    )


def _warnings(warnings: str | list[str]) -> tuple[str, ...]:
    texts = [warnings] if isinstance(warnings, str) else warnings
    return tuple(text for text in texts if text)


def node_status(info: answers.NetworkInfo) -> NodeStatus:
    return NodeStatus(info.subversion, info.connections, info.connections_in, info.connections_out)


def mempool_status(info: answers.MempoolInfo) -> MempoolStatus:
    return MempoolStatus(
        info.size, info.bytes, rate_per_vbyte(info.mempoolminfee), satoshis(info.total_fee), info.usage
    )


def block_header(header: answers.Header, block: answers.Block | None) -> BlockHeader:
    """`block` is None where the node keeps the header alone."""
    return BlockHeader(
        hash=header.hash,
        height=header.height,
        version=header.version & 0xFFFFFFFF,  # the node prints it signed
        previous_hash=header.previousblockhash,
        merkle_root=header.merkleroot,
        time=header.time,
        median_time=header.mediantime,
        bits=header.bits,
        nonce=header.nonce,
        difficulty=header.difficulty,
        chain_work=header.chainwork,
        tx_count=header.nTx or None,
        size=block.size if block else None,
        stripped_size=block.strippedsize if block else None,
        weight=block.weight if block else None,
    )


def block_state(header: answers.Header) -> BlockState:
    return BlockState(header.height, max(0, header.confirmations), header.nextblockhash)


def block_stats(stats: answers.Stats) -> BlockStats:
    tenth, quarter, median, three_quarters, ninetieth = stats.feerate_percentiles
    return BlockStats(
        subsidy=stats.subsidy,
        total_fees=stats.totalfee,
        fee_rates=(tenth, quarter, median, three_quarters, ninetieth),
        lowest_fee_rate=stats.minfeerate,
        highest_fee_rate=stats.maxfeerate,
        moved=stats.total_out,
        inputs=stats.ins,
        outputs=stats.outs,
    )


def output(vout: answers.Vout | answers.Prevout | answers.TxOut) -> Output:
    script = vout.scriptPubKey
    return Output(satoshis(vout.value), Script(script.type, script.hex, script.asm, script.address))


def _input(vin: answers.Vin) -> Input:
    return Input(
        sequence=vin.sequence,
        txid=vin.txid,
        vout=vin.vout,
        coinbase=vin.coinbase,
        script_sig=vin.scriptSig.hex if vin.scriptSig else "",
        script_sig_asm=vin.scriptSig.asm if vin.scriptSig else "",
        witness=tuple(vin.txinwitness),
        prevout=output(vin.prevout) if vin.prevout else None,
        prevout_height=vin.prevout.height if vin.prevout else None,
    )


def transaction(tx: answers.Tx) -> Transaction:
    return Transaction(
        txid=tx.txid,
        wtxid=tx.hash,
        version=tx.version,
        locktime=tx.locktime,
        size=tx.size,
        vsize=tx.vsize,
        weight=tx.weight,
        inputs=tuple(_input(vin) for vin in tx.vin),
        outputs=tuple(output(vout) for vout in tx.vout),
        fee=None if tx.fee is None else satoshis(tx.fee),
    )


def transaction_part(tx: answers.TxOutline, bare: RawTransaction, first: int, most: int) -> TransactionPart:
    """The whole in sum, and `most` inputs and outputs from the position `first` on: `bare` is the same transaction. Of
    thousands of inputs only those that are shown are read in every detail."""
    read_input, read_output = json_decoder(answers.Vin).decode, json_decoder(answers.Vout).decode
    shown, lowest = slice(first, first + most), bare.lowest_sequence
    return TransactionPart(
        txid=tx.txid,
        wtxid=tx.hash,
        version=tx.version,
        locktime=tx.locktime,
        size=tx.size,
        vsize=tx.vsize,
        weight=tx.weight,
        fee=None if tx.fee is None else satoshis(tx.fee),
        is_coinbase=bare.is_coinbase,
        input_count=bare.input_count,
        output_count=bare.output_count,
        total_out=bare.total_out,
        signals_replacement=not bare.is_coinbase and lowest <= HIGHEST_REPLACEABLE_SEQUENCE,
        is_final=lowest == FINAL_SEQUENCE,
        first=first,
        inputs=tuple(_input(read_input(vin)) for vin in tx.vin[shown]),
        outputs=tuple(output(read_output(vout)) for vout in tx.vout[shown]),
    )


def mempool_entry(entry: answers.MempoolEntry) -> MempoolEntry:
    return MempoolEntry(
        time=entry.time,
        ancestor_count=entry.ancestorcount,
        ancestor_vsize=entry.ancestorsize,
        ancestor_fees=satoshis(entry.fees.ancestor),
        descendant_count=entry.descendantcount,
        replaceable=entry.replaceable,
        parents=tuple(entry.depends),
        children=tuple(entry.spentby),
    )
