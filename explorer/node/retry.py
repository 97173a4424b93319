"""Safe calls: what is worth another try, and after how long."""

from __future__ import annotations

from random import SystemRandom
from time import sleep
from typing import Final, TypeGuard

from explorer.deadline import left
from explorer.errors import (
    ExplorerError,
    NodeBusy,
    NodeFault,
    NodeRefused,
    NodeUnavailable,
    UnfitFallback,
    Unsupported,
)

WAITS: Final = (0.1, 0.25, 0.6)  # seconds before the second try and those after it, about
_chance: Final = SystemRandom()  # not the shared one, whose state belongs to whoever seeded it
PATIENCE: Final = 30.0  # seconds that one waits at most where no deadline is set

# Nothing can be asked of this endpoint now.
TROUBLE: Final = (NodeBusy, NodeRefused, NodeUnavailable, UnfitFallback)
# Another endpoint may do better. Everything else is an answer: that there is none (NotFound) too.
NO_ANSWER: Final = (*TROUBLE, NodeFault, Unsupported)

# Nothing that changes within seconds: a node that starts, one that speaks another language, no cookie yet.
LASTING: Final = frozenset(
    {
        "fallback_does_not_know_yet",
        "node_no_cookie",
        "node_not_json",
        "node_unexpected_answer",
        "node_warming_up",
    }
)


def is_temporary(error: object) -> TypeGuard[NodeBusy | NodeUnavailable]:
    """Whether it is an error of an endpoint that may well answer in a moment."""
    return isinstance(error, (NodeBusy, NodeUnavailable)) and error.message_id not in LASTING


def pause(error: ExplorerError, tries: int) -> bool:
    """Waits before the next try, after so many (from 1). False, at once, where it cannot help or there is no time.

    The waits grow, and differ from caller to caller so that they do not all come back at once. An endpoint that says
    itself when to come back (HTTP 429 with Retry-After) is taken at its word.
    """
    if tries > len(WAITS) or not is_temporary(error):
        return False
    wait = WAITS[tries - 1] * _chance.uniform(0.5, 1.5)
    if error.message_id == "node_limit":
        wait += error.retry_after or 0
    if wait >= left(PATIENCE):
        return False
    sleep(wait)
    return True
