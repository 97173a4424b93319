"""Vectors of BIP 173 and BIP 350, the edges of Core's Solver, and a real node's opinion of thousands of odd scripts."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from embit import bech32
from embit.script import Script
from embit.transaction import Transaction, TransactionInput, TransactionOutput
from hypothesis import given
from hypothesis import strategies as st

from explorer.bitcoin.address import parse_address
from explorer.bitcoin.solver import address_of, script_type
from tests.bitcoin.test_address import VALID_SEGWIT
from tests.conftest import StartBitcoind

KEY = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
LONG_KEY = "04" + "11" * 64
HASH = "751e76e8199196d454941c45d1b3a323f1433bd6"
PREFIXES = {"main": "bc", "test": "tb", "testnet4": "tb", "signet": "tb", "regtest": "bcrt"}

TYPES = [
    ("", "nonstandard"),
    (f"21{KEY}ac", "pubkey"),
    (f"41{LONG_KEY}ac", "pubkey"),
    (f"41{'06' + LONG_KEY[2:]}ac", "pubkey"),  # hybrid
    (f"41{'02' + LONG_KEY[2:]}ac", "nonstandard"),
    (f"21{'04' + KEY[2:]}ac", "nonstandard"),
    (f"21{'05' + KEY[2:]}ac", "nonstandard"),
    (f"4c21{KEY}ac", "nonstandard"),
    (f"21{KEY}ad", "nonstandard"),
    (f"76a914{HASH}88ac", "pubkeyhash"),
    (f"76a914{HASH}88ad", "nonstandard"),
    (f"76a94c14{HASH}88ac", "nonstandard"),
    (f"a914{HASH}87", "scripthash"),
    (f"a94c14{HASH}87", "nonstandard"),
    (f"5121{KEY}51ae", "multisig"),
    (f"5121{KEY}41{LONG_KEY}52ae", "multisig"),
    (f"514c21{KEY}51ae", "multisig"),  # a key may be pushed in any way
    (f"51{f'21{KEY}' * 16}60ae", "multisig"),
    (f"51{f'21{KEY}' * 17}0111ae", "multisig"),
    (f"0114{f'21{KEY}' * 20}0114ae", "multisig"),
    (f"51{f'21{KEY}' * 21}0115ae", "nonstandard"),
    (f"51{f'21{KEY}' * 16}0110ae", "nonstandard"),  # 16 is shorter as OP_16
    (f"51{f'21{KEY}' * 17}021100ae", "nonstandard"),
    (f"51{f'21{KEY}' * 17}4c0111ae", "nonstandard"),
    (f"0021{KEY}51ae", "nonstandard"),
    (f"5221{KEY}51ae", "nonstandard"),
    (f"5121{KEY}52ae", "nonstandard"),
    (f"5121{KEY}51aeae", "nonstandard"),
    (f"5121{KEY}51ae51", "nonstandard"),
    ("5151ae", "nonstandard"),
    ("ae", "nonstandard"),
    ("51ae", "nonstandard"),
    ("01ae", "nonstandard"),
    ("514c21" + "ae" * 33, "nonstandard"),  # its last byte belongs to the key
    ("6a", "nulldata"),
    ("6a0568656c6c6f", "nulldata"),
    ("6a5d0568656c6c6f", "nulldata"),
    ("6a604f5000", "nulldata"),  # the node takes OP_RESERVED as a push
    ("6a4c0101", "nulldata"),
    ("6a4d0100ff4e01000000ff", "nulldata"),
    ("6a0201", "nonstandard"),
    ("6a4c", "nonstandard"),
    ("6a4d01", "nonstandard"),
    ("6a4effffffff", "nonstandard"),
    ("6a61", "nonstandard"),
    ("6a6a", "nonstandard"),
    (f"0014{HASH}", "witness_v0_keyhash"),
    (f"0020{'00' * 32}", "witness_v0_scripthash"),
    (f"0015{'00' * 21}", "nonstandard"),
    (f"5120{'00' * 32}", "witness_v1_taproot"),
    ("51024e73", "anchor"),
    ("51024e74", "witness_unknown"),
    ("52024e73", "witness_unknown"),
    (f"5114{HASH}", "witness_unknown"),
    (f"6028{'00' * 40}", "witness_unknown"),
    (f"6029{'00' * 41}", "nonstandard"),
    ("510100", "nonstandard"),
    ("4f020000", "nonstandard"),
    ("50020000", "nonstandard"),
    ("61020000", "nonstandard"),
    (f"514c20{'00' * 32}", "nonstandard"),
    ("51", "nonstandard"),
    ("00", "nonstandard"),
]
WITHOUT_ADDRESS = {"pubkey", "multisig", "nulldata", "nonstandard"}


@pytest.mark.parametrize(("script", "kind"), TYPES)
def test_the_kind_of_a_script(script: str, kind: str) -> None:
    assert script_type(bytes.fromhex(script)) == kind
    for network in PREFIXES:
        address = address_of(bytes.fromhex(script), network)
        assert (address is None) == (kind in WITHOUT_ADDRESS)
        if address is not None:
            parsed = parse_address(address)
            assert (parsed.script_hex, parsed.type) == (script, kind)
            assert network in parsed.networks


@pytest.mark.parametrize(("address", "script"), VALID_SEGWIT)
def test_the_segwit_addresses_of_bip_350(address: str, script: str) -> None:
    network = "main" if address.lower().startswith("bc") else "test"
    assert address_of(bytes.fromhex(script), network) == address.lower()


@pytest.mark.parametrize(
    ("script", "network", "address"),
    [
        (f"0014{HASH}", "main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),  # BIP 173
        (f"0014{HASH}", "test", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
        (f"0014{HASH}", "regtest", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"),
        ("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", "main", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        (f"76a914{'00' * 20}88ac", "main", "1111111111111111111114oLvT2"),
        ("51024e73", "main", "bc1pfeessrawgf"),
        ("51024e73", "regtest", "bcrt1pfeesnyr2tx"),
    ],
)
def test_well_known_addresses(script: str, network: str, address: str) -> None:
    assert address_of(bytes.fromhex(script), network) == address


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(KeyError):
        address_of(bytes.fromhex(f"0014{HASH}"), "moon")


@given(st.integers(0, 16), st.binary(min_size=2, max_size=40), st.sampled_from(sorted(PREFIXES)))
def test_segwit_addresses_are_those_of_embit(version: int, program: bytes, network: str) -> None:
    script = bytes([0x50 + version if version else 0, len(program)]) + program
    address = address_of(script, network)
    if script_type(script) == "nonstandard":
        assert address is None
    else:
        assert address == bech32.encode(PREFIXES[network], version, program)


@given(st.binary(max_size=100))
def test_any_bytes_have_a_kind(script: bytes) -> None:
    kind = script_type(script)
    assert (address_of(script, "main") is None) == (kind in WITHOUT_ADDRESS)


def odd_scripts() -> Iterator[bytes]:
    """Every edge above, each with each of its bytes changed, left out or doubled; and what opcodes make by chance."""
    chance = random.Random(7)
    for text, _ in TYPES:
        script = bytes.fromhex(text)
        yield script
        for at in range(min(len(script), 80)):
            yield script[:at] + bytes([chance.randrange(256)]) + script[at + 1 :]
            yield script[:at] + script[at + 1 :]
            yield script[:at] + script[at : at + 1] * 2 + script[at + 1 :]
    key = bytes.fromhex(f"21{KEY}")
    parts = [
        b"\x51",
        b"\x52",
        b"\x60",
        b"\x01\x11",
        b"\x01\x14",
        b"\x00",
        key,
        key,
        key,
        b"\x4c" + key,
        b"\xae",
        b"\xac",
    ]
    parts += [
        b"\x6a",
        b"\x4d\x02\x00ab",
        b"\x4e\x01\x00\x00\x00a",
        b"\x02ab",
        b"\x4f",
        b"\x50",
        b"\x76\xa9\x14",
        b"\x88",
    ]
    for _ in range(4_000):
        yield b"".join(chance.choices(parts, k=chance.randint(1, 6)))
    for size in range(45):
        for opcode in (0x00, 0x4F, 0x50, 0x51, 0x52, 0x60, 0x61):
            yield bytes([opcode, size]) + chance.randbytes(size)


@pytest.mark.parametrize("network", PREFIXES)
def test_a_real_node_says_the_same(start_bitcoind: StartBitcoind, network: str) -> None:
    scripts = list(odd_scripts())
    node = start_bitcoind(chain=network, txindex=False)
    outputs = [TransactionOutput(0, Script(script)) for script in scripts]
    tx = Transaction(2, [TransactionInput(bytes(32), 0)], outputs, 0)
    decoded = node.rpc("decoderawtransaction", tx.serialize().hex())["vout"]
    theirs = [(vout["scriptPubKey"]["type"], vout["scriptPubKey"].get("address")) for vout in decoded]
    assert [(script_type(script), address_of(script, network)) for script in scripts] == theirs
    assert {kind for kind, _ in theirs} == {kind for _, kind in TYPES}
