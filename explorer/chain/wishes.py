"""What visitors are likely to ask for next: the further pages of a block whose first one was asked for."""

from __future__ import annotations

import os
import threading
from typing import Final

MOST: Final = 3  # a crawler wishes for more blocks than anybody could fetch: the oldest wishes are dropped


class Wishes:
    """Taken newest first. Safe for threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._wishes: list[str] = []
        self._changed = threading.Condition()

    def add(self, wish: str) -> None:
        with self._changed:
            if wish in self._wishes:
                self._wishes.remove(wish)
            self._wishes.append(wish)
            del self._wishes[:-MOST]
            self._changed.notify()

    def take(self) -> str:
        """The newest; waits for one."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._wishes))
            return self._wishes.pop()


whole_blocks: Final = Wishes()  # block hashes
os.register_at_fork(after_in_child=whole_blocks.reset)
