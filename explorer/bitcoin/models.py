"""What the explorer knows of a chain, as immutable values.

Amounts are integer satoshis, sizes bytes, weights weight units, times Unix seconds in UTC, fee rates sat/vB.
Hashes are lower-case hex in the order that people read. Facts never change once they are complete; what depends on the
tip (confirmations, next block, spent or not) stands in values of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from explorer.bitcoin.coinbase import coinbase_text, miner_tag

MAX_BLOCK_WEIGHT = 4_000_000  # weight units, a rule of consensus
WITNESS_SCALE = 4  # weight units in a vbyte
FINAL_SEQUENCE = 0xFFFFFFFF
HIGHEST_REPLACEABLE_SEQUENCE = 0xFFFFFFFD  # BIP 125: any input at or below it asks to be replaceable


# --- the state of the chain and the node ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """`getblockchaininfo`. `progress` is the verified part of the chain, 0 to 1, as the node estimates it."""

    network: str  # main, test, testnet4, signet, regtest
    height: int
    headers: int
    best_hash: str
    time: int  # of the best block
    difficulty: Decimal
    progress: float
    catching_up: bool  # initial block download, or headers known beyond the blocks
    size_on_disk: int
    prune_height: int | None  # lowest block still there; None: the node keeps them all
    warnings: tuple[str, ...]

    @property
    def pruned(self) -> bool:
        return self.prune_height is not None


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """`getnetworkinfo`."""

    version: str  # the user agent: /Satoshi:29.0.0/
    connections: int
    connections_in: int
    connections_out: int


@dataclass(frozen=True, slots=True)
class MempoolStatus:
    """`getmempoolinfo`. `min_fee_rate` is the lowest that gets in at present; `usage` is in bytes of memory.

    Together they tell one content of the mempool from another: what replaces a transaction pays more.
    """

    count: int
    vsize: int
    min_fee_rate: Decimal
    total_fees: int = 0
    usage: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    chain: ChainStatus
    node: NodeStatus
    mempool: MempoolStatus


# --- blocks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """A block's header and the sizes of the block: facts that hold wherever the tip is.

    The sizes are None where the node keeps the header alone: a pruned block, or one that has not arrived yet. Of the
    latter the number of transactions is not known, either.
    """

    hash: str
    height: int
    version: int
    previous_hash: str | None  # None for genesis
    merkle_root: str
    time: int
    median_time: int
    bits: str  # hex
    nonce: int
    difficulty: Decimal
    chain_work: str  # hex
    tx_count: int | None
    size: int | None
    stripped_size: int | None
    weight: int | None


@dataclass(frozen=True, slots=True)
class BlockStats:
    """`getblockstats`: what only a node that has connected the block can know.

    `fee_rates` are the 10th, 25th, 50th, 75th and 90th percentile by weight. The coinbase counts in `outputs` only.
    """

    subsidy: int
    total_fees: int
    fee_rates: tuple[int, int, int, int, int]
    lowest_fee_rate: int
    highest_fee_rate: int
    moved: int  # total of all outputs but the coinbase's
    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """Everything about a block but its transactions. `stats` is None where the node cannot know them."""

    header: BlockHeader
    stats: BlockStats | None
    coinbase_script: str | None  # hex of the coinbase's scriptSig

    @property
    def hash(self) -> str:
        return self.header.hash

    @property
    def height(self) -> int:
        return self.header.height

    @property
    def fullness(self) -> float | None:
        """How much of the weight that a block may have it uses, 0 to 1."""
        return None if self.header.weight is None else self.header.weight / MAX_BLOCK_WEIGHT

    @property
    def median_fee_rate(self) -> int | None:
        """sat/vB; None where it is not known or no transaction paid a fee."""
        return self.stats.fee_rates[2] if self.stats and self.header.tx_count != 1 else None

    @property
    def coinbase_text(self) -> str:
        return coinbase_text(self.coinbase_script or "")

    @property
    def miner_tag(self) -> str | None:
        return miner_tag(self.coinbase_script or "")


@dataclass(frozen=True, slots=True)
class BlockState:
    """What depends on the tip. `confirmations` is 0 for a block outside the best chain."""

    height: int
    confirmations: int
    next_hash: str | None

    @property
    def in_best_chain(self) -> bool:
        return self.confirmations > 0


# --- transactions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Script:
    """An output's script. `type` is the node's word: pubkeyhash, witness_v1_taproot, nulldata, anchor …"""

    type: str
    hex: str
    asm: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    value: int
    script: Script


@dataclass(frozen=True, slots=True)
class Input:
    """`txid` and `vout` name the output that is spent (None in a coinbase); `prevout` is that output, where known.

    `prevout_height` is the height of the block that made it, where the node says so: enough to find it without txindex.
    """

    sequence: int
    txid: str | None = None
    vout: int | None = None
    coinbase: str | None = None  # hex, a coinbase's scriptSig
    script_sig: str = ""  # hex
    script_sig_asm: str = ""
    witness: tuple[str, ...] = ()  # hex
    prevout: Output | None = None
    prevout_height: int | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction. `fee` is None for a coinbase, and where the inputs' amounts are not known."""

    txid: str
    wtxid: str
    version: int
    locktime: int
    size: int
    vsize: int
    weight: int
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    fee: int | None

    @property
    def is_coinbase(self) -> bool:
        return self.inputs[0].coinbase is not None

    @property
    def input_count(self) -> int:
        return len(self.inputs)

    @property
    def output_count(self) -> int:
        return len(self.outputs)

    @property
    def total_out(self) -> int:
        return sum(output.value for output in self.outputs)


@dataclass(frozen=True, slots=True)
class TransactionPart:
    """A transaction as its own page shows it: all of what it is in sum, and a page of its inputs and outputs."""

    txid: str
    wtxid: str
    version: int
    locktime: int
    size: int
    vsize: int
    weight: int
    fee: int | None
    is_coinbase: bool
    input_count: int
    output_count: int
    total_out: int
    signals_replacement: bool  # by itself (BIP 125)
    is_final: bool  # every sequence is: the lock time has no effect
    first: int  # the position of the page's first input and output
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]

    @property
    def total_in(self) -> int | None:
        """What the inputs bring; None where it is not known, and for a coinbase, which brings nothing."""
        return None if self.fee is None else self.total_out + self.fee

    @property
    def fee_rate(self) -> Decimal | None:
        return None if self.fee is None else fee_rate(self.fee, self.weight)

    @property
    def has_witness(self) -> bool:
        return self.txid != self.wtxid

    def with_prevouts(self, inputs: tuple[Input, ...]) -> TransactionPart:
        """The same, with more known of these inputs, and the fee where that tells it."""
        amounts = [i.prevout.value for i in inputs if i.prevout]
        if self.is_coinbase or len(amounts) < self.input_count:
            return replace(self, inputs=inputs)
        return replace(self, inputs=inputs, fee=sum(amounts) - self.total_out)


@dataclass(frozen=True, slots=True)
class TransactionCard:
    """A transaction as a list shows it: without scripts (but for data that is carried) and witnesses, and of a long one
    the first inputs and outputs."""

    txid: str
    vsize: int
    weight: int
    fee: int | None
    total_out: int
    input_count: int
    output_count: int
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]

    @property
    def is_coinbase(self) -> bool:
        return self.inputs[0].coinbase is not None

    @property
    def fee_rate(self) -> Decimal | None:
        return None if self.fee is None else fee_rate(self.fee, self.weight)


@dataclass(frozen=True, slots=True)
class Spend:
    """Where an output went. `state`: unspent, spent, unspendable or unknown. `txid`: by what, where known."""

    state: str
    txid: str | None = None
    block_hash: str | None = None  # the block that holds it; None in the mempool

    @property
    def in_mempool(self) -> bool:
        return self.txid is not None and self.block_hash is None


@dataclass(frozen=True, slots=True)
class MempoolEntry:
    """A transaction's place in the mempool. Sizes in vbytes; the relatives' totals include the transaction itself."""

    time: int
    ancestor_count: int
    ancestor_vsize: int
    ancestor_fees: int
    descendant_count: int
    replaceable: bool  # by itself or through an ancestor
    parents: tuple[str, ...]  # txids of unconfirmed parents
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The block that holds a transaction, as seen from the tip."""

    block_hash: str
    height: int
    time: int
    confirmations: int  # 0: that block is not in the best chain

    @property
    def in_best_chain(self) -> bool:
        return self.confirmations > 0


def card(tx: Transaction, most: int) -> TransactionCard:
    """The card of a transaction, with at most `most` inputs and outputs: the same whichever way it was asked for."""
    return TransactionCard(
        txid=tx.txid,
        vsize=tx.vsize,
        weight=tx.weight,
        fee=tx.fee,
        total_out=tx.total_out,
        input_count=tx.input_count,
        output_count=tx.output_count,
        inputs=tuple(
            replace(
                i,
                script_sig="",
                script_sig_asm="",
                witness=(),
                prevout=_for_card(i.prevout) if i.prevout else None,
                prevout_height=None,
            )
            for i in tx.inputs[:most]
        ),
        outputs=tuple(_for_card(output) for output in tx.outputs[:most]),
    )


def _for_card(output: Output) -> Output:
    """Without its script, but for the data that it carries."""
    script = output.script
    carries = script.type == "nulldata"
    return Output(output.value, Script(script.type, script.hex if carries else "", "", script.address))


def fee_rate(fee: int, weight: int) -> Decimal:
    """sat/vB, exact to two decimals, from satoshis and weight units."""
    return (Decimal(fee * WITNESS_SCALE) / weight).quantize(Decimal("0.01"))
