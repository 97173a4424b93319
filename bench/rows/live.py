"""Visitors whose pages are live: those who find a place hold a stream, and the others look at the page now and then."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from statistics import median

from bench.kept import Kept
from bench.report import Figure, amount
from bench.rows.warm import FEW, NINE_TENTHS, Loads
from bench.server import Server
from bench.turns import in_turns
from bench.visitor import ENCODINGS, IDLE_SECONDS
from bench.world import World

VISITORS = 100
POLL_SECONDS = 4  # between two looks of who has no stream
REQUEST = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: {encodings}\r\n{more}\r\n"


def live(world: World) -> Iterator[Figure]:
    """The home page's throughput beside them, and without."""
    crowds: list[_Crowd] = []
    with world.server() as server:
        server.keep("/")
        loads = Loads(world, server)

        def beside_crowd() -> float:
            crowds.append(_Crowd(server))
            with crowds[-1].there():
                return loads.rate("/", FEW)

        beside, alone = in_turns(world.options.turns, beside_crowd, lambda: loads.rate("/", FEW))
    problems = [problem for crowd in crowds for problem in crowd.problems]
    polls = sum(crowd.polls for crowd in crowds)
    yield Figure(
        "live",
        f"home page, {FEW} connections, while the pages of {VISITORS} others are live",
        "the home page without them",
        "/s",
        beside,
        alone,
        NINE_TENTHS,
        {"no failed request": loads.failed == 0, "every stream stayed open, every look was answered": not problems},
        [
            f"{median(len(crowd.streams) for crowd in crowds):.0f} held a stream; the others looked every "
            f"{POLL_SECONDS} s, {polls:,} times in all, of which {sum(crowd.unchanged for crowd in crowds):,} were "
            "answered with 304",
            f"until all were there: {amount(max(crowd.took for crowd in crowds) * 1000, 'ms')}",
            *problems[:1],
        ],
    )


class _Crowd:
    def __init__(self, server: Server) -> None:
        self.streams: list[socket.socket] = []
        self.polls = self.unchanged = 0
        self.problems: list[str] = []
        self.took = 0.0  # seconds until all were there
        self._server = server
        self._pollers: list[Kept] = []
        self._etags: dict[Kept, str] = {}

    @contextlib.contextmanager
    def there(self) -> Iterator[None]:
        began = time.monotonic()
        for _ in range(VISITORS):
            self._come()
        self.took = time.monotonic() - began
        stop = threading.Event()
        polling = threading.Thread(target=self._poll, args=(stop,))
        polling.start()
        try:
            yield
        finally:
            stop.set()
            polling.join()
            self._go()

    def _come(self) -> None:
        connection = socket.create_connection(("127.0.0.1", self._server.port), 10)
        connection.sendall(REQUEST.format(path="/live", encodings=ENCODINGS, more="").encode())
        if connection.recv(4096).startswith(b"HTTP/1.1 200 "):
            self.streams.append(connection)
        else:
            connection.close()
            self._pollers.append(Kept(self._server.port, IDLE_SECONDS))
            self._look(self._pollers[-1])

    def _poll(self, stop: threading.Event) -> None:
        """One after the other, so that each comes every POLL_SECONDS."""
        try:
            while self._pollers:
                for poller in self._pollers:
                    if stop.wait(POLL_SECONDS / len(self._pollers)):
                        return
                    self._look(poller)
        except Exception as error:  # a thread's, for the report
            self.problems.append(f"{type(error).__name__}: {error}")

    def _look(self, poller: Kept) -> None:
        etag = self._etags.get(poller)
        more = f"If-None-Match: {etag}\r\n" if etag else ""
        answer = poller.exchange(REQUEST.format(path="/", encodings=ENCODINGS, more=more).encode())
        self.polls += bool(etag)  # the first one brought the page
        self.unchanged += answer.status == 304
        self._etags[poller] = answer.headers.get("etag", "")
        if answer.status not in (200, 304):
            self.problems.append(f"the home page was answered with {answer.status}")

    def _go(self) -> None:
        for stream in self.streams:
            stream.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while stream.recv(65_536):
                    pass
                self.problems.append("a stream has ended")
            stream.close()
        for poller in self._pollers:
            poller.close()
