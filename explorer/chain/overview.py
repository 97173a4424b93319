"""A node at a glance: its chain, its newest block, its mempool, and which wallets it has loaded."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from explorer.bitcoin.models import Status
from explorer.chain.batch import Batch, Reply
from explorer.chain.status import StatusQuestion
from explorer.node.rpc import Rpc


@dataclass(frozen=True, slots=True)
class Overview:
    status: Status
    tip_transactions: int | None  # None where the node does not tell
    wallets: tuple[str, ...]  # their names; none where the node has no wallets, or does not show them to this user


class _Window(Struct):
    """`getchaintxstats` of the last block alone."""

    window_final_block_hash: str
    window_tx_count: int | None = None


class _Count(Struct):
    """`getchaintxstats` of no block: how many transactions there are in all."""

    window_final_block_hash: str
    txcount: int | None = None


def get_overview(rpc: Rpc) -> Overview:
    """One round trip. Raises what the node's answer or silence means."""
    batch = Batch(rpc)
    question = StatusQuestion(batch)
    last = batch.ask(_Window, "getchaintxstats", 1)
    all_of_them = batch.ask(_Count, "getchaintxstats", 0)
    wallets = batch.ask(list[str], "listwallets")
    batch.send_as_allowed()
    status = question.read()
    return Overview(
        status, _tip_transactions(status, last, all_of_them), () if wallets.error else tuple(wallets.whole())
    )


def _tip_transactions(status: Status, last: Reply[_Window], all_of_them: Reply[_Count]) -> int | None:
    """Of the block that the status calls the newest: a newer one may have come in between."""
    best = status.chain.best_hash
    if not last.error and last.whole().window_final_block_hash == best:
        return last.whole().window_tx_count
    if not all_of_them.error and all_of_them.whole().window_final_block_hash == best and status.chain.height < 2:
        count = all_of_them.whole().txcount
        return count and count - status.chain.height  # no window fits into so short a chain; genesis has one
    return None
