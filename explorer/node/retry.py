"""Safe calls: what is worth another try, and after how long."""

from __future__ import annotations

import random
import time
from typing import Final

from explorer.errors import ExplorerError, NodeBusy, NodeFault, NodeRefused, NodeUnavailable, Unsupported
from explorer.node.deadline import left

WAITS: Final = (0.1, 0.25, 0.6)  # seconds before the second try and those after it, about
FOREVER: Final = 3600.0

# Another endpoint may do better. Everything else is an answer: that there is none (NotFound) too.
NO_ANSWER: Final = (NodeBusy, NodeFault, NodeRefused, NodeUnavailable, Unsupported)

# Nothing that changes within seconds: a node that starts, one that speaks another language, no cookie yet.
LASTING: Final = frozenset({"node_warming_up", "node_not_json", "node_unexpected_answer", "node_no_cookie"})


def is_temporary(error: ExplorerError) -> bool:
    """Whether the same endpoint may well answer in a moment."""
    return isinstance(error, (NodeBusy, NodeUnavailable)) and error.message_id not in LASTING


def pause(error: ExplorerError, tries: int) -> bool:
    """Waits before the next try, after so many (from 1). False, at once, where it cannot help or there is no time.

    The waits grow, and differ from caller to caller so that they do not all come back at once. An endpoint that says
    itself when to come back (HTTP 429 with Retry-After) is taken at its word.
    """
    if tries > len(WAITS) or not is_temporary(error):
        return False
    wait = WAITS[tries - 1] * random.uniform(0.5, 1.5)  # noqa: S311  no secret
    if error.message_id == "node_limit":
        wait += error.retry_after or 0
    if wait >= left(FOREVER):
        return False
    time.sleep(wait)
    return True
