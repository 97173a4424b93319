"""Throughput: pages that were asked before, by many visitors at once, and beside a crawler."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from bench import empty
from bench.report import Figure, Goal, spread
from bench.server import Server
from bench.turns import in_turns
from bench.visitor import Load, Refused, Visitor, load
from bench.world import PER_PAGE, World

FEW, MANY, CRAWLING = 16, 200, 4  # connections
REFUSED_SECONDS = 0.1  # that the crawler, who is not polite, waits then
SLOWEST = 0.25  # seconds, of 99 in 100 answers at MANY connections
NINE_TENTHS = Goal("at least times", 0.9)


def page_paths(world: World) -> dict[str, str]:
    """One page of each kind."""
    block = world.chain.full[-1]
    return {"home": "/", "block": f"/block/{block}", "tx": f"/tx/{world.ordinary_txids()[0]}"}


def warm(world: World, page: str, settings: dict[str, str] | None = None, name: str = "warm") -> Iterator[Figure]:
    """Requests per second beside those of an empty view on the same server."""
    path = page_paths(world)[page]
    with world.server(settings=settings) as server:
        server.keep(path)
        loads = Loads(world, server)
        pages, empties, plain = in_turns(
            world.options.turns,
            lambda: loads.rate(path, FEW),
            lambda: loads.rate(empty.PATH, FEW),
            lambda: loads.rate(path, FEW, None),
        )
    yield Figure(
        f"{name}-{page}",
        f"{page} page, warm, {FEW} connections",
        "an empty Flask view on the same server",
        "/s",
        pages,
        empties,
        NINE_TENTHS,
        {"no failed request": loads.failed == 0},
        [f"for visitors who take no compression: {spread(plain, '/s')}"],
    )


def many(world: World, page: str) -> Iterator[Figure]:
    """Whether many visitors are served as fast as few."""
    path = page_paths(world)[page]
    slowest: list[float] = []
    with world.server() as server:
        server.keep(path)
        loads = Loads(world, server)

        def at_many() -> float:
            saw = loads.take(path, MANY)
            slowest.append(saw.p99 * 1000)
            return saw.rate

        crowd, few = in_turns(world.options.turns, at_many, lambda: loads.rate(path, FEW))
    yield Figure(
        f"many-{page}",
        f"{page} page, warm, {MANY} connections",
        f"the same at {FEW}",
        "/s",
        crowd,
        few,
        NINE_TENTHS,
        {
            "no failed request": loads.failed == 0,
            f"99 of 100 within {SLOWEST * 1000:.0f} ms in every turn": max(slowest) < SLOWEST * 1000,
        },
        [f"99 of 100 within: {spread(slowest, 'ms')}"],
    )


def crawler(world: World) -> Iterator[Figure]:
    """The home page while somebody reads all blocks, page by page."""
    slowest: list[tuple[float, float]] = []
    with world.server() as server:
        server.keep("/")
        loads = Loads(world, server)
        crawl = _Crawl(server, cold_pages(world))

        def beside_crawler() -> float:
            with crawl.going_on():
                saw = loads.see("/", FEW)
            server.settle()
            slowest.append((saw.p50 * 1000, saw.p99 * 1000))
            return saw.rate

        beside, alone = in_turns(world.options.turns, beside_crawler, lambda: loads.rate("/", FEW))
    yield Figure(
        "crawler",
        f"home page, {FEW} connections, while {CRAWLING} others read cold blocks of {world.per_block:,} transactions",
        "the home page without them",
        "/s",
        beside,
        alone,
        Goal("at least times", 0.5),
        {
            "no failed request": loads.failed == 0,
            "the crawler went on to the end": not crawl.problems and not crawl.is_through,
        },
        [
            f"99 of 100 within {spread([p99 for _, p99 in slowest], 'ms')}, half of them within "
            f"{spread([p50 for p50, _ in slowest], 'ms')}",
            f"the crawler asked for {crawl.pages:,} pages, of which {len(crawl.refusals):,} were refused",
            *crawl.refusals[:1],
            *crawl.problems[:1],
            "the goal is a guess: what is fair to both, as the crawler takes a fifth of the connections",
        ],
    )


def cold_pages(world: World) -> Iterator[str]:
    """Every page of every full block, and then transactions, each once."""
    for block in reversed(world.chain.full):
        for page in range(1, -(-(world.per_block + 1) // PER_PAGE) + 1):
            yield f"/block/{block}?page={page}"
    for block in world.chain.full:
        for txid in world.node().rpc("getblock", block, 1)["tx"]:
            yield f"/tx/{txid}"


class Loads:
    """Loads of one server, and how many of their requests failed."""

    def __init__(self, world: World, server: Server) -> None:
        self.failed = 0
        self._seconds = world.options.seconds
        self._server = server

    def take(self, path: str, connections: int, *encodings: str | None) -> Load:
        """Leaves the server as it was."""
        saw = self.see(path, connections, *encodings)
        self._server.settle()
        return saw

    def see(self, path: str, connections: int, *encodings: str | None) -> Load:
        """Leaves it busy with what may still be under way."""
        saw = load(self._server.url + path, connections, self._seconds, *encodings)
        self.failed += saw.failed
        return saw

    def rate(self, path: str, connections: int, *encodings: str | None) -> float:
        return self.take(path, connections, *encodings).rate


class _Crawl:
    """A crawler that stops and goes on where it was."""

    def __init__(self, server: Server, paths: Iterator[str]) -> None:
        self.pages = 0
        self.is_through = False  # nothing cold is left to read
        self.refusals: list[str] = []
        self.problems: list[str] = []
        self._server = server
        self._paths = paths
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        stop = threading.Event()
        threads = [threading.Thread(target=self._read, args=(stop,)) for _ in range(CRAWLING)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _read(self, stop: threading.Event) -> None:
        try:
            with Visitor(self._server.port) as visitor:
                while not stop.is_set():
                    path = self._next()
                    if path is None:
                        break
                    try:
                        visitor.get(path)
                    except Refused as refusal:  # it may be told to come back later
                        self.refusals.append(str(refusal)[:200])
                        time.sleep(REFUSED_SECONDS)
        except Exception as error:  # a thread's, for the report
            self.problems.append(f"the crawler gave up: {type(error).__name__}: {error}")

    def _next(self) -> str | None:
        with self._lock:
            path = next(self._paths, None)
            if path is None:
                self.is_through = True
            else:
                self.pages += 1
            return path
