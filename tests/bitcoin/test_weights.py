"""What a block's weight is made of, by hand; tests/regtest/test_block_weights.py asks a node."""

from __future__ import annotations

import pytest

from explorer.bitcoin.layout import HEADER_SIZE
from explorer.bitcoin.raw_block import RawBlock
from explorer.bitcoin.weights import OutputKind, weigh
from tests.bitcoin.test_raw_block import BLOCK_170, CENT, MADE_BLOCK


def test_the_first_payment_of_all() -> None:
    weights = weigh(BLOCK_170)
    # Three outputs of 8 + 1 + 67 bytes; two inputs of 41 bytes and their scripts; no witness; and of both transactions
    # the version, the lock time and two counts.
    assert weights.kinds == (OutputKind("pubkey", 3, 10_000_000_000, 4 * 3 * 76),)
    assert weights.inputs == 4 * (41 + 7 + 41 + 72)
    assert weights.witnesses == 0
    assert weights.frame == 4 * (HEADER_SIZE + 1 + 2 * 10)
    assert weights.total == 4 * len(BLOCK_170)


def test_a_block_of_every_form() -> None:
    weights = weigh(MADE_BLOCK)
    assert weights.kinds == (
        OutputKind("scripthash", 300, 299 * 150, 4 * 300 * 32),
        OutputKind("nonstandard", 2, CENT + 1, 4 * (9 + 11 + 805)),
        OutputKind("nulldata", 2, 2, 4 * 2 * 16),
        OutputKind("witness_v0_keyhash", 1, 50 * CENT, 4 * 31),
    )
    assert weights.output_count == 305
    assert weights.value == sum(tx.total_out for tx in RawBlock(MADE_BLOCK, None, "main").transactions())
    transactions = sum(tx.weight for tx in RawBlock(MADE_BLOCK, None, "main").transactions())
    assert weights.total == transactions + 4 * (HEADER_SIZE + 1)


@pytest.mark.parametrize("block", [b"", bytes(HEADER_SIZE), BLOCK_170[:-1], BLOCK_170 + b"\0", MADE_BLOCK[:500]])
def test_what_is_no_block(block: bytes) -> None:
    with pytest.raises(ValueError, match=r"break|goes on"):
        weigh(block)
