"""Arguments as they are typed."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.commands.arguments import parse, parse_named


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("7", 7),
        ("-1", -1),
        ("true", True),
        ("null", None),
        ('"7"', "7"),
        ("[1, [], {}]", [1, [], {}]),
        ('{"a": "b"}', {"a": "b"}),
        ("bcrt1qxyz", "bcrt1qxyz"),
        ("00ff", "00ff"),
        ("", ""),
        ("two words", "two words"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("{broken", "{broken"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_json_is_understood_and_everything_else_is_text(typed: str, meant: object) -> None:
    assert parse(typed) == meant
    assert type(parse(typed)) is type(meant)


@pytest.mark.parametrize(
    "typed",
    ["0.1", "0.10000000", "20999999.97690001", "0.1234567890123456789", "1E-8", "123456789012345678901234567890"],
)
def test_a_number_keeps_its_digits(typed: str) -> None:
    assert msgspec.json.Encoder(decimal_format="number").encode(parse(typed)) == typed.encode()


@given(st.integers(0, 2_100_000_000_000_000))
def test_an_amount_is_never_a_float(satoshis: int) -> None:
    amount = parse(f"{satoshis // 10**8}.{satoshis % 10**8:08}")
    assert isinstance(amount, Decimal)
    assert amount.scaleb(8) == satoshis


@given(st.text())
def test_quoted_text_is_that_text(text: str) -> None:
    assert parse(json.dumps(text)) == text


def test_names() -> None:
    assert parse_named(["a=1", "b=x=y", "c="]) == {"a": 1, "b": "x=y", "c": ""}


@pytest.mark.parametrize("typed", [["secret"], ["=secret"], ["a=1", "a=secret"]])
def test_what_has_no_name_is_refused_without_being_repeated(typed: list[str]) -> None:
    with pytest.raises(ValueError, match=r"argument 1|given twice") as caught:
        parse_named(typed)
    assert "secret" not in str(caught.value)
