"""What OP_RETURN outputs carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.bitcoin.carried import MAX_SHOWN, Carried, carried


def script(*pushes: bytes) -> str:
    parts = [b"\x6a"]
    for push in pushes:
        length = len(push)
        if length <= 75:
            parts.append(bytes([length]))
        elif length <= 255:
            parts.append(bytes([0x4C, length]))
        else:
            parts.append(b"\x4d" + length.to_bytes(2, "little"))
        parts.append(push)
    return b"".join(parts).hex()


@pytest.mark.parametrize("text", ["Hello, world", "你好，世界", "مرحبا بالعالم", "two\nlines", "👩‍🚀 🎂", "&<script>"])
def test_text_is_read(text: str) -> None:
    assert carried(script(text.encode())) == Carried(text, True, False, len(text.encode()))


def test_several_pushes_are_read_as_one() -> None:
    assert carried(script(b"three", b"pushes", b"of data")) == Carried("three pushes of data", True, False, 18)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"bell\x07", "right to left \u202e".encode(), b"null\x00"])
def test_what_is_no_text_is_hex(data: bytes) -> None:
    assert carried(script(data)) == Carried(data.hex(), False, False, len(data))


def test_one_push_that_is_no_text_makes_all_of_them_hex() -> None:
    assert carried(script(b"ab", b"\xff")).text == "6162 ff"


@pytest.mark.parametrize("length", [75, 76, 255, 256, 400])
def test_every_size_of_push_is_read(length: int) -> None:
    assert carried(script(b"x" * length)) == Carried("x" * length, True, False, length)


def test_long_data_is_cut() -> None:
    shown = carried(script(b"x" * 1_000))
    assert (shown.cut, len(shown.text), shown.size) == (True, MAX_SHOWN, 1_000)


def test_nothing_carried_is_no_text() -> None:
    assert carried("6a") == carried("6a00") == Carried("", False, False, 0)


def test_opcodes_that_push_no_bytes_are_left_out() -> None:
    assert carried("6a5d0568656c6c6f").text == "hello"  # Runes: OP_RETURN OP_13 <data>


def test_a_script_that_breaks_off_counts_as_bytes() -> None:
    assert carried("6a4e00") == Carried("4e00", False, False, 2)
    assert carried("6a05ffff") == Carried("05ffff", False, False, 3)


def test_the_commitment_to_the_witnesses_is_known() -> None:
    assert carried("6a24aa21a9ed" + "00" * 32).is_commitment
    assert not carried("6a24aa21a9ee" + "00" * 32).is_commitment


@given(st.binary(max_size=600))
def test_any_script_can_be_read(data: bytes) -> None:
    shown = carried(b"\x6a".hex() + data.hex())
    assert shown.size <= len(data)
    assert len(shown.text) <= MAX_SHOWN


@pytest.mark.parametrize(
    "body", [b"\x51" * 900_000, b"\x01a" * 450_000, b"\x4e\xff\xff\x0f\x00" + b"\xc3\xa9" * 524_287 + b"x"]
)
def test_a_script_as_long_as_a_block_is_read_at_a_glance(body: bytes) -> None:
    carrier = carried((b"\x6a" + body).hex())
    assert carrier.cut or not carrier.is_text
    assert len(carrier.text) <= MAX_SHOWN


def test_a_long_text_is_text_to_its_cut() -> None:
    text = "é" * 3_001  # the limit of what is looked at falls into the middle of a character
    carrier = carried(script(b"x" + text.encode()))
    assert (carrier.is_text, carrier.cut, carrier.text) == (True, True, ("x" + text)[:MAX_SHOWN])
