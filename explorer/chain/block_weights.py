"""What a block's weight is made of, read from its bytes once, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explorer import cache
from explorer.bitcoin.models import BlockFacts
from explorer.bitcoin.weights import BlockWeights, weigh
from explorer.chain.blocks import get_raw_block
from explorer.chain.odd_bytes import reading
from explorer.chain.tip import ChainState, current
from explorer.errors import Unsupported
from explorer.node import answers
from explorer.node.rpc import Rpc
from explorer.places import heavy


@dataclass(frozen=True, slots=True)
class WeighedBlock:
    """`missing` says why the weights are not to be had."""

    state: ChainState
    hash: str
    height: int
    weights: BlockWeights | None
    missing: Unsupported | None = None


def get_weights(rpc: Rpc, block_hash: str) -> WeighedBlock:
    """Nothing is asked where the block and its weights are known, the height and the bytes otherwise.

    Raises NotFound for an unknown block.
    """
    state = current(rpc)
    block = cache.look_up(block_hash, BlockFacts)
    height = block.height if block else rpc.call("getblockheader", block_hash, into=answers.Header).height
    try:
        weights = cache.fetch([block_hash], BlockWeights, lambda missing: _weigh(rpc, missing))
    except Unsupported as error:
        return WeighedBlock(state, block_hash, height, None, error)
    return WeighedBlock(state, block_hash, height, weights[block_hash])


def _weigh(rpc: Rpc, hashes: Sequence[str]) -> dict[str, BlockWeights]:
    with heavy(), reading("getblock"):
        return {block_hash: weigh(get_raw_block(rpc, block_hash)) for block_hash in hashes}
