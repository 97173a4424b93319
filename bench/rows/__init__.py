"""What is measured: each row a function that measures, and yields its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from bench.report import Figure
from bench.rows import cold, life, live, redis, warm, wire
from bench.world import World

Row = Callable[[World], Iterator[Figure]]

ROWS: dict[str, Row] = {
    **{f"warm-{page}": partial(warm.warm, page=page) for page in ("home", "block", "tx")},
    **{f"many-{page}": partial(warm.many, page=page) for page in ("home", "block", "tx")},
    "cold-tx": cold.cold_tx,
    **{f"cold-block-{kind}": partial(cold.cold_block, kind=kind) for kind in cold.YARDSTICKS},
    "next-page": life.next_page,
    "many-inputs": cold.many_inputs,
    "new-block": life.new_block,
    "wire": wire.wire,
    "herd": life.herd,
    "memory": life.memory,
    "size": cold.size,
    "depth": cold.depth,
    "start": life.start,
    "crawler": warm.crawler,
    "live": live.live,
    "redis": redis.redis,
}
ON_REQUEST = {"depth"}  # its chain takes a minute
