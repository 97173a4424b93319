"""What became of a transaction that waited in the mempool and is gone from it: mined, replaced, or dropped.

A node keeps no word of it. So its bytes are kept when it is seen waiting: they tell what it spends, and the node can be
asked what has become of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from msgspec import Raw

from explorer import cache
from explorer.bitcoin.raw_transaction import RawTransaction
from explorer.chain.batch import Batch
from explorer.chain.prevouts import Outpoint
from explorer.chain.sought import Sought, ask_bytes
from explorer.chain.tip import Moved, TipCheck
from explorer.errors import NotFound
from explorer.node import answers
from explorer.node.capabilities import Capabilities
from explorer.node.rpc import Rpc

MOST_BYTES: Final = 400_000  # kept of one: nodes relay none that is larger
MOST_OUTPUTS: Final = 100  # of its own that are asked about
MOST_PARENTS: Final = 25  # of its coins that are lost, looked up
BLOCKS: Final = 6  # looked into each time, on a node without txindex

MEMPOOL, BLOCK = "mempool", "block"
CONFIRMED, REPLACED, SPENT, DROPPED, ORPHANED, UNCLEAR = (
    "confirmed",  # it is in a block: `block_hash`
    "replaced",  # `txid` spends what it spent
    "spent",  # something else does, and the node cannot tell what
    "dropped",  # all that it spends is free again
    "orphaned",  # `txid`, whose output it spends, is gone as well
    "unclear",  # what it spends is spent: by itself or by something else
)


@dataclass(frozen=True, slots=True)
class Fate:
    """`state` is one of the above; `where` is what spends its coins: in the mempool, in a block, or not known."""

    state: str
    txid: str | None = None
    block_hash: str | None = None
    where: str | None = None

    @property
    def message_id(self) -> str:
        """Of the words where there is nothing else to show."""
        return f"transaction_{DROPPED if self.state == ORPHANED else self.state}"


@dataclass(frozen=True, slots=True)
class Waited:
    """A transaction as it was seen in the mempool; the `parents` that it spends from were waiting as well."""

    data: bytes
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """The last block of those that are known not to hold it."""

    block_hash: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """What was seen in the mempool to spend its coins; once that is mined, most nodes cannot tell it any more."""

    txid: str


# --- while it waits ---------------------------------------------------------------------------------------------------


def _key(rpc: Rpc, capabilities: Capabilities, txid: str) -> str:
    """On which chain it waited, a txid does not tell; and the demo chain starts over."""
    return f"{capabilities.chain}:{rpc.epoch}:{txid}"


def _key_of(sought: Sought) -> str:
    return _key(sought.rpc, sought.capabilities, sought.txid)


def keep(sought: Sought, bare: RawTransaction, entry: answers.MempoolEntry) -> None:
    """For when it is gone: a transaction that waits at the state's tip."""
    if len(bare.data) <= MOST_BYTES:
        cache.keep(_key_of(sought), Waited(bare.data, tuple(entry.depends)))
        still_waits(sought)


def still_waits(sought: Sought) -> None:
    """No block up to the state's tip holds it."""
    key, searched = _key_of(sought), Searched(sought.state.chain.best_hash)
    if cache.look_up(key, Searched) != searched:
        cache.keep(key, searched)


def recall(rpc: Rpc, capabilities: Capabilities, txid: str) -> RawTransaction | None:
    """The transaction, if it was seen waiting and that is not forgotten."""
    waited = cache.look_up(_key(rpc, capabilities, txid), Waited)
    with suppress(ValueError):  # what somebody else damaged is not there
        return RawTransaction(waited.data) if waited else None
    return None


# --- when it is gone --------------------------------------------------------------------------------------------------


class CoinQuestion:
    """Asks, as part of a batch, what has become of outputs that were to be spent.

    Once read, `free` are those that can still be spent, `lost` those that cannot, and `spenders` what spends them, as
    far as the node tells: in the mempool, and from Bitcoin Core 31 on, with txospenderindex, in a block.
    """

    def __init__(self, batch: Batch, outpoints: Sequence[Outpoint], capabilities: Capabilities) -> None:
        can_tell = "gettxspendingprevout" in capabilities.methods  # since Bitcoin Core 24
        self._unspent = {o: batch.ask_maybe(answers.TxOut, "gettxout", *o, True) for o in outpoints}
        self._in_chain = {o: batch.ask_maybe(answers.TxOut, "gettxout", *o, False) for o in outpoints if not can_tell}
        named = [{"txid": txid, "vout": vout} for txid, vout in outpoints]
        # Last, so that a replacement that comes meanwhile is seen.
        self._spenders = batch.ask(list[answers.Spender], "gettxspendingprevout", named) if can_tell else None

    def read(self) -> None:
        self.free = [o for o, reply in self._unspent.items() if reply.known()]
        self.lost = [o for o, reply in self._unspent.items() if not reply.known()]
        self.lost_in_mempool_alone = bool(self.lost) and all(
            o in self._in_chain and self._in_chain[o].known() for o in self.lost
        )
        found = self._spenders.whole() if self._spenders and not self._spenders.error else []
        self.spenders = [spender for spender in found if spender.spendingtxid]


def find_fate(sought: Sought, *, is_indexed: bool) -> Fate | None:
    """What became of a transaction that the node does not find; None where it was not seen waiting. `is_indexed`: the
    node has looked into all blocks. One round trip, or two or three."""
    rpc, state, capabilities, txid = sought.rpc, sought.state, sought.capabilities, sought.txid
    key = _key_of(sought)
    waited, bare = cache.look_up(key, Waited), recall(rpc, capabilities, txid)
    if waited is None or bare is None:
        return None
    batch = Batch(rpc)
    before = TipCheck(batch, state)
    searched = None if is_indexed else cache.look_up(key, Searched)
    header = batch.ask(answers.Header, "getblockheader", searched.block_hash) if searched else None
    own = range(0 if is_indexed else min(bare.output_count, MOST_OUTPUTS))
    outputs = [batch.ask_maybe(answers.TxOut, "gettxout", txid, vout, False) for vout in own]
    coins = CoinQuestion(batch, bare.spends, capabilities)
    after = TipCheck(batch, state)
    batch.send()
    before.read()
    after.read()
    coins.read()
    if proof := next((output for reply in outputs if (output := reply.known())), None):
        (block_hash,) = _hashes(sought, [state.chain.height - proof.confirmations + 1])
        return Fate(CONFIRMED, block_hash=block_hash)
    if coins.spenders:
        return _taken(sought, coins.spenders)
    if not coins.lost:
        return Fate(DROPPED)
    if coins.lost_in_mempool_alone:
        return Fate(SPENT, where=MEMPOOL)
    is_unmined = is_indexed or bool(coins.free)
    if not is_unmined:
        found, is_unmined = _search(sought, header.known() if header else None)
        if found:
            return Fate(CONFIRMED, block_hash=found)
    return _lost(sought, waited, coins, is_indexed=is_indexed, is_unmined=is_unmined)


def _taken(sought: Sought, spenders: Sequence[answers.Spender]) -> Fate:
    """By what the node names: rather in a block than in the mempool."""
    spender = next((spender for spender in spenders if spender.blockhash), spenders[0])
    by, block_hash = str(spender.spendingtxid), spender.blockhash
    if by == sought.txid:
        if block_hash is None:  # it has just come back
            raise Moved
        return Fate(CONFIRMED, block_hash=block_hash)
    if block_hash is None:
        _keep_replacement(sought, by)
    return Fate(REPLACED, by, block_hash, BLOCK if block_hash else MEMPOOL)


def _keep_replacement(sought: Sought, by: str) -> None:
    """And what replaced it, for when that is gone in its turn."""
    key, replacement = _key_of(sought), Replacement(by)
    if cache.look_up(key, Replacement) == replacement:
        return
    other = replace(sought, txid=by)
    data, entry = ask_bytes(other)
    cache.keep(key, replacement)
    if (raw := data.known()) and (waits := entry.known()):
        with suppress(ValueError):
            keep(other, RawTransaction(bytes.fromhex(raw)), waits)


def _lost(sought: Sought, waited: Waited, coins: CoinQuestion, *, is_indexed: bool, is_unmined: bool) -> Fate:
    """Where some of its coins are neither free nor spent in the mempool."""
    replacement = cache.look_up(_key_of(sought), Replacement)
    if not is_indexed:
        # An output that was confirmed is lost in a block only; another one also if its own transaction is.
        where = BLOCK if any(parent not in waited.parents for parent, _ in coins.lost) else None
        if replacement:
            return Fate(REPLACED, replacement.txid, where=where)
        return Fate(SPENT, where=where) if is_unmined and where else Fate(UNCLEAR)
    batch = Batch(sought.rpc)
    check = TipCheck(batch, sought.state)
    mined = batch.ask(answers.TxOutline, "getrawtransaction", replacement.txid, 1) if replacement else None
    parents = list(dict.fromkeys(parent for parent, _ in coins.lost))[:MOST_PARENTS]
    found = {parent: batch.ask(str, "getrawtransaction", parent, 0) for parent in parents}
    batch.send()
    check.read()
    if replacement and mined and (outline := mined.known()) and outline.confirmations > 0:
        return Fate(REPLACED, replacement.txid, outline.blockhash, BLOCK)
    gone = [parent for parent, reply in found.items() if isinstance(reply.error, NotFound)]
    return Fate(ORPHANED, gone[0]) if gone else Fate(SPENT, where=BLOCK)


def _search(sought: Sought, header: answers.Header | None) -> tuple[str | None, bool]:
    """The block that holds it, among the next ones after that of the header, which was the last one searched; else
    whether all have been by now. A page that is asked for again goes on from there."""
    tip = sought.state.chain.height
    last = header.height if header else tip - BLOCKS
    if header and header.confirmations < 0:  # the chain has gone another way
        last -= BLOCKS
    hashes = _hashes(sought, range(max(0, last) + 1, min(tip, last + BLOCKS) + 1))
    batch = Batch(sought.rpc)
    replies = {block: batch.ask(Raw, "getrawtransaction", sought.txid, 1, block) for block in hashes}
    batch.send()
    for block_hash, reply in replies.items():
        if reply.known():
            return block_hash, False
    if header is None or not all(isinstance(reply.error, NotFound) for reply in replies.values()):
        return None, False
    if hashes:
        cache.keep(_key_of(sought), Searched(hashes[-1]))
    return None, last + BLOCKS >= tip


def _hashes(sought: Sought, heights: Iterable[int]) -> list[str]:
    """Of the best chain's blocks up to the state's tip."""
    batch = Batch(sought.rpc)
    replies = [batch.ask(str, "getblockhash", height) for height in heights]
    if not replies:
        return []
    check = TipCheck(batch, sought.state)
    batch.send()
    check.read()
    return [reply.whole() for reply in replies]
