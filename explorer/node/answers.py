"""The parts of a node's answers that the explorer reads, as structs that msgspec decodes straight into.

Fields carry the node's own names and units: amounts are Decimal bitcoins here, and become satoshis in chain/facts.py.
A field that some versions or some cases lack has a default.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Raw, Struct, field

MISSING = -1  # for a number that may be absent and is never negative


class BlockchainInfo(Struct):
    chain: str
    blocks: int
    headers: int
    bestblockhash: str
    difficulty: Decimal
    verificationprogress: float
    initialblockdownload: bool
    size_on_disk: int
    pruned: bool
    time: int = MISSING  # since Bitcoin Core 23
    mediantime: int = MISSING
    pruneheight: int = 0
    warnings: str | list[str] = ""  # a string up to Bitcoin Core 27, a list from 28


class NetworkInfo(Struct):
    subversion: str
    connections: int
    connections_in: int = 0  # since Bitcoin Core 21
    connections_out: int = 0
    localservicesnames: list[str] = []


class IndexInfo(Struct):
    """A member of `getindexinfo`, by the index's name."""

    synced: bool
    best_block_height: int


class MempoolInfo(Struct):
    size: int
    bytes: int  # virtual size
    mempoolminfee: Decimal  # BTC/kvB
    total_fee: Decimal = Decimal(0)
    usage: int = 0  # bytes of memory


class Header(Struct):
    """`getblockheader` verbose."""

    hash: str
    confirmations: int  # -1 outside the best chain
    height: int
    version: int
    merkleroot: str
    time: int
    mediantime: int
    nonce: int
    bits: str
    difficulty: Decimal
    chainwork: str
    nTx: int  # 0 where the block has not arrived
    previousblockhash: str | None = None
    nextblockhash: str | None = None


class ScriptPubKey(Struct):
    hex: str
    type: str
    asm: str = ""
    address: str | None = None  # since Bitcoin Core 22; `addresses` before


class Prevout(Struct):
    value: Decimal
    scriptPubKey: ScriptPubKey
    height: int | None = None


class ScriptSig(Struct):
    asm: str
    hex: str


class Vin(Struct):
    sequence: int
    coinbase: str | None = None
    txid: str | None = None
    vout: int | None = None
    scriptSig: ScriptSig | None = None
    txinwitness: list[str] = []
    prevout: Prevout | None = None  # verbosity 2 (3 for getblock) and undo data


class Vout(Struct):
    value: Decimal
    scriptPubKey: ScriptPubKey


class Tx(Struct):
    """`getrawtransaction` 1 and 2, and a member of `getblock` 2 and 3: what both have."""

    txid: str
    hash: str  # the wtxid
    version: int
    size: int
    vsize: int
    weight: int
    locktime: int
    vin: list[Vin]
    vout: list[Vout]
    fee: Decimal | None = None


class TxOutline(Struct):
    """A `Tx` of any number of inputs and outputs, each of them to be read by itself."""

    txid: str
    hash: str
    version: int
    size: int
    vsize: int
    weight: int
    locktime: int
    vin: list[Raw]  # of Vin
    vout: list[Raw]  # of Vout
    fee: Decimal | None = None
    blockhash: str | None = None  # absent in the mempool
    confirmations: int = 0  # 0 also in a block outside the best chain
    blocktime: int = 0  # absent outside the best chain
    hex: str = ""


class CoinbaseTx(Struct):
    coinbase: str


class Block(Header, kw_only=True):
    """`getblock` 1."""

    size: int
    strippedsize: int
    weight: int
    tx: list[str]
    coinbase_tx: CoinbaseTx | None = None  # since Bitcoin Core 31


class BlockOutlines(Struct):
    """`getblock` 2, the transactions alone."""

    tx: list[TxOutline]


class BlockTransactions(Struct):
    """`getblock` 2 and 3, the transactions alone."""

    tx: list[Tx]


class Stats(Struct):
    """`getblockstats`: amounts are already satoshis here."""

    subsidy: int
    totalfee: int
    feerate_percentiles: list[int]
    minfeerate: int
    maxfeerate: int
    total_out: int
    ins: int
    outs: int
    total_weight: int = 0  # of all transactions but the coinbase


class MempoolFees(Struct):
    base: Decimal
    ancestor: Decimal  # with its unconfirmed ancestors


class MempoolEntry(Struct):
    vsize: int
    time: int
    ancestorcount: int
    ancestorsize: int
    descendantcount: int
    fees: MempoolFees
    depends: list[str]
    spentby: list[str]
    wtxid: str = ""
    replaceable: bool = field(name="bip125-replaceable", default=True)  # leaves with full RBF


class TxOut(Struct):
    """`gettxout`, which answers null for what is spent, unspendable or unknown."""

    value: Decimal
    scriptPubKey: ScriptPubKey
    confirmations: int


class Spender(Struct):
    """`gettxspendingprevout`. Up to Bitcoin Core 30 it knows the mempool only; from 31 blocks too (txospenderindex)."""

    txid: str
    vout: int
    spendingtxid: str | None = None
    blockhash: str | None = None
