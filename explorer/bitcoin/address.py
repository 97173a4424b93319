"""What an address says by itself: its kind, the networks that it belongs to, and the script that it stands for.

The encodings are embit's (base58check, BIP 173 and BIP 350); what is allowed in them is checked here, because embit's
own address function (0.8.0) refuses upper-case bech32 and pay-to-anchor and ignores the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from embit import base58, bech32

TEST_NETWORKS = ("test", "testnet4", "signet")  # share their prefixes
BASE58_KINDS = {  # version byte: (networks, type)
    0x00: (("main",), "pubkeyhash"),
    0x05: (("main",), "scripthash"),
    0x6F: ((*TEST_NETWORKS, "regtest"), "pubkeyhash"),
    0xC4: ((*TEST_NETWORKS, "regtest"), "scripthash"),
}
BECH32_NETWORKS = {"bc": ("main",), "tb": TEST_NETWORKS, "bcrt": ("regtest",)}
ANCHOR_PROGRAM = bytes.fromhex("4e73")  # pay-to-anchor, Bitcoin Core 28
MAX_BECH32 = 90  # characters, BIP 173

_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]+")
_LIKE_PRIVATE_KEY = re.compile(r"[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}")  # WIF, of the main and the test networks
_LIKE_BASE58 = re.compile(r"[123mn][0-9A-Za-z]{24,34}")
_LIKE_BECH32 = re.compile(r"(bc|tb|bcrt)1[0-9a-z]{4,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A valid address. `networks` are all that it can belong to; `type` is the node's word for the script's kind."""

    text: str
    networks: tuple[str, ...]
    type: str
    script_hex: str
    witness_version: int | None = None


class AddressError(ValueError):
    """Why a text is no address. `problem`: checksum, characters, mixed_case, length, prefix or program."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


def looks_like_address(text: str) -> bool:
    """Whether somebody who typed this meant an address, right or wrong."""
    return bool(_LIKE_BASE58.fullmatch(text) or _LIKE_BECH32.fullmatch(text))


def looks_like_private_key(text: str) -> bool:
    """Whether this may be somebody's secret: then it is not repeated anywhere."""
    return bool(_LIKE_PRIVATE_KEY.fullmatch(text))


def parse_address(text: str) -> Address:
    """Reads an address of any network. Raises AddressError."""
    prefix, separator, _ = text.lower().rpartition("1")
    if separator and prefix in BECH32_NETWORKS:
        return _segwit(text, prefix)
    return _base58(text)


def _segwit(text: str, prefix: str) -> Address:
    if text != text.lower() and text != text.upper():
        raise AddressError("mixed_case")
    if len(text) > MAX_BECH32:
        raise AddressError("length")
    data = text.lower()[len(prefix) + 1 :]
    if any(character not in bech32.CHARSET for character in data):
        raise AddressError("characters")
    encoding, _, _ = bech32.bech32_decode(text)
    if encoding is None:
        raise AddressError("checksum")
    version, program = bech32.decode(prefix, text.lower())
    if version is None:  # the checksum holds, but what it protects breaks the rules of BIP 141 or BIP 350
        raise AddressError("program")
    program = bytes(program)
    opcode = 0x50 + version if version else 0x00
    return Address(
        text=text.lower(),
        networks=BECH32_NETWORKS[prefix],
        type=_witness_type(version, program),
        script_hex=bytes([opcode, len(program), *program]).hex(),
        witness_version=version,
    )


def _witness_type(version: int, program: bytes) -> str:
    match version, len(program):
        case 0, 20:
            return "witness_v0_keyhash"
        case 0, 32:
            return "witness_v0_scripthash"
        case 1, 32:
            return "witness_v1_taproot"
        case 1, 2 if program == ANCHOR_PROGRAM:
            return "anchor"
        case _:
            return "witness_unknown"


def _base58(text: str) -> Address:
    if not _BASE58.fullmatch(text):
        raise AddressError("characters")
    if not 25 <= len(text) <= 35:  # 21 bytes and their checksum
        raise AddressError("length")
    try:
        payload = base58.decode_check(text)
    except ValueError as error:
        raise AddressError("checksum") from error
    if payload[0] not in BASE58_KINDS:
        raise AddressError("prefix")
    if len(payload) != 21:
        raise AddressError("length")
    networks, kind = BASE58_KINDS[payload[0]]
    hash160 = payload[1:].hex()
    script = f"76a914{hash160}88ac" if kind == "pubkeyhash" else f"a914{hash160}87"
    return Address(text=text, networks=networks, type=kind, script_hex=script)
