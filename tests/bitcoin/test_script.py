from __future__ import annotations

import pytest

from explorer.bitcoin.script import is_unspendable


@pytest.mark.parametrize(
    ("script", "unspendable"),
    [("6a", True), ("6a0568656c6c6f", True), ("51", False), ("", False), ("00" * 10_000, False), ("00" * 10_001, True)],
)
def test_what_can_never_be_spent(script: str, unspendable: bool) -> None:
    assert is_unspendable(script) == unspendable
