"""Vectors of BIP 173 and BIP 350, and a real node's opinion."""

from __future__ import annotations

import pytest

from explorer.bitcoin.address import AddressError, looks_like_address, parse_address
from tests.bitcoind import Bitcoind

VALID_SEGWIT = [  # BIP 350: address, scriptPubKey
    ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
    (
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
    ),
    (
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6",
    ),
    ("BC1SW50QGDZ25J", "6002751e"),
    ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323"),
    (
        "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
        "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
    ),
    (
        "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
        "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
    ),
    (
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    ),
]
INVALID_SEGWIT = [  # BIP 350, those with a human-readable part of Bitcoin's
    ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "program"),  # bech32 instead of bech32m
    ("tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", "program"),
    ("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", "program"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "program"),  # bech32m instead of bech32
    ("tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", "program"),
    ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", "characters"),
    ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "program"),  # witness version 17
    ("bc1pw5dgrnzv", "program"),  # one byte
    ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", "program"),  # 41 bytes
    ("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", "program"),
    ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", "mixed_case"),
    ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", "program"),  # padding
    ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", "program"),
    ("bc1gmk9yu", "program"),  # empty
]


@pytest.mark.parametrize(("address", "script"), VALID_SEGWIT)
def test_it_reads_the_segwit_addresses_of_bip_350(address: str, script: str) -> None:
    parsed = parse_address(address)
    assert parsed.script_hex == script
    assert parsed.text == address.lower()


@pytest.mark.parametrize(("address", "problem"), INVALID_SEGWIT)
def test_it_refuses_the_invalid_ones_of_bip_350(address: str, problem: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(address)
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    ("address", "networks", "kind"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ("main",), "pubkeyhash"),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", ("main",), "scripthash"),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", ("test", "testnet4", "signet", "regtest"), "pubkeyhash"),
        ("2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc", ("test", "testnet4", "signet", "regtest"), "scripthash"),
        ("bcrt1q6rhpng9evdsfnn833a4f4vej0asu6dk5srld6x", ("regtest",), "witness_v0_keyhash"),
    ],
)
def test_it_names_the_networks_and_the_kind(address: str, networks: tuple[str, ...], kind: str) -> None:
    parsed = parse_address(address)
    assert (parsed.networks, parsed.type) == (networks, kind)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "checksum"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdx", "checksum"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf0O", "characters"),
        ("LhyLNfBkoKshT7R8Pce6vkB9T2cP2o84hx", "prefix"),  # Litecoin
        ("1BoatSLRHtKNngkdXEeobR76b53LETtpyTtotototo", "length"),
    ],
)
def test_it_says_what_is_wrong(address: str, problem: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(address)
    assert caught.value.problem == problem


@pytest.mark.parametrize("text", ["", "1", "hello", "bc1", "123456", "0" * 64, "ğ" * 34])
def test_other_words_do_not_look_like_an_address(text: str) -> None:
    assert not looks_like_address(text)


def test_a_real_node_agrees(regtest: Bitcoind) -> None:
    anchor = regtest.rpc("decodescript", "51024e73")["address"]
    made = [regtest.rpc("getnewaddress", "", kind) for kind in ("legacy", "p2sh-segwit", "bech32", "bech32m")]
    for address in [*made, anchor]:
        told, parsed = regtest.rpc("validateaddress", address), parse_address(address)
        assert parsed.script_hex == told["scriptPubKey"]
        assert parsed.type == regtest.rpc("decodescript", parsed.script_hex)["type"]
        assert "regtest" in parsed.networks
