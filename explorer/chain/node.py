"""What a node says of itself: where it stands, what it keeps, and what this explorer can show with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from explorer.bitcoin.models import ChainStatus, NodeStatus
from explorer.chain import facts
from explorer.chain.batch import Batch
from explorer.node import answers
from explorer.node.rpc import Rpc

IndexName = Literal["txindex", "block_filters", "coin_stats", "spenders"]
IndexState = Literal["ready", "building", "missing", "pruned", "not_offered", "unknown"]
FeatureName = Literal["txid", "fees", "unspent", "spenders", "old_blocks", "newest", "mempool"]
FeatureState = Literal["works", "partly", "not", "unknown"]

# The node's own names of its indexes.
INDEXES: Final[dict[IndexName, str]] = {
    "txindex": "txindex",
    "block_filters": "basic block filter index",
    "coin_stats": "coinstatsindex",
    "spenders": "txospenderindex",  # since Bitcoin Core 31
}


@dataclass(frozen=True, slots=True)
class Index:
    """`pruned`: the node cannot have it, because it is pruned; `not_offered`: its version knows no such index."""

    name: IndexName
    state: IndexState
    height: int | None = None  # how far it has got


@dataclass(frozen=True, slots=True)
class Feature:
    """What a visitor may want to see. `reason` and `height` say why it is not, or partly, to be seen here."""

    name: FeatureName
    state: FeatureState
    reason: str = ""
    height: int | None = None


@dataclass(frozen=True, slots=True)
class NodeDetails:
    chain: ChainStatus
    node: NodeStatus
    uptime: int | None  # seconds; None where the node does not tell
    services: tuple[str, ...]  # what it offers to its peers, in the node's words
    indexes: tuple[Index, ...]
    features: tuple[Feature, ...]


def get_node_details(rpc: Rpc) -> NodeDetails:
    """Two round trips. Raises what the node's answer or silence means; what the node may not tell is not known."""
    chain = facts.chain_status(rpc.call("getblockchaininfo", into=answers.BlockchainInfo))
    # Of who answered this, and of nobody else: what another node can do would be no answer.
    return rpc.through(lambda endpoint: _ask(endpoint, chain))


def _ask(rpc: Rpc, chain: ChainStatus) -> NodeDetails:
    batch = Batch(rpc)
    network = batch.ask(answers.NetworkInfo, "getnetworkinfo")
    uptime = batch.ask(int, "uptime")
    index_reply = batch.ask(dict[str, answers.IndexInfo], "getindexinfo")
    listing = batch.ask(str, "help")
    usage = batch.ask(str, "help", "gettxspendingprevout")  # it tells whether the node knows of the index of spenders
    batch.send_as_allowed()
    found = None if index_reply.error else index_reply.whole()
    offers_spenders = None if usage.error else INDEXES["spenders"] in usage.whole()
    indexes = tuple(_index(name, found, chain, offers_spenders) for name in INDEXES)
    methods = None if listing.error else frozenset(line.split()[0] for line in listing.whole().splitlines() if line)
    return NodeDetails(
        chain,
        facts.node_status(network.whole()),
        None if uptime.error else uptime.whole(),
        tuple(network.whole().localservicesnames),
        indexes,
        features(chain, {index.name: index for index in indexes}, methods),
    )


def _index(
    name: IndexName, found: dict[str, answers.IndexInfo] | None, chain: ChainStatus, offers_spenders: bool | None
) -> Index:
    if found is None:
        return Index(name, "unknown")
    if index := found.get(INDEXES[name]):
        return Index(name, "ready" if index.synced else "building", index.best_block_height)
    if name == "spenders" and not offers_spenders:
        return Index(name, "unknown" if offers_spenders is None else "not_offered")
    return Index(name, "pruned" if chain.pruned and name in ("txindex", "spenders") else "missing")


# --- what works with it -----------------------------------------------------------------------------------------------


def features(
    chain: ChainStatus, indexes: dict[IndexName, Index], methods: frozenset[str] | None
) -> tuple[Feature, ...]:
    """`methods` are those that the node lists; None where it does not tell."""
    return (
        _by_txid(indexes["txindex"]),
        _below_pruned(Feature("fees", "works"), chain),
        Feature("unspent", "works"),
        _spenders(indexes["spenders"], methods),
        _below_pruned(Feature("old_blocks", "works"), chain),
        Feature("newest", "partly", "catching_up", chain.height) if chain.catching_up else Feature("newest", "works"),
        Feature("mempool", "partly", "catching_up") if chain.catching_up else Feature("mempool", "works"),
    )


def _by_txid(index: Index) -> Feature:
    match index.state:
        case "ready":
            return Feature("txid", "works")
        case "building":
            return Feature("txid", "partly", "building", index.height)
        case "unknown":
            return Feature("txid", "unknown")
        case "pruned":
            return Feature("txid", "partly", "pruned")
        case _:
            return Feature("txid", "partly", "missing")


def _below_pruned(feature: Feature, chain: ChainStatus) -> Feature:
    if chain.prune_height:
        return Feature(feature.name, "partly", "pruned", chain.prune_height)
    return feature


def _spenders(index: Index, methods: frozenset[str] | None) -> Feature:
    if index.state == "ready":
        return Feature("spenders", "works")
    if methods is None:
        return Feature("spenders", "unknown")
    if "gettxspendingprevout" not in methods:  # since Bitcoin Core 24
        return Feature("spenders", "not", "no_method")
    if index.state == "building":  # until it is done, the node refuses every such question
        return Feature("spenders", "not", "building", index.height)
    return Feature("spenders", "partly", "mempool_only")
