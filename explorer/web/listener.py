"""The visitor's end of a stream: whether somebody is there, and takes what is sent.

gunicorn shows its socket to the app. Without one (another server, a test) whoever listens is believed to be there until
a write fails.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

WRITE_SECONDS: Final = 2.0  # for one write, of which the system takes all at once as a rule
SILENT_SECONDS: Final = 30  # after which a visitor whose machine confirms nothing has gone
LEFT: Final = getattr(select, "POLLRDHUP", 0)  # elsewhere than on Linux, POLLHUP says it


class Listener:
    def __init__(self, connection: socket.socket | None) -> None:
        self._socket = connection
        if connection is not None:
            connection.settimeout(WRITE_SECONDS)  # gunicorn sets it anew for every request
            with suppress(OSError, AttributeError):  # not on every system, nor for a Unix socket
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_SECONDS * 1000)
            self._leaving, self._room = select.poll(), select.poll()
            self._leaving.register(connection, LEFT)
            self._room.register(connection, select.POLLOUT)

    def leaves_within(self, seconds: float) -> bool:
        """Waits for so long, or until the visitor has gone."""
        if self._socket is None:
            time.sleep(seconds)
            return False
        return bool(self._leaving.poll(seconds * 1000))

    def has_room(self, seconds: float, every: float, while_: Callable[[], bool]) -> bool:
        """Waits until a write would go through, for so many seconds at most; looks every so often whether to go on."""
        if self._socket is None:
            return True
        end = time.monotonic() + seconds
        while not self._room.poll(every * 1000):
            if time.monotonic() > end or not while_():
                return False
        return True

    def expect_nothing_more(self) -> None:
        """No further request on this connection: it is closed as soon as the answer has ended."""
        self._shut(socket.SHUT_RD)

    def drop(self) -> None:
        """At once, whatever is still to be sent."""
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                self._socket.shutdown(how)
