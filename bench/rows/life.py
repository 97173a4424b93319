"""What happens to an explorer as it lives: its start, new blocks, many pages, and many visitors for one of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench import calls
from bench.kept import Kept
from bench.recorder import Recorder
from bench.report import Figure, Goal, amount, spread
from bench.rows.warm import cold_pages
from bench.server import Server
from bench.turns import in_turns, median_ms, percentile
from bench.visitor import Visitor
from bench.world import PER_PAGE, World
from explorer.background import ARRIVAL
from tests.bitcoind import free_port
from tests.server import ROOT, is_setting

HERD = 50  # visitors
READ_SECONDS = 5  # that a visitor reads the first page before turning it
ARRIVED_SECONDS = 3  # after which a new block has been noticed
READERS = 8  # connections that read many pages
PATIENCE = 400  # seconds for all of them
MEMORY_MB = 64
PAGES = (1_000, 20_000)  # between which memory may grow by that
START_SECONDS = 30  # after which a start has failed


def next_page(world: World) -> Iterator[Figure]:
    """Both workers in turn: who turns the page may well reach the other one."""
    block = world.unrelated_blocks()[0]
    turns = world.options.turns
    last = -(-(world.per_block + 1) // PER_PAGE)
    further: list[float] = []
    with world.server() as server, contextlib.ExitStack() as closing:
        visitors = [closing.enter_context(visitor) for visitor in server.one_visitor_each()]
        visitors[0].get(f"/block/{block}")
        time.sleep(1 if world.options.quick else READ_SECONDS)
        pages = iter([list(range(2 + turn, last + 1, turns)) for turn in range(turns)])

        def turned() -> float:
            seconds = [visitors[page // turns % 2].seconds(f"/block/{block}?page={page}") for page in next(pages)]
            further.extend(seconds)
            return median_ms(seconds)

        def warm() -> float:
            return median_ms(visitors[i % 2].seconds(f"/block/{block}") for i in range(20))

        warm()
        measured, against = in_turns(turns, turned, warm)
    yield Figure(
        "next-page",
        f"further pages of a block {READ_SECONDS} s after its first one was asked, each once, by both workers in turn",
        "the block's first page, warm",
        "ms",
        measured,
        against,
        Goal("at most times", 3),
        notes=[
            f"95 of 100 of the {len(further)} pages within {amount(percentile(further, 0.95) * 1000, 'ms')}, the "
            f"slowest {amount(max(further) * 1000, 'ms')}"
        ],
    )


def new_block(world: World) -> Iterator[Figure]:
    """A block that has just come: its first visit by each worker, of which the slower one counts; and a later visit
    after the same rest, since what has rested is slow to begin with."""
    firsts: dict[str, list[float]] = {"home": [], "page": []}
    warms: dict[str, list[float]] = {"home": [], "page": []}
    rest = 1 if world.options.quick else ARRIVED_SECONDS
    with world.growing() as growing, world.server(growing.node) as server, contextlib.ExitStack() as closing:
        visitors = [closing.enter_context(visitor) for visitor in server.one_visitor_each()]
        for _ in range(world.options.turns):
            block = growing.grow(world.per_block)
            growing.node.wait_for_indexes()
            paths = {"home": "/", "page": f"/block/{block}"}
            _visit_rested(visitors, paths, rest, firsts)
            time.sleep(ARRIVAL)
            server.settle()  # now the block's further pages have been made
            _visit_rested(visitors, paths, rest, warms)
    for kind, what in (("home", "the home page"), ("page", "the block's page")):
        yield Figure(
            f"new-block-{kind}",
            f"{what} first asked {ARRIVED_SECONDS} s after a block of {world.per_block:,} came, slower of both workers",
            "the same page, warm, after the same rest",
            "ms",
            firsts[kind],
            warms[kind],
            Goal("at most times", 1.5),
            notes=[f"in the turns: {spread(firsts[kind], 'ms')} / {spread(warms[kind], 'ms')}"],
        )


def _visit_rested(
    visitors: Sequence[Visitor], paths: dict[str, str], rest: float, found: dict[str, list[float]]
) -> None:
    time.sleep(rest)
    for kind, path in paths.items():
        found[kind].append(max(visitor.seconds(path) for visitor in visitors) * 1000)


def herd(world: World) -> Iterator[Figure]:
    """The node's work for many visitors at once beside that for one; every turn has a new server."""
    node = world.node()
    blocks = world.unrelated_blocks()
    totals: dict[str, list[float]] = {"one": [], "herd": []}
    words_of = {block: {block, *node.rpc("getblock", block, 1)["tx"]} for block in blocks[:2]}
    last_calls: dict[str, str] = {}
    problems: list[str] = []

    def count(server: Server, recorder: Recorder, block: str, visitors: int, who: str) -> float:
        recorder.take()
        problems.extend(_all_at_once(server.port, f"/block/{block}", visitors))
        naming, everything = calls.take_until_quiet(recorder, words_of[block])
        totals[who].append(len(everything))
        last_calls[who] = calls.in_words(naming)
        return len(naming)

    herds, ones = [], []
    for turn in range(world.options.turns):
        with Recorder(node) as recorder, world.server(node, url=recorder.url) as server:
            one, many = blocks[turn % 2], blocks[(turn + 1) % 2]
            herds.append(count(server, recorder, many, HERD, "herd"))
            ones.append(count(server, recorder, one, 1, "one"))
    yield Figure(
        "herd",
        f"RPC calls that name a cold block or its transactions, when {HERD} visitors of 2 workers ask for it at once",
        "when one visitor does",
        "calls",
        herds,
        ones,
        Goal("at most times", 1),
        {"every visitor got the page": not problems},
        [
            *problems[:1],
            f"in the turns: {spread(herds, 'calls')} / {spread(ones, 'calls')}",
            f"all calls of the time, those of the background too: {amount(median(totals['herd']), 'calls')} / "
            f"{amount(median(totals['one']), 'calls')}",
            f"the herd's last: {last_calls['herd']}",
            f"the one's last: {last_calls['one']}",
        ],
    )


def _all_at_once(port: int, path: str, count: int) -> list[str]:
    """As many visitors, on connections that are open already; returns what went wrong for some of them."""
    visitors = [Visitor(port) for _ in range(count)]
    for visitor in visitors:
        visitor.opened()
    problems: list[str] = []
    together = threading.Barrier(count)

    def visit(visitor: Visitor) -> None:
        try:
            together.wait()
            visitor.get(path)
        except Exception as error:  # a thread's, for the report
            problems.append(f"{type(error).__name__}: {error}")
        finally:
            visitor.close()

    threads = [threading.Thread(target=visit, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def memory(world: World) -> Iterator[Figure]:
    few, lots = (100, 500) if world.options.quick else PAGES
    paths = list(_mixed(world, lots))
    few, lots = min(few, len(paths)), len(paths)
    with world.server() as server:
        start = server.memory()
        end = time.monotonic() + PATIENCE
        read = _read_all(server.port, paths[:few], end)
        before, shared_before = server.memory(), server.shared_bytes()
        began = time.monotonic()
        read += _read_all(server.port, paths[few:], end)
        took = time.monotonic() - began
        server.settle()
        after, shared_after = server.memory(), server.shared_bytes()
    for number, (at_start, little, much) in enumerate(zip(start, before, after, strict=True), 1):
        yield Figure(
            f"memory-{number}",
            f"memory (Pss) of worker {number} after {read:,} different pages",
            f"after {few:,}",
            "MB",
            [much / 1e6],
            [little / 1e6],
            Goal("at most more", MEMORY_MB),
            {f"all {lots:,} pages were read within {PATIENCE} s": read == lots},
            [
                f"after the warm-up: {amount(at_start / 1e6, 'MB')}",
                f"*explorer* in /dev/shm: {amount(shared_before / 1e6, 'MB')}, then {amount(shared_after / 1e6, 'MB')}",
                f"{(read - few) / took:,.0f} pages a second, on {READERS} connections" if took else "",
            ],
        )


def _mixed(world: World, count: int) -> Iterator[str]:
    """Different pages: those of blocks and those of transactions, in the same proportion from beginning to end."""
    pages = list(cold_pages(world))[: count * 10]
    blocks = [path for path in pages if path.startswith("/block/")]
    txs = [path for path in pages if path.startswith("/tx/")]
    count = min(count, len(blocks) + len(txs))
    every = max(2, -(-count // len(blocks)))  # one in so many is a block's
    block, tx = iter(blocks), iter(txs)
    for number in range(count):
        path = next(block, None) if number % every == 0 else next(tx, None)
        if path is not None:
            yield path


def _read_all(port: int, paths: Sequence[str], end: float) -> int:
    """Reads them on several connections until all are read, or it is time; returns how many were."""
    rest, lock = iter(paths), threading.Lock()
    read: list[int] = []
    problems: list[Exception] = []

    def reader() -> None:
        count = 0
        try:
            with Visitor(port) as visitor:
                while time.monotonic() < end and not problems:
                    with lock:
                        path = next(rest, None)
                    if path is None:
                        break
                    visitor.get(path)
                    count += 1
        except Exception as error:  # a thread's, raised below
            problems.append(error)
        read.append(count)

    threads = [threading.Thread(target=reader) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return sum(read)


ONE_ANSWER = """
import socket, sys, flask
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    visitor, _ = server.accept()
    visitor.recv(65536)
    visitor.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
"""


def start(world: World) -> Iterator[Figure]:
    """From the command to the first answer."""
    node = world.node()

    def explorer() -> float:
        settings = {"HOST": "127.0.0.1", "PORT": str(free_port()), "BITCOIN_RPC_URL": node.url}
        return _seconds_to_answer([str(ROOT / "script" / "server")], settings)

    def flask() -> float:
        port = free_port()
        return _seconds_to_answer([sys.executable, "-c", ONE_ANSWER, str(port)], {"PORT": str(port)})

    explorer(), flask()  # whatever has to be installed or compiled once
    measured, against = in_turns(world.options.turns, explorer, flask)
    yield Figure(
        "start",
        "from script/server to the first answer of the home page",
        "from python to the first answer of a socket beside `import flask`",
        "s",
        measured,
        against,
        Goal("at most more", 1),
    )


def _seconds_to_answer(command: list[str], settings: dict[str, str]) -> float:
    environment = {name: value for name, value in os.environ.items() if not is_setting(name)}
    port = int(settings["PORT"])
    with tempfile.TemporaryDirectory(prefix="explorer-") as home, (Path(home) / "output.log").open("w+b") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "HOME": home, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            while not _answers(port):
                if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                    output.seek(0)
                    raise RuntimeError(f"{command[0]} did not start:\n{output.read().decode(errors='replace')}")
                time.sleep(0.01)
            return time.perf_counter() - began
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(15)


def _answers(port: int) -> bool:
    try:
        with Kept(port, 1) as visitor:
            return visitor.exchange(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()).status == 200
    except (TimeoutError, ConnectionError):
        return False
