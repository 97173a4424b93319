"""How many bytes a page is."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from bench.report import Figure, Goal
from bench.rows.warm import page_paths
from bench.visitor import Visitor
from bench.world import World

COMPRESSED = {"home": 8, "block": 14, "tx": 5}  # kB
UNCOMPRESSED = {"home": 25, "block": 70, "tx": 15}


def wire(world: World) -> Iterator[Figure]:
    """Warm pages: whoever compresses better with time has had it."""
    with world.server() as server:
        for page, path in page_paths(world).items():
            server.keep(path)
            goals = {"zstd": COMPRESSED[page], "gzip": COMPRESSED[page], "identity": UNCOMPRESSED[page]}
            for encoding, goal in goals.items():
                with Visitor(server.port, encoding) as visitor:
                    answer = visitor.get(path)
                used = answer.headers.get("content-encoding", "identity")
                if used == "gzip":
                    zlib.decompress(answer.body, wbits=31)  # raises zlib.error if it is not what it says
                yield Figure(
                    f"wire-{page}-{encoding}",
                    f"HTML of the {page} page for visitors who take {encoding}",
                    "the goal",
                    "kB",
                    [len(answer.body) / 1000],
                    [goal],
                    Goal("at most", goal),
                    {f"it came as {encoding}": used == encoding},
                )
