"""The best chain's blocks: the latest, a list of them, and the one at a height."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from explorer import cache
from explorer.bitcoin.models import BlockFacts
from explorer.bitcoin.query import MAX_HEIGHT
from explorer.chain.batch import Batch
from explorer.chain.block_facts import get_blocks
from explorer.chain.tip import ChainState, Moved, TipCheck, at_one_tip
from explorer.errors import NotFound
from explorer.node import answers
from explorer.node.capabilities import get_capabilities
from explorer.node.rpc import Rpc
from explorer.places import heavy

LIST_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Home:
    state: ChainState
    blocks: tuple[BlockFacts, ...]  # newest first


@dataclass(frozen=True, slots=True)
class BlockList:
    """Blocks below `before`, newest first. `newer` and `older` are the `before` of the neighbouring lists."""

    state: ChainState
    blocks: tuple[BlockFacts, ...]
    newer: int | None
    older: int | None


def get_home(rpc: Rpc) -> Home:
    """The state and the latest blocks: nothing is asked where all of them are known, and at most three round trips
    otherwise."""
    return at_one_tip(rpc, lambda state: Home(state, _blocks_down_from(rpc, state, state.chain.height)))


def list_blocks(rpc: Rpc, before: int | None) -> BlockList:
    """The blocks below height `before` (from 1); the latest ones for None, and where it lies beyond the tip."""
    return at_one_tip(rpc, lambda state: _list(rpc, state, before))


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


def get_raw_block(rpc: Rpc, block_hash: str) -> bytes:
    """The block as the network sends it. NotFound, or Unsupported where it is pruned."""
    with heavy():
        if get_capabilities(rpc).rest:
            with suppress(NotFound):  # the node says nothing of why
                return rpc.rest(f"block/{block_hash}.bin")
        return bytes.fromhex(rpc.call("getblock", block_hash, 0, into=str))


def _list(rpc: Rpc, state: ChainState, before: int | None) -> BlockList:
    tip = state.chain.height
    top = tip if before is None else min(before - 1, tip)
    blocks = _blocks_down_from(rpc, state, top)
    return BlockList(
        state=state,
        blocks=blocks,
        newer=min(top + LIST_LENGTH, tip) + 1 if top < tip else None,
        older=blocks[-1].height or None,
    )


def _blocks_down_from(rpc: Rpc, state: ChainState, top: int) -> tuple[BlockFacts, ...]:
    """Up to ten blocks, those from genesis on. Raises Moved where they are not one chain up to the state's tip."""
    heights = range(top, max(-1, top - LIST_LENGTH), -1)
    is_latest = top == state.chain.height
    hashes = _known_ancestors(state.chain.best_hash, len(heights)) if is_latest else []
    if len(hashes) < len(heights):
        hashes = _hashes(rpc, state, heights)
    blocks = get_blocks(rpc, hashes)
    is_chain = all(upper.header.previous_hash == lower.hash for upper, lower in pairwise(blocks))
    if not is_chain or (is_latest and blocks[0].hash != state.chain.best_hash):
        raise Moved
    return blocks


def _known_ancestors(block_hash: str, count: int) -> list[str]:
    """The block and those before it, as far as their facts are kept."""
    hashes: list[str] = []
    here: str | None = block_hash
    while here and len(hashes) < count and (block := cache.look_up(here, BlockFacts)):
        hashes.append(here)
        here = block.header.previous_hash
    return hashes


def _hashes(rpc: Rpc, state: ChainState, heights: range) -> list[str]:
    batch = Batch(rpc)
    replies = [batch.ask(str, "getblockhash", height) for height in heights]
    check = TipCheck(batch, state)
    batch.send()
    check.read()
    if any(isinstance(reply.error, NotFound) for reply in replies):
        raise Moved  # the chain has just become shorter
    return [reply.whole() for reply in replies]
