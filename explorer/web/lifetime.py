"""For how long a page holds whatever the chain does: until one of the ages on it changes its words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

LEAST: Final = 30.0  # seconds that an age may be old
MOST: Final = 3_600.0


class Lifetime:
    """`seconds` is the least of all that was noted, within LEAST and MOST."""

    def __init__(self) -> None:
        self.seconds = MOST

    def note(self, seconds: float) -> None:
        self.seconds = max(LEAST, min(self.seconds, seconds))


_page: ContextVar[Lifetime | None] = ContextVar("lifetime", default=None)


@contextmanager
def of_page() -> Iterator[Lifetime]:
    """Gathers what is noted while a page is made."""
    lifetime = Lifetime()
    token = _page.set(lifetime)
    try:
        yield lifetime
    finally:
        _page.reset(token)


def holds_for(seconds: float) -> None:
    """Something on the page that is being made will have to be said otherwise in so many seconds."""
    if (lifetime := _page.get()) is not None:
        lifetime.note(seconds)
