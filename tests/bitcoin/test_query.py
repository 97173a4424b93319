from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.bitcoin.query import (
    AddressText,
    Hash,
    Height,
    Nothing,
    Outpoint,
    Position,
    Query,
    Words,
    classify,
    parse_block_id,
    parse_number,
)

TXID = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0", Height(0)),
        ("170", Height(170)),
        (" 840,000 ", Height(840_000)),
        ("840 000", Height(840_000)),
        ("840'000", Height(840_000)),
        ("840_000", Height(840_000)),
        ("1.234.567", Height(1_234_567)),
        ("840\u202f000", Height(840_000)),
        ("0x170", Height(170)),
        ("4294967296", Height(4_294_967_296)),
        (TXID, Hash(TXID)),
        (f"  {TXID.upper()}\n", Hash(TXID)),
        (f"0x{TXID}", Hash(TXID)),
        (f"{TXID[:32]} {TXID[32:]}", Hash(TXID)),
        ("0" * 64, Hash("0" * 64)),
        (f"{TXID}:1", Outpoint(TXID, 1)),
        (f"0x{TXID.upper()} : 0", Outpoint(TXID, 0)),
        ("170:1", Position(170, 1)),
        ("840,000:3", Position(840_000, 3)),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", AddressText("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")),
        ("bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=1", AddressText("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")),
        ("", Nothing()),
        (" \t\n", Nothing()),
    ],
)
def test_it_understands(typed: str, meant: Query) -> None:
    assert classify(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "satoshi",
        "-1",
        "1e5",
        "1.5",
        "12345678901",
        "٣٤",
        "½",
        "²",
        f"{TXID}:",
        f"{TXID}:x",
        f"{TXID}:4294967296",
        "1,23",
    ],
)
def test_it_makes_no_more_of_words_than_they_are(typed: str) -> None:
    assert classify(typed) == Words(typed)


def test_a_long_text_is_cut() -> None:
    assert classify("a" * 100_000) == Words("a" * 200)


@given(st.text(max_size=400))
def test_it_always_answers(typed: str) -> None:
    classify(typed)


@given(st.integers(min_value=0, max_value=9_999_999_999))
def test_a_height_is_read_however_it_is_grouped(height: int) -> None:
    assert classify(str(height)) == classify(f"{height:,}") == Height(height)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.0", "0x10", "1,000", "٣", "12345678901", "abc", "0" * 63, "g" * 64]
)
def test_a_path_takes_a_plain_height_or_hash_alone(text: str) -> None:
    assert parse_block_id(text) is None


def test_a_number_stays_in_its_range() -> None:
    assert parse_number("7", 1, 10) == 7
    assert parse_number("11", 1, 10) is None
    assert parse_number("x", 1, 10) is None
    assert parse_number(None, 1, 10) is None
