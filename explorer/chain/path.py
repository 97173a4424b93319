"""The way from one tip to another: which blocks left the best chain meanwhile, and which arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from explorer.chain.batch import Batch
from explorer.chain.tip import ChainState, Moved
from explorer.errors import NotFound
from explorer.node import answers
from explorer.node.rpc import Rpc

MOST: Final = 100  # blocks that are told of, on either side of the fork


class Tip(NamedTuple):
    height: int
    hash: str

    def __str__(self) -> str:
        return f"{self.height}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Path:
    """`fork` is the last block that both tips have in common; None where the first tip is not known, or too far away.

    `left` are the hashes from the first tip down to the fork, `arrived` the blocks from the fork up to the second tip,
    without the fork. `is_whole` is False where `arrived` holds only the newest of them.
    """

    fork: Tip | None
    left: tuple[str, ...]
    arrived: tuple[Tip, ...]
    is_whole: bool = True


def tip_of(state: ChainState) -> Tip:
    return Tip(state.chain.height, state.chain.best_hash)


def only(present: Tip) -> Path:
    """For whoever comes from nowhere."""
    return Path(None, (), (present,), is_whole=False)


def path(rpc: Rpc, since: Tip, to: ChainState) -> Path:
    """One round trip for the next block, three for many, and one more for each block that left.

    What counts of `since` is its hash. A tip that the node does not know is answered with the present one alone.
    Raises `Moved` where the chain is no longer, or not yet, where the state says.
    """
    present = tip_of(to)
    if since.hash == present.hash:
        return Path(present, (), ())
    here, top = _headers(rpc, [since.hash, present.hash])
    if top is None:
        raise Moved
    left: list[str] = []
    while here and here.confirmations < 0:  # it is not in the best chain
        left.append(here.hash)
        if here.previousblockhash is None or len(left) > MOST:
            return only(present)
        (here,) = _headers(rpc, [here.previousblockhash])
    if here is None:
        return only(present)
    fork = Tip(here.height, here.hash)
    first = max(fork.height + 1, present.height - MOST + 1)
    is_whole = first == fork.height + 1
    arrived = _up_to(rpc, first, top, above=fork.hash if is_whole else None)
    return Path(fork, tuple(left), arrived, is_whole)


def _up_to(rpc: Rpc, first: int, top: answers.Header, above: str | None) -> tuple[Tip, ...]:
    """The blocks from a height up to `top`, which form one chain, on top of the block `above` if one is named."""
    if first > top.height + 1 or (first == top.height + 1 and above != top.hash):
        raise Moved
    if first > top.height:
        return ()
    batch = Batch(rpc)
    replies = [batch.ask(str, "getblockhash", height) for height in range(first, top.height)]
    batch.send()
    if any(isinstance(reply.error, NotFound) for reply in replies):
        raise Moved  # the chain has just become shorter
    chain = [*_headers(rpc, [reply.whole() for reply in replies]), top]
    for header in chain:
        if header is None or (above and header.previousblockhash != above):
            raise Moved
        above = header.hash
    return tuple(Tip(header.height, header.hash) for header in chain if header)


def _headers(rpc: Rpc, hashes: Sequence[str]) -> list[answers.Header | None]:
    """None for those that the node does not know."""
    batch = Batch(rpc)
    replies = [batch.ask(answers.Header, "getblockheader", block_hash) for block_hash in hashes]
    batch.send()
    return [reply.known() for reply in replies]
