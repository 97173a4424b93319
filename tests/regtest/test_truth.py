"""What is kept is never told too long: two workers are browsed while a real chain does all that chains do, at random,
and each page is compared with one that is made without any cache.

The seed is printed; `TRUTH_SEED=… script/test tests/regtest/test_truth.py` repeats its order of events.
"""

from __future__ import annotations

import os
import random
import re
import time

import pytest

from tests.bitcoind import Bitcoind, BitcoindError, free_port
from tests.coins import Coin, Made, reward, spend, split
from tests.pages import Explorer
from tests.regtest.pair import Pair
from tests.regtest.visitors import load
from tests.server import LiveServer

EVENTS = 16
LOADS = 4  # of each page: so many that both workers are asked, and a page that was just made is asked for again
POLLING, ZMQ = 2.0, 1.0  # seconds after which everything has to be told as it is
AGREED = 15.0  # seconds until two processes have noticed, each by itself, that a node hangs or is back

# What depends on the moment in which a page was made, not on the chain.
MOMENTS = re.compile(r"<time[^>]*>[^<]*</time>|in the mempool, seen [^<]*")


class World:
    """A chain, and what happens to it."""

    def __init__(self, node: Bitcoind, chance: random.Random, pair: Pair | None) -> None:
        self.node = node
        self.chance = chance
        self.pair = pair
        coins = split(node, reward(node, 1)[0], 300)
        self.coins = coins[:300]
        self.made: dict[str, Made] = {}  # what was sent, by txid
        self.spent: dict[str, Coin] = {}  # the coin that each of them spends
        self.txids = [coins[0].txid]
        self.blocks = [node.rpc("getbestblockhash")]

    def spend(self) -> None:
        """A confirmed or unconfirmed coin."""
        parents = self._unspent_in_mempool()
        coin = parents[-1].coins[0] if parents and self.chance.random() < 0.4 else self.coins.pop()
        self._send(coin, coin.value - self.chance.randrange(500, 3_000))

    def replace(self) -> None:
        """An unconfirmed transaction that nothing spends yet, by one that pays more."""
        free = self._unspent_in_mempool()
        if not free:
            return self.spend()
        old = self.chance.choice(free)
        return self._send(self.spent[old.txid], old.coins[0].value - 5_000)

    def mine(self) -> None:
        """A block with a part of what waits, the parents before their children."""
        pool = self.node.rpc("getrawmempool", True)
        parents_first = sorted(pool, key=lambda txid: pool[txid]["ancestorcount"])
        self._mine(parents_first[: self.chance.randrange(len(pool) + 1)])

    def reorganise(self) -> None:
        """The last blocks lose against a longer branch; what they held waits again."""
        depth = self.chance.choice([1, 1, 2])
        tip = self.node.rpc("getblockcount")
        self.node.rpc("invalidateblock", self.node.rpc("getblockhash", tip - depth + 1))
        for _ in range(depth + 1):
            self._mine([])

    def switch(self) -> None:
        """The own node hangs; another one answers until it is back."""
        assert self.pair
        self.pair.own.suspend()

    def settle(self) -> None:
        """Until every index of the nodes is there, which no explorer can hurry."""
        if self.pair:
            self.pair.agree()
            self.pair.own.wait_until(lambda: self._mempools_agree())
        self.node.wait_for_indexes()

    def _mempools_agree(self) -> bool:
        assert self.pair
        mine_, theirs = (set(node.rpc("getrawmempool")) for node in (self.pair.own, self.pair.other))
        for txid in mine_ - theirs:
            try:
                self.pair.other.rpc("sendrawtransaction", self.pair.own.rpc("getrawtransaction", txid), 0)
            except BitcoindError:  # its parent first
                continue
        return mine_ == theirs

    def paths(self) -> list[str]:
        known = self.chance.sample(self.txids, min(4, len(self.txids))) + self.txids[-2:]
        blocks = [self.chance.choice(self.blocks), *self.blocks[-2:]]
        return ["/", "/blocks", *(f"/block/{block}" for block in blocks), *(f"/tx/{txid}" for txid in known)]

    def has_vanished(self, txid: str, body: str) -> None:
        """Of one that was seen waiting the server knows more than the node does, and nothing that is not so."""
        assert re.search('data-announce="state">\\s*<span class="pill (bad">Replaced|warning">Dropped)<', body), txid
        if other := re.search('The other transaction is <a href="/tx/([0-9a-f]{64})', body):
            assert self.spent[other[1]] == self.spent[txid] or self.spent[txid].txid == other[1]

    def _mine(self, txids: list[str]) -> None:
        # To an output of its own: an empty block might be the very one that was given up a moment ago.
        output = f"raw(04{len(self.blocks):08x}7551)"
        self.blocks.append(self.node.rpc("generateblock", output, txids)["hash"])

    def _send(self, coin: Coin, value: int) -> None:
        made = spend([coin], [max(value, 1_000)])
        made.send(self.node)
        self.made[made.txid] = made
        self.spent[made.txid] = coin
        self.txids.append(made.txid)

    def _unspent_in_mempool(self) -> list[Made]:
        pool = self.node.rpc("getrawmempool", True)
        return [made for made in self.made.values() if made.txid in pool and not pool[made.txid]["spentby"]]


def told(status: int, body: str) -> tuple[int, str]:
    return status, MOMENTS.sub("", body)


def check(world: World, server: LiveServer, bare: Explorer) -> None:
    """Each page, as the server tells it, is the page that is made without any cache."""
    for path in world.paths():
        answer = bare.client.get(path)
        expected = told(answer.status_code, answer.get_data(as_text=True))
        for _ in range(LOADS):
            status, _, body = load(server, path)
            if (status, expected[0]) == (200, 404):
                world.has_vanished(path.removeprefix("/tx/"), body)
            else:
                assert told(status, body) == expected, path


def check_soon(world: World, server: LiveServer, bare: Explorer) -> None:
    """`check`, once the server and the one that it is compared with have taken to the same node."""
    end = time.monotonic() + AGREED
    while True:
        try:
            return check(world, server, bare)
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


@pytest.fixture
def chance() -> random.Random:
    seed = os.environ.get("TRUTH_SEED") or str(time.time_ns() % 1_000_000)
    print(f"\nTRUTH_SEED={seed}")  # noqa: T201  so that a failure can be repeated
    return random.Random(seed)


@pytest.mark.parametrize("cache", ["memory", "redis"])
def test_without_zmq(bitcoind_path: str, chance: random.Random, cache: str, redis_url: str) -> None:
    shared = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis_url} if cache == "redis" else {}
    with Bitcoind(bitcoind_path) as node:
        world = World(node, chance, None)
        live(world, {"BITCOIN_RPC_URL": node.url, **shared}, POLLING)


def test_with_zmq(bitcoind_path: str, chance: random.Random) -> None:
    args = [f"-zmqpubsequence=tcp://127.0.0.1:{free_port()}"]
    with Bitcoind(bitcoind_path, args) as node:
        live(World(node, chance, None), {"BITCOIN_RPC_URL": node.url}, ZMQ)


def live(world: World, settings: dict[str, str], patience: float) -> None:
    bare = Explorer(settings["BITCOIN_RPC_URL"], CACHE_TYPE="NullCache")
    with LiveServer(settings) as server:
        for _ in range(EVENTS):
            event = world.chance.choice([world.spend, world.spend, world.replace, world.mine, world.reorganise])
            event()
            world.settle()
            time.sleep(patience)
            check(world, server, bare)


def test_with_another_node(bitcoind_path: str, chance: random.Random) -> None:
    """The own node hangs now and then, and another one answers."""
    pair = Pair(bitcoind_path)
    try:
        pair.start()
        world = World(pair.own, chance, pair)
        settings = {"BITCOIN_RPC_URL": f"{pair.own.url},{pair.other.url}", "RPC_TIMEOUT": "1"}
        bare = Explorer(settings["BITCOIN_RPC_URL"], CACHE_TYPE="NullCache", RPC_TIMEOUT="1")
        with LiveServer(settings) as server:
            for number in range(EVENTS // 2):
                chance.choice([world.spend, world.replace, world.mine, world.reorganise])()
                world.settle()
                if number % 3 == 2:
                    world.switch()
                    time.sleep(POLLING)
                    check_soon(world, server, bare)
                    pair.own.resume()
                time.sleep(POLLING)
                check_soon(world, server, bare)
    finally:
        pair.close()
