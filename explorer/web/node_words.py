"""The words of the node page, by the names of `explorer/chain/node.py`. Sizes and times are the main chain's, about."""

from __future__ import annotations

from typing import Final, NamedTuple

from explorer.chain.node import Feature, FeatureName, FeatureState, IndexName, IndexState
from explorer.findings import costs
from explorer.language import gettext as _
from explorer.language import noop
from explorer.node.health import State


class IndexWords(NamedTuple):
    title: str
    gives: str
    line: str  # of bitcoin.conf
    cost: str


class FeatureWords(NamedTuple):
    title: str
    works: str


INDEXES: Final[dict[IndexName, IndexWords]] = {
    "txindex": IndexWords(
        noop("Transactions"),
        noop("Finds every transaction by its id alone, and makes the pages of blocks faster."),
        "txindex=1",
        costs.TXINDEX,
    ),
    "spenders": IndexWords(
        noop("Spenders"),
        noop("Names the transaction that spent an output, also in old blocks."),
        "txospenderindex=1",
        costs.SPENDERS,
    ),
    "block_filters": IndexWords(
        noop("Block filters"),
        noop("Lets the node find the blocks that touch an address. No page of this explorer uses them yet."),
        "blockfilterindex=1",
        costs.BLOCK_FILTERS,
    ),
    "coin_stats": IndexWords(
        noop("Coin statistics"),
        noop("Lets the node tell how much money exists at any height. No page of this explorer uses them yet."),
        "coinstatsindex=1",
        costs.COIN_STATS,
    ),
}
INDEX_STATES: Final[dict[IndexState, tuple[str, str]]] = {  # the kind of pill, its words
    "ready": ("good", noop("ready")),
    "building": ("waiting", noop("being built")),
    "missing": ("", noop("missing")),
    "pruned": ("", noop("not with pruning")),
    "not_offered": ("", noop("not in this version")),
    "unknown": ("", noop("not known")),
}
FEATURES: Final[dict[FeatureName, FeatureWords]] = {
    "txid": FeatureWords(noop("Search by transaction id"), noop("Every transaction is found by its id.")),
    "fees": FeatureWords(
        noop("Fees and input amounts"), noop("Known for every block and for what waits in the mempool.")
    ),
    "unspent": FeatureWords(noop("Spent or unspent"), noop("Known for every output, the mempool included.")),
    "spenders": FeatureWords(noop("Spent by which transaction"), noop("Each spent output leads to what spent it.")),
    "old_blocks": FeatureWords(noop("Old blocks"), noop("Every block is kept whole, back to the first.")),
    "newest": FeatureWords(noop("The newest blocks"), noop("The node has caught up with the chain.")),
    "mempool": FeatureWords(noop("Unconfirmed transactions"), noop("What waits in this node's mempool can be seen.")),
}
FEATURE_STATES: Final[dict[FeatureState, tuple[str, str]]] = {
    "works": ("good", noop("works")),
    "partly": ("warning", noop("works partly")),
    "not": ("bad", noop("does not work")),
    "unknown": ("", noop("not known")),
}
REASONS: Final[dict[tuple[FeatureName, str], str]] = {
    (
        "txid",
        "building",
    ): noop("The index has reached block %(height)s. Later transactions are found on the page of their block."),
    ("txid", "missing"): noop(
        "Without txindex only those in the mempool, and those opened from the page of their block."
    ),
    ("txid", "pruned"): noop(
        "A pruned node finds those in the mempool, and those opened from the page of a block it keeps."
    ),
    ("fees", "pruned"): noop("From block %(height)s on: older blocks are pruned."),
    ("spenders", "no_method"): noop("This version cannot tell; whether an output is spent is known."),
    ("spenders", "building"): noop("The index of spenders has reached block %(height)s."),
    ("spenders", "mempool_only"): noop(
        "While the spender waits in the mempool; of one in a block the node has no index."
    ),
    ("old_blocks", "pruned"): noop("From block %(height)s on: of older ones the header alone is kept."),
    ("newest", "catching_up"): noop("Up to block %(height)s: the node is still catching up."),
    ("mempool", "catching_up"): noop("Nodes take in few transactions until they have caught up."),
}
NOT_TOLD: Final = noop("The node does not tell.")

STATES: Final[dict[State, tuple[str, str]]] = {
    "closed": ("good", noop("answers")),
    "open": ("bad", noop("in trouble")),
    "half_open": ("waiting", noop("being tried")),
}
SERVICES: Final = {  # BIP 111, 144, 157, 159, 324
    "NETWORK": noop("serves every block"),
    "NETWORK_LIMITED": noop("serves the last 288 blocks"),
    "WITNESS": noop("serves blocks with their witnesses"),
    "BLOOM": noop("filters transactions for light wallets"),
    "COMPACT_FILTERS": noop("serves block filters"),
    "P2P_V2": noop("speaks the encrypted transport"),
}


def reason(feature: Feature) -> str:
    """Why a feature works as it does, in a sentence."""
    if feature.state == "works":
        return _(FEATURES[feature.name].works)
    if feature.state == "unknown":
        return _(NOT_TOLD)
    return _(REASONS[feature.name, feature.reason], height="" if feature.height is None else f"{feature.height:,}")
