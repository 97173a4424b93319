"""May another node answer in the own node's place? Only if it follows the same chain, and is not too far behind.

A switch of endpoint is not a reorganisation: ancestry decides. Two nodes whose tips differ are on the same chain if
they have the same first block and the same block 6 below the lower of both tips. So nothing has to be forgotten when
another node answers: facts are kept under the hash of their block, and what depends on the tip is asked for with every
page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from explorer.errors import ExplorerError, NodeBusy, NotFound, UnfitFallback
from explorer.node.rpc import Call, Rpc

RETRY: Final = 2  # seconds
DEPTH: Final = 6  # blocks below the lower tip; above it two nodes may well disagree for a while


class _Chain(Struct):
    chain: str
    blocks: int
    headers: int
    bestblockhash: str


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Where the own node last stood: what another one is compared with, also while the own one is down.

    `hashes` are those of the first block and of its latest, down to where the two are compared, by height.
    """

    network: str
    height: int
    best_hash: str
    hashes: Mapping[int, str]

    def has_block(self, call: Call) -> bool:
        """Whether the call is about a block that the own node had: its height, or the hash of one of its latest."""
        match call:
            case ("getblockhash" | "getblockstats", int(height), *_):
                return height <= self.height
            case (_, str(block_hash), *_):
                return block_hash in self.hashes.values()
        return False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where another node stands, and why it may not answer, if so."""

    height: int
    refused: UnfitFallback | None


def survey(own: Rpc, known: Landmarks | None, max_behind: int, *, may_recover: bool = False) -> Landmarks:
    """The own node's landmarks, in one round trip while its tip is the one that is known, in two otherwise.

    Raises NodeBusy where it `may_recover`: a node that was killed comes back far below where it was, and reads on.
    """
    chain: _Chain = own.call("getblockchaininfo", into=_Chain)
    if known and known.best_hash == chain.bestblockhash:
        return known
    if known and may_recover and chain.blocks < known.height - DEPTH:
        raise NodeBusy("node_recovers", retry_after=RETRY, height=chain.blocks, known=known.height)
    heights = [0, *range(max(1, chain.blocks - DEPTH - max_behind), chain.blocks + 1)]
    hashes = own.batch([("getblockhash", height) for height in heights], into=str)
    for answer in hashes:
        if isinstance(answer, ExplorerError):
            raise answer
    return Landmarks(chain.chain, chain.blocks, chain.bestblockhash, dict(zip(heights, hashes, strict=True)))


def judge(other: Rpc, own: Landmarks | None, network: str | None, max_behind: int) -> Standing:
    """One round trip. Until the own node has once been seen, all that can be compared is the `network` that the
    settings name, and how far the other one is behind the headers that it knows itself; where they name none, it does
    not answer. Raises the other's failures."""
    heights = [height for height in own.hashes if height <= max(0, own.height - DEPTH)] if own else []
    chain, *hashes = other.batch(
        [("getblockchaininfo",), *(("getblockhash", height) for height in heights)],
        into=[_Chain, *[str] * len(heights)],
    )
    for answer in (chain, *hashes):
        if isinstance(answer, ExplorerError) and not isinstance(answer, NotFound):
            raise answer
    found = dict(zip(heights, hashes, strict=True))
    return Standing(chain.blocks, _refusal(chain, found, other.label, own, network, max_behind))


def _refusal(
    chain: _Chain, found: Mapping[int, Any], label: str, own: Landmarks | None, network: str | None, max_behind: int
) -> UnfitFallback | None:
    expected = own.network if own else network
    if expected is None:  # nothing that it could be held against
        return UnfitFallback("fallback_unknown_network", endpoint=label)
    if expected and chain.chain != expected:
        return UnfitFallback("fallback_other_network", endpoint=label, found=chain.chain, expected=expected)
    if own:
        fork = max(0, min(own.height, chain.blocks) - DEPTH)
        for height in (0, fork):  # far behind, the other one has no block where it would be compared
            if height in found and found[height] != own.hashes[height]:
                return UnfitFallback("fallback_other_chain", endpoint=label, height=height)
    behind = max(own.height if own else 0, chain.headers) - chain.blocks
    if behind > max_behind:
        return UnfitFallback("fallback_behind", endpoint=label, behind=behind, height=chain.blocks, allowed=max_behind)
    return None
