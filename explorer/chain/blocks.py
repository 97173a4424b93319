"""The best chain's blocks: the latest, a list of them, and the one at a height."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from explorer.bitcoin.models import BlockFacts, ChainStatus, Status
from explorer.bitcoin.query import MAX_HEIGHT
from explorer.chain import tip
from explorer.chain.batch import Batch
from explorer.chain.block_facts import get_blocks
from explorer.chain.status import StatusQuestion, get_chain
from explorer.errors import NodeBusy, NotFound
from explorer.node import answers
from explorer.node.rpc import Rpc

T = TypeVar("T")

LIST_LENGTH = 10
LOOK_AHEAD = 20  # heights beyond the last tip seen whose hashes are asked for on trust: a few hours of blocks
TRIES = 3  # to read a list that reorganisations keep tearing apart


@dataclass(frozen=True, slots=True)
class Home:
    status: Status
    blocks: tuple[BlockFacts, ...]  # newest first


@dataclass(frozen=True, slots=True)
class BlockList:
    """Blocks below `before`, newest first. `newer` and `older` are the `before` of the neighbouring lists."""

    chain: ChainStatus
    blocks: tuple[BlockFacts, ...]
    newer: int | None
    older: int | None


def get_home(rpc: Rpc) -> Home:
    """The status and the latest blocks: three round trips when no block is known, one when all are.

    One more for the first question of all to a node, which `background.py` asks before a visitor does.
    """
    return _while_it_moves(lambda: _home(rpc))


def list_blocks(rpc: Rpc, before: int | None) -> BlockList:
    """The blocks below height `before` (from 1); the latest ones for None, and where it lies beyond the tip."""
    return _while_it_moves(lambda: _list(rpc, before))


def hash_at(rpc: Rpc, height: int) -> str:
    """The hash of the best chain's block at a height. NotFound beyond the tip."""
    batch = Batch(rpc)
    chain = batch.ask(answers.BlockchainInfo, "getblockchaininfo")
    found = batch.ask(str, "getblockhash", height) if height <= MAX_HEIGHT else None
    batch.send()
    block_hash = found.known() if found else None
    if block_hash is None:
        info = chain.whole()
        message_id = "height_not_reached" if height <= info.headers else "height_not_found"
        raise NotFound(message_id, height=f"{height:,}", tip=f"{info.blocks:,}")
    return block_hash


def _home(rpc: Rpc) -> Home:
    """Which hashes to ask for depends on the tip. Guessing them from the tip that was seen last saves a round trip."""
    seen = tip.last_seen(rpc)
    heights = range(max(0, seen.height - LIST_LENGTH + 1), seen.height + LOOK_AHEAD + 1) if seen else ()
    batch = Batch(rpc)
    question = StatusQuestion(batch)
    guesses = {height: batch.ask(str, "getblockhash", height) for height in heights}
    batch.send()
    status = question.read()
    tip.remember(rpc, status.chain, status.node.version)
    hashes = {height: reply.whole() for height, reply in guesses.items() if not reply.error}
    blocks = _blocks_down_from(rpc, status.chain.height, hashes)
    _check_tip(status.chain, blocks)
    return Home(status, blocks)


def _list(rpc: Rpc, before: int | None) -> BlockList:
    chain = get_chain(rpc)
    top = chain.height if before is None else min(before - 1, chain.height)
    blocks = _blocks_down_from(rpc, top, {})
    if top == chain.height:
        _check_tip(chain, blocks)
    return BlockList(
        chain=chain,
        blocks=blocks,
        newer=min(top + LIST_LENGTH, chain.height) + 1 if top < chain.height else None,
        older=blocks[-1].height or None,
    )


def _blocks_down_from(rpc: Rpc, top: int, hashes: Mapping[int, str]) -> tuple[BlockFacts, ...]:
    """Up to ten blocks, those from genesis on. Raises _Moved where they are not one chain."""
    heights = range(top, max(-1, top - LIST_LENGTH), -1)
    if not all(height in hashes for height in heights):
        hashes = _hashes(rpc, heights)
    blocks = get_blocks(rpc, [hashes[height] for height in heights])
    if any(upper.header.previous_hash != lower.hash for upper, lower in pairwise(blocks)):
        raise _Moved
    return blocks


def _check_tip(chain: ChainStatus, blocks: Sequence[BlockFacts]) -> None:
    if blocks[0].hash != chain.best_hash:
        raise _Moved


def _hashes(rpc: Rpc, heights: range) -> dict[int, str]:
    batch = Batch(rpc)
    replies = {height: batch.ask(str, "getblockhash", height) for height in heights}
    batch.send()
    if any(isinstance(reply.error, NotFound) for reply in replies.values()):
        raise _Moved  # the chain has just become shorter
    return {height: reply.whole() for height, reply in replies.items()}


class _Moved(Exception):
    """The chain was reorganised between two questions."""


def _while_it_moves(ask: Callable[[], T]) -> T:
    for _ in range(TRIES):
        with suppress(_Moved):
            return ask()
    raise NodeBusy("chain_moving", retry_after=1)
