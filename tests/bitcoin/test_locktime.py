"""When a transaction becomes valid, in words."""

from __future__ import annotations

import pytest

from explorer.bitcoin.locktime import locktime_words
from tests.parts import transaction


@pytest.mark.parametrize(
    ("locktime", "words"),
    [
        (0, "none"),
        (800_000, "not before block 800,001"),
        (499_999_999, "not before block 500,000,000"),
        (500_000_000, "not before 1985-11-05 00:53:20 UTC"),
        (0xFFFFFFFF, "not before 2106-02-07 06:28:15 UTC"),
    ],
)
def test_a_lock_time_in_words(locktime: int, words: str) -> None:
    assert locktime_words(transaction([2], [1], locktime=locktime)) == words


def test_final_sequences_switch_it_off() -> None:
    words = locktime_words(transaction([2], [1], locktime=9, is_final=True))
    assert words == "not before block 10, switched off by final sequences"
