"""What is measured on: one chain, built once, and nodes of several kinds that each have a copy of it."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

from bench import chain
from bench.chain import BenchChain
from bench.server import WORKERS, Server
from tests.bitcoind import Bitcoind
from tests.coins import Coin, mine

RECENT_BLOCKS, RECENT = 10, 150  # blocks on top of the chain, and transactions in each
NUMBERS = iter(range(1 << 41, 1 << 42))  # of payments that are made here: others than those of bench/chain.py
PER_PAGE = 25  # transactions on a block's page, as the README says
QUICK_BLOCKS, QUICK = 6, 160  # of a quick run: blocks, and transactions in each
LOG_END = 6_000  # characters of a server's log that are shown when a row fails
LEFT_OUT = ("debug.log", ".cookie", ".lock", "output.log")

# The node's options beside the usual; only those with txindex keep an index of all transactions.
KINDS: dict[str, list[str]] = {
    "txindex": [],
    "plain": [],
    "rest": ["-rest=1"],
    "pruned": ["-prune=1"],  # by hand only, so nothing is: a node of its kind all the same
}


class Growing(NamedTuple):
    """A node, and coins to fill new blocks of it with."""

    node: Bitcoind
    coins: list[Coin]

    def grow(self, count: int) -> str:
        """A new block with this many ordinary transactions; returns its hash."""
        made, self.coins[:count] = chain._spread(self.coins[:count], NUMBERS)
        return mine(self.node, made)


@dataclass(frozen=True)
class Options:
    binary: str
    turns: int
    quick: bool  # a tiny chain and short turns, to see that everything runs: its figures mean nothing
    depth: int  # height of the long chain

    @property
    def seconds(self) -> int:
        """How long wrk loads in a turn."""
        return 1 if self.quick else 2


class World:
    """Builds what it is asked for, when it is first asked for it: `with World(options) as world`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.facts: dict[str, Any] = {}  # about the node, for the report
        self._closing = contextlib.ExitStack()
        self._nodes: dict[str, Bitcoind] = {}
        self._template: Bitcoind | None = None
        self._chain: BenchChain | None = None
        self._coins: list[Coin] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    # --- chain and nodes --------------------------------------------------------------------------------------------

    @property
    def per_block(self) -> int:
        """Transactions in each of the chain's full blocks, the coinbase left out."""
        return QUICK if self.options.quick else chain.FULL

    @property
    def chain(self) -> BenchChain:
        if self._chain is None:
            self._build()
        assert self._chain is not None
        return self._chain

    def node(self, kind: str = "txindex") -> Bitcoind:
        """A running node with a copy of the chain. The chain of this one stays as it is."""
        if kind not in self._nodes:
            self._nodes[kind] = self._closing.enter_context(self._copy(kind))
            _settle(self._nodes[kind])
        return self._nodes[kind]

    @contextlib.contextmanager
    def growing(self) -> Iterator[Growing]:
        """A node with txindex whose chain the caller may let grow."""
        with self._copy("txindex") as node:
            _settle(node)
            yield Growing(node, list(self._coins))

    def _build(self) -> None:
        node = self._closing.enter_context(Bitcoind(self.options.binary, ["-dbcache=100"]))
        self.facts["node"] = node.rpc("getnetworkinfo")["subversion"]
        blocks = QUICK_BLOCKS if self.options.quick else chain.FULL_BLOCKS
        self._chain = chain.build(node, blocks, self.per_block)
        growing = Growing(node, _unspent_of(node, self._chain.large))
        # Whoever keeps the newest blocks ready has not kept those that are measured as never asked before.
        for _ in range(RECENT_BLOCKS):
            growing.grow(RECENT)
        self._coins = growing.coins
        node.wait_for_indexes()
        node.stop()
        self._template = node

    def _copy(self, kind: str) -> Bitcoind:
        if self._template is None:
            self._build()
        assert self._template is not None
        node = Bitcoind(self.options.binary, KINDS[kind], txindex=kind == "txindex")
        left_out = LEFT_OUT if node.txindex else (*LEFT_OUT, "indexes")
        shutil.copytree(self._template.chain_dir, node.chain_dir, ignore=shutil.ignore_patterns(*left_out))
        return node

    # --- servers ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def server(
        self, node: Bitcoind | None = None, *, url: str | None = None, settings: dict[str, str] | None = None
    ) -> Iterator[Server]:
        """A new server that has seen nothing but its warm-up, on recent blocks; of the node with txindex unless told.

        `url` leads to the node in another way, through a recorder.
        """
        node = node or self.node()
        with Server(url or node.url, settings) as server:
            try:
                server.warm_up(*(self._recent_pages(node, number) for number in range(WORKERS)))
                yield server
            except Exception:
                print("The end of the server's log:", server.log[-LOG_END:], sep="\n", file=sys.stderr)
                raise

    # --- pages ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _recent_pages(node: Bitcoind, share: int) -> list[str]:
        """Of blocks and their transactions, other ones in each share; every page that is measured is older."""
        tip = node.rpc("getblockcount")
        paths = ["/"]
        for depth in range(share, RECENT_BLOCKS, WORKERS):
            block = node.rpc("getblockhash", tip - depth)
            txids = node.rpc("getblock", block, 1)["tx"]
            page = 2 if len(txids) > PER_PAGE else 1
            paths += [f"/block/{block}?page={page}", *(f"/tx/{txid}?block={block}" for txid in txids[1:4])]
        return paths

    def unrelated_blocks(self) -> list[str]:
        """Full blocks, none of which spends from another of them: a page of one tells nothing of the others."""
        return list(self.chain.full[::2])

    def ordinary_txids(self) -> list[str]:
        """Ordinary transactions, none of which spends from another of them or pays it."""
        blocks, txids = len(self.chain.full), self.chain.ordinary
        per_block = len(txids) // blocks
        return [txid for block in range(0, blocks, 3) for txid in txids[block * per_block : (block + 1) * per_block]]


def _settle(node: Bitcoind) -> None:
    """Waits until it has nothing left to do for itself: after a start it reads its mempool."""
    node.wait_until(lambda: bool(node.rpc("getmempoolinfo")["loaded"]))
    node.wait_for_indexes()


def _unspent_of(node: Bitcoind, block_hash: str) -> list[Coin]:
    """The change of a block's ordinary transactions, as far as nobody in the mempool spends it."""
    made = node.rpc("getblock", block_hash, 2)["tx"][1:]
    coins = [Coin(tx["txid"], 1, int(tx["vout"][1]["value"] * 100_000_000)) for tx in made]
    spending = node.rpc("gettxspendingprevout", [{"txid": coin.txid, "vout": coin.vout} for coin in coins])
    return [coin for coin, use in zip(coins, spending, strict=True) if "spendingtxid" not in use]
