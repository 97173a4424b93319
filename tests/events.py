"""Somebody who listens to /live: `with Listening(server.url) as live: live.wait_for("tip").data["height"]`."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit


class Event(NamedTuple):
    kind: str
    id: str | None
    data: dict[str, Any]


def read(text: str) -> list[Event]:
    """The events of a stream, comments left out."""
    return [event for block in text.split("\n\n") if (event := _event(block.split("\n")))]


def _event(lines: Iterable[str]) -> Event | None:
    fields = dict(line.split(": ", 1) for line in lines if line and not line.startswith(":"))
    return Event(fields["event"], fields.get("id"), json.loads(fields["data"])) if "data" in fields else None


class Listening:
    """Reads a stream on a thread of its own. `since` and `last_event_id` say where it stands, unless told otherwise."""

    def __init__(self, url: str, since: str = "", last_event_id: str = "") -> None:
        address = urlsplit(url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "gzip, zstd"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        connection.request("GET", f"{address.path}/live{since and f'?since={since}'}", headers=headers)
        self._socket = connection.sock
        self.answer = connection.getresponse()
        self.status = self.answer.status
        self.text = ""
        self.ended: str | None = None  # how: cleanly, or by which error
        self._taken = 0
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def events(self) -> list[Event]:
        return read(self.text)

    def wait_for(self, kind: str, seconds: float = 5) -> Event:
        """The next event of that kind; those before it are over."""
        found: list[Event] = []

        def has_come() -> bool:
            found[:] = [event for event in self.events[self._taken :] if event.kind == kind]
            return bool(found)

        self._wait(has_come, seconds, f"no {kind}")
        self._taken += self.events[self._taken :].index(found[0]) + 1
        return found[0]

    def wait_for_end(self, seconds: float = 5) -> str:
        self._wait(lambda: self.ended is not None, seconds, "no end")
        return str(self.ended)

    def _wait(self, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        with self._news:
            assert self._news.wait_for(condition, seconds), f"{otherwise} within {seconds} s, but:\n{self.text}"

    def _read(self) -> None:
        ended = "cleanly"
        try:
            while part := self.answer.read1():
                with self._news:
                    self.text += part.decode()
                    self._news.notify_all()
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            ended = type(error).__name__
        with self._news:
            self.ended = ended
            self._news.notify_all()

    def close(self) -> None:
        """As a browser does that goes to another page."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def eventually(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.05)
