"""What a block says: subsidy, signals, coinbase."""

from __future__ import annotations

from decimal import Decimal

import pytest

from explorer.bitcoin.amounts import satoshis
from explorer.bitcoin.coinbase import coinbase_text, miner_tag
from explorer.bitcoin.subsidy import subsidy
from explorer.bitcoin.versionbits import signals
from tests.bitcoind import Bitcoind

GENESIS = (
    "04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f"
    "6e64206261696c6f757420666f722062616e6b73"
)


@pytest.mark.parametrize(
    ("height", "expected"),
    [(0, 5_000_000_000), (209_999, 5_000_000_000), (210_000, 2_500_000_000), (840_000, 312_500_000), (6_930_000, 0)],
)
def test_the_subsidy_halves(height: int, expected: int) -> None:
    assert subsidy(height, "main") == expected


def test_the_subsidies_of_a_regtest_node(regtest: Bitcoind) -> None:
    for height in (1, 100, regtest.rpc("getblockcount")):
        assert subsidy(height, "regtest") == regtest.rpc("getblockstats", height, ["subsidy"])["subsidy"]


def test_signals_are_read_as_bip_9_says() -> None:
    assert signals(1) is None
    assert signals(0x20000000) == ()
    assert signals(0x20000002) == (1,)
    assert signals(0x3FFFE000) == tuple(range(13, 29))
    assert signals(0xE0000000) is None


def test_the_text_of_the_genesis_block() -> None:
    assert coinbase_text(GENESIS) == "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"


@pytest.mark.parametrize(
    ("script", "tag"),
    [
        (b"\x03\x01\x02\x03\x04abcd/ViaBTC/Mined by somebody/", "ViaBTC"),
        (b"\x03\x01\x02\x03\x00Mined by AntPool\x00\x01", "Mined by AntPool"),
        (b"\x03\x01\x02\x03/\xe9\xb1\xbc\xe6\xb1\xa0/\x00", "鱼池"),
        (b"\x04\xff\xff\x00\x1d\x01\x04", None),
        (b"\x03\x01\x02\x03/P2SH/Eligius/", "Eligius"),
        (b"\x03\x01\x02\x03/BIP100/BitFury/", "BitFury"),
        (b"", None),
        (bytes.fromhex(GENESIS), None),
        (b"\x03\x01\x02\x03" + b"x9!z" * 2, None),
    ],
)
def test_the_miner_tag(script: bytes, tag: str | None) -> None:
    assert miner_tag(script.hex()) == tag


def test_a_hostile_coinbase_is_read_without_harm() -> None:
    assert "<script>" in coinbase_text(b"\x03aaa<script>alert(1)</script>".hex())
    assert coinbase_text(bytes(range(256)).hex())


def test_amounts_never_lose_a_satoshi() -> None:
    assert satoshis(Decimal("20999999.97690000")) == 2_099_999_997_690_000
    assert satoshis(Decimal("1E-8")) == 1
    with pytest.raises(ValueError, match="whole number of satoshis"):
        satoshis(Decimal("0.000000001"))
