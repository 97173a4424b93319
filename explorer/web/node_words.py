"""The words of the node page, by the names of `explorer/chain/node.py`. Sizes and times are the main chain's, about."""

from __future__ import annotations

from typing import Final, NamedTuple

from explorer.chain.node import Feature, FeatureName, FeatureState, IndexName, IndexState
from explorer.findings import costs
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
        "Transactions",
        "Finds every transaction by its id alone, and makes the pages of blocks faster.",
        "txindex=1",
        costs.TXINDEX,
    ),
    "spenders": IndexWords(
        "Spenders",
        "Names the transaction that spent an output, also in old blocks.",
        "txospenderindex=1",
        costs.SPENDERS,
    ),
    "block_filters": IndexWords(
        "Block filters",
        "Lets the node find the blocks that touch an address. No page of this explorer uses them yet.",
        "blockfilterindex=1",
        costs.BLOCK_FILTERS,
    ),
    "coin_stats": IndexWords(
        "Coin statistics",
        "Lets the node tell how much money exists at any height. No page of this explorer uses them yet.",
        "coinstatsindex=1",
        costs.COIN_STATS,
    ),
}
INDEX_STATES: Final[dict[IndexState, tuple[str, str]]] = {  # the kind of pill, its words
    "ready": ("good", "ready"),
    "building": ("waiting", "being built"),
    "missing": ("", "missing"),
    "pruned": ("", "not with pruning"),
    "not_offered": ("", "not in this version"),
    "unknown": ("", "not known"),
}
FEATURES: Final[dict[FeatureName, FeatureWords]] = {
    "txid": FeatureWords("Search by transaction id", "Every transaction is found by its id."),
    "fees": FeatureWords("Fees and input amounts", "Known for every block and for what waits in the mempool."),
    "unspent": FeatureWords("Spent or unspent", "Known for every output, the mempool included."),
    "spenders": FeatureWords("Spent by which transaction", "Each spent output leads to what spent it."),
    "old_blocks": FeatureWords("Old blocks", "Every block is kept whole, back to the first."),
    "newest": FeatureWords("The newest blocks", "The node has caught up with the chain."),
    "mempool": FeatureWords("Unconfirmed transactions", "What waits in this node's mempool can be seen."),
}
FEATURE_STATES: Final[dict[FeatureState, tuple[str, str]]] = {
    "works": ("good", "works"),
    "partly": ("warning", "works partly"),
    "not": ("bad", "does not work"),
    "unknown": ("", "not known"),
}
REASONS: Final[dict[tuple[FeatureName, str], str]] = {
    (
        "txid",
        "building",
    ): "The index has reached block {height}. Later transactions are found on the page of their block.",
    ("txid", "missing"): "Without txindex only those in the mempool, and those opened from the page of their block.",
    ("txid", "pruned"): "A pruned node finds those in the mempool, and those opened from the page of a block it keeps.",
    ("fees", "pruned"): "From block {height} on: older blocks are pruned.",
    ("spenders", "no_method"): "This version cannot tell; whether an output is spent is known.",
    ("spenders", "building"): "The index of spenders has reached block {height}.",
    ("spenders", "mempool_only"): "While the spender waits in the mempool; of one in a block the node has no index.",
    ("old_blocks", "pruned"): "From block {height} on: of older ones the header alone is kept.",
    ("newest", "catching_up"): "Up to block {height}: the node is still catching up.",
    ("mempool", "catching_up"): "Nodes take in few transactions until they have caught up.",
}
NOT_TOLD: Final = "The node does not tell."

STATES: Final[dict[State, tuple[str, str]]] = {
    "closed": ("good", "answers"),
    "open": ("bad", "in trouble"),
    "half_open": ("waiting", "being tried"),
}
SERVICES: Final = {  # BIP 111, 144, 157, 159, 324
    "NETWORK": "serves every block",
    "NETWORK_LIMITED": "serves the last 288 blocks",
    "WITNESS": "serves blocks with their witnesses",
    "BLOOM": "filters transactions for light wallets",
    "COMPACT_FILTERS": "serves block filters",
    "P2P_V2": "speaks the encrypted transport",
}


def reason(feature: Feature) -> str:
    """Why a feature works as it does, in a sentence."""
    if feature.state == "works":
        return FEATURES[feature.name].works
    if feature.state == "unknown":
        return NOT_TOLD
    words = REASONS[feature.name, feature.reason]
    return words.format(height="" if feature.height is None else f"{feature.height:,}")
