"""The same with Redis between the explorer's processes. Only where redis-server is installed."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

from bench import calls
from bench.recorder import Recorder
from bench.report import Figure, Goal, Skipped, spread
from bench.rows.warm import page_paths, warm
from bench.visitor import Visitor
from bench.world import World
from tests.bitcoind import free_port


@contextlib.contextmanager
def _redis() -> Iterator[int]:
    """The port of a Redis of our own, that writes nothing to the disk."""
    program = shutil.which("redis-server")
    if program is None:
        raise Skipped("redis-server is not installed: sudo apt-get install redis-server (Debian, Ubuntu)")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        end = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                _keys(port)
                break
            if time.monotonic() > end:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _keys(port: int) -> int:
    """How many keys it holds."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.sendall(b"DBSIZE\r\n")
        return int(sock.recv(100).strip().removeprefix(b":"))


def _settings(port: int) -> dict[str, str]:
    return {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": f"redis://127.0.0.1:{port}/0"}


def redis(world: World) -> Iterator[Figure]:
    with _redis() as port:
        for page in page_paths(world):
            yield from warm(world, page, _settings(port), "redis")
        yield from _second(world, port)


def _second(world: World, port: int) -> Iterator[Figure]:
    """Two servers: one fetches, the other finds."""
    node = world.node()
    firsts, seconds = [], []
    with (
        Recorder(node) as recorder,
        world.server(node, url=recorder.url, settings=_settings(port)) as one,
        world.server(node, url=recorder.url, settings=_settings(port)) as other,
        Visitor(one.port) as visitor,
        Visitor(other.port) as later,
    ):
        # Not the last block: the warm rows have asked for that.
        for block in world.unrelated_blocks()[: world.options.turns]:
            words = {block, *node.rpc("getblock", block, 1)["tx"]}
            recorder.take()
            visitor.get(f"/block/{block}")
            firsts.append(float(len(calls.take_until_quiet(recorder, words)[0])))
            later.get(f"/block/{block}")
            seconds.append(float(len(calls.take_until_quiet(recorder, words)[0])))
        keys = _keys(port)
    yield Figure(
        "redis-second",
        "RPC calls that name a block, at the second server's first visit to its page",
        "at the first server's",
        "calls",
        seconds,
        firsts,
        Goal("at most times", 0),
        {f"Redis holds something ({keys:,} keys)": keys > 0},
        [f"in the turns: {spread(seconds, 'calls')} / {spread(firsts, 'calls')}"],
    )
