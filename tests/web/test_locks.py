"""Until when something is locked, in words."""

from __future__ import annotations

import pytest

from explorer.web.locks import lock_time, relative_lock
from tests.parts import transaction

DISABLED, IS_TIME = 1 << 31, 1 << 22


def words(locktime: int, **changes: bool) -> str:
    return lock_time(transaction([2], [1], locktime=locktime, **changes)).striptags()


@pytest.mark.parametrize(
    ("locktime", "said"),
    [
        (0, "none"),
        (800_000, "not before block 800,001"),
        (499_999_999, "not before block 500,000,000"),
        (500_000_000, "not before 1985-11-05 00:53:20 UTC"),
        (0xFFFFFFFF, "not before 2106-02-07 06:28:15 UTC"),
    ],
)
def test_a_lock_time(locktime: int, said: str) -> None:
    assert words(locktime) == said


def test_final_sequences_switch_it_off() -> None:
    assert words(9, is_final=True) == "not before block 10, switched off by final sequences"
    assert words(0, is_final=True) == "none"


@pytest.mark.parametrize(
    ("sequence", "version", "said"),
    [
        (1, 2, "1 block after the output was confirmed"),
        (5, 2, "5 blocks after the output was confirmed"),
        (IS_TIME | 1, 2, "0:08:32 after the output was confirmed"),
        (IS_TIME | 0xFFFF, 2, "388 days, 8:32:00 after the output was confirmed"),
        (5, 1, None),
        (0, 2, None),
        (DISABLED | 5, 2, None),
    ],
)
def test_a_relative_lock(sequence: int, version: int, said: str | None) -> None:
    assert relative_lock(sequence, version) == said
