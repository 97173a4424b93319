"""What the recorder wrote down, sorted, counted and asked again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from bench.raw import RawNode
from bench.recorder import Asked, Recorder

QUIET_SECONDS = 0.6  # without a word about the block, until nobody is fetching any more of it
LONGEST_SECONDS = 8.0


def of_pages(asked: Sequence[list[Asked]]) -> list[list[Asked]]:
    """The calls that pages of one kind made, page by page, without what was asked in the background meanwhile: that
    shows with few of the pages."""
    seen = Counter(method for calls in asked for method in {call.method for call in calls})
    return [[call for call in calls if seen[call.method] * 2 > len(asked)] for calls in asked]


def ask_again(raw: RawNode, calls: Sequence[Asked]) -> float:
    """Seconds for exactly these calls: as one batch, and REST paths one after the other."""
    batch = [(call.method, call.params) for call in calls if call.method != "GET"]
    paths = [call.params[0] for call in calls if call.method == "GET"]
    return (raw.batch(batch).seconds if batch else 0.0) + sum(raw.rest(path).seconds for path in paths)


def take_until_quiet(recorder: Recorder, words: set[str]) -> tuple[list[Asked], list[Asked]]:
    """The calls that name one of these hashes, and all calls, until those stop coming."""
    naming: list[Asked] = []
    everything: list[Asked] = []
    end = time.monotonic() + LONGEST_SECONDS
    quiet_from = time.monotonic()
    while time.monotonic() < min(end, quiet_from + QUIET_SECONDS):
        new = recorder.take()
        everything += new
        if found := [call for call in new if call.names(words)]:
            naming += found
            quiet_from = time.monotonic()
        time.sleep(0.02)
    return naming, everything


def in_words(calls: Sequence[Asked]) -> str:
    """Such as: 2 requests: getblockheader, 25 x getrawtransaction."""
    requests = len({call.request for call in calls})
    counts = Counter("GET " + call.params[0].split("/")[2] if call.method == "GET" else call.method for call in calls)
    methods = ", ".join(f"{count} x {method}" if count > 1 else method for method, count in counts.items())
    return f"{requests} request{'' if requests == 1 else 's'}: {methods or 'nothing'}"
