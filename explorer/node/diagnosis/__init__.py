"""What is wrong with a node, found by trying: every verdict is reached by a probe of its own.

Five examinations, each resting on the one before: is there somebody (`reach`), do they speak as a node does (`speech`),
are we let in (`entry`), is the node well (`state`), what does it offer (`offers`). The first that finds something with
which nothing works is the last.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException

from config import Settings
from explorer.findings import Finding
from explorer.node.diagnosis import entry, offers, reach, speech, state
from explorer.node.diagnosis.patient import ANSWER_SECONDS as ANSWER_SECONDS
from explorer.node.diagnosis.patient import Patient
from explorer.node.discovery import Endpoint

EXAMINATIONS = (reach.examine, speech.examine, entry.examine, state.examine, offers.examine)


def examine(
    endpoint: Endpoint,
    settings: Settings,
    *,
    timeout: int = ANSWER_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """What is found, one by one as it is found. Raises nothing about the node.

    `timeout`, in seconds, is for each answer. `pause` waits between two looks at what moves.
    """
    patient = Patient(endpoint, settings, timeout, pause)
    for examination in EXAMINATIONS:
        try:
            for finding in examination(patient):
                yield finding
                if finding.level == "bad":
                    return
        except TimeoutError:
            yield Finding("no_answer", endpoint=endpoint.label, seconds=timeout)
            return
        except (OSError, HTTPException, ssl.SSLError) as error:  # it ended while it was being examined
            reason = getattr(error, "strerror", None) or type(error).__name__
            yield Finding("contact_lost", endpoint=endpoint.label, reason=reason)
            return


def diagnose(
    endpoint: Endpoint,
    settings: Settings,
    *,
    timeout: int = ANSWER_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[Finding, ...]:
    """All that `examine` finds, in its order."""
    return tuple(examine(endpoint, settings, timeout=timeout, pause=pause))
