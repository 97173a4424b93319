"""What kind an output's script is, and its address, word for word as the node's `scriptPubKey` tells.

The rules are those of Bitcoin Core's Solver (src/script/solver.cpp) and EncodeDestination (src/key_io.cpp).
"""

from __future__ import annotations

from functools import lru_cache

from embit import base58, bech32

from explorer.bitcoin.address import ANCHOR_PROGRAM, BASE58_KINDS, BECH32_NETWORKS

OP_PUSHDATA = {0x4C: 1, 0x4D: 2, 0x4E: 4}  # OP_PUSHDATA1, 2 and 4: the size of the length that follows
OP_1, OP_16 = 0x51, 0x60
OP_RETURN = 0x6A
OP_CHECKSIG = 0xAC
OP_CHECKMULTISIG = 0xAE
MAX_MULTISIG_KEYS = 20
KEY_SIZES = {2: 33, 3: 33, 4: 65, 6: 65, 7: 65}  # bytes, by the first of them: all that the node asks of a public key

PUBKEYHASH_VERSION, SCRIPTHASH_VERSION = (
    {
        network: bytes([version])
        for version, (networks, kind) in BASE58_KINDS.items()
        if kind == wanted
        for network in networks
    }
    for wanted in ("pubkeyhash", "scripthash")
)
BECH32_PREFIX = {network: prefix for prefix, networks in BECH32_NETWORKS.items() for network in networks}


def script_type(script: bytes) -> str:
    """The node's word: pubkey, pubkeyhash, scripthash, multisig, nulldata, witness_v0_keyhash, witness_v0_scripthash,
    witness_v1_taproot, anchor, witness_unknown or nonstandard."""
    size = len(script)
    if not size:
        return "nonstandard"
    first = script[0]
    if 4 <= size <= 42 and script[1] == size - 2 and (first == 0 or OP_1 <= first <= OP_16):
        return _witness_type(first, script)
    if size == 25 and script.startswith(b"\x76\xa9\x14") and script.endswith(b"\x88\xac"):
        return "pubkeyhash"
    if size == 23 and script.startswith(b"\xa9\x14") and script[22] == 0x87:
        return "scripthash"
    if first == OP_RETURN:
        return "nulldata" if _is_push_only(script, 1) else "nonstandard"
    if script[-1] == OP_CHECKSIG and first == size - 2 and KEY_SIZES.get(script[1]) == first:
        return "pubkey"
    if script[-1] == OP_CHECKMULTISIG and _is_multisig(script):
        return "multisig"
    return "nonstandard"


def address_of(script: bytes, network: str) -> str | None:
    """The address that the node prints; None for the kinds that it prints none for, `pubkey` among them."""
    return address_of_type(script_type(script), script, network)


def address_of_type(kind: str, script: bytes, network: str) -> str | None:
    """The same, where the script's type is known already."""
    match kind:
        case "pubkeyhash":
            return str(base58.encode_check(PUBKEYHASH_VERSION[network] + script[3:23]))
        case "scripthash":
            return str(base58.encode_check(SCRIPTHASH_VERSION[network] + script[2:22]))
        case "pubkey" | "multisig" | "nulldata" | "nonstandard":
            return None
        case _:
            return _segwit_address(BECH32_PREFIX[network], script[0] and script[0] - OP_1 + 1, script[2:])


def asm_of_type(kind: str, script: bytes) -> str:
    """The script in words, as the node prints it, where its type tells them all; else ""."""
    match kind:
        case "pubkeyhash":
            return f"OP_DUP OP_HASH160 {script[3:23].hex()} OP_EQUALVERIFY OP_CHECKSIG"
        case "scripthash":
            return f"OP_HASH160 {script[2:22].hex()} OP_EQUAL"
        case "pubkey":
            return f"{script[1:-1].hex()} OP_CHECKSIG"
        case "witness_v0_keyhash" | "witness_v0_scripthash":
            return f"0 {script[2:].hex()}"
        case "witness_v1_taproot":
            return f"1 {script[2:].hex()}"
        case _:
            return ""


# --- the kinds ------------------------------------------------------------------------------------------------------


def _witness_type(opcode: int, script: bytes) -> str:
    match opcode, len(script) - 2:
        case 0, 20:
            return "witness_v0_keyhash"
        case 0, 32:
            return "witness_v0_scripthash"
        case 0, _:
            return "nonstandard"
        case 0x51, 32:
            return "witness_v1_taproot"
        case 0x51, 2 if script[2:] == ANCHOR_PROGRAM:
            return "anchor"
        case _:
            return "witness_unknown"


def _push(script: bytes, at: int) -> tuple[int, int] | None:
    """Where the data that is pushed here starts and ends; None where it would end beyond the script, or where the
    opcode is no push of data."""
    opcode, start = script[at], at + 1
    if opcode in OP_PUSHDATA:
        start += OP_PUSHDATA[opcode]
        opcode = int.from_bytes(script[at + 1 : start], "little")
    elif opcode > 0x4B:
        return None
    end = start + opcode
    return (start, end) if end <= len(script) else None


def _is_push_only(script: bytes, at: int) -> bool:
    """Whether nothing but pushes comes from there on; the node counts OP_1NEGATE, OP_RESERVED and OP_1 to OP_16."""
    while at < len(script):
        if 0x4F <= script[at] <= OP_16:
            at += 1
        elif push := _push(script, at):
            at = push[1]
        else:
            return False
    return True


def _is_multisig(script: bytes) -> bool:
    """Whether it is `m key … key n OP_CHECKMULTISIG`. The last byte is known to be OP_CHECKMULTISIG, wherever it
    belongs to."""
    required, at = _key_count(script, 0)
    keys = 0
    while keys <= MAX_MULTISIG_KEYS and at < len(script) and (push := _push(script, at)):
        start, end = push
        if start == end or KEY_SIZES.get(script[start]) != end - start:
            break
        keys, at = keys + 1, end
    count, at = _key_count(script, at)
    return 1 <= required <= count == keys and at + 1 == len(script)


def _key_count(script: bytes, at: int) -> tuple[int, int]:
    """A number from 1 to 20 as a script has it at its shortest, and where it ends; 0 where there is none."""
    opcode = script[at : at + 1]
    if b"\x51" <= opcode <= b"\x60":
        return opcode[0] - OP_1 + 1, at + 1
    if opcode == b"\x01" and 16 < (script[at + 1 : at + 2] or b"\0")[0] <= MAX_MULTISIG_KEYS:
        return script[at + 1], at + 2
    return 0, at


# --- bech32 ---------------------------------------------------------------------------------------------------------
#
# embit takes 40 µs to encode an address and 80 µs more to decode what it has made, which is several times what all the
# rest of a transaction costs to read. This takes four digits (of 5 bits each) at once: 4 to 6 µs.

_PAIRS = [first + second for first in bech32.CHARSET for second in bech32.CHARSET]
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)  # BIP 173


def _with_digit(checksum: int, digit: int) -> int:
    """The checksum (six digits) after one more."""
    pushed_out = checksum >> 25
    checksum = (checksum & 0x1FFFFFF) << 5 ^ digit
    for bit, term in enumerate(_GENERATOR):
        if pushed_out >> bit & 1:
            checksum ^= term
    return checksum


def _with_two_zeros(checksum: int) -> int:
    return _with_digit(_with_digit(checksum, 0), 0)


# What its first two digits become, once two or four more have pushed them out.
_OUT_BY_TWO = [_with_two_zeros(pair << 20) for pair in range(1 << 10)]
_OUT_BY_FOUR = [_with_two_zeros(checksum) for checksum in _OUT_BY_TWO]


@lru_cache(maxsize=100)
def _beginning(prefix: str, version: int) -> tuple[str, int]:
    """How the addresses of a witness version begin, and their checksum there."""
    checksum: int = bech32.bech32_polymod([*bech32.bech32_hrp_expand(prefix), version])
    return f"{prefix}1{bech32.CHARSET[version]}", checksum


def _segwit_address(prefix: str, version: int, program: bytes) -> str:
    """Bech32 for version 0 (BIP 173), bech32m for the others (BIP 350)."""
    beginning, checksum = _beginning(prefix, version)
    parts = [beginning]
    left = -(-len(program) * 8 // 5)  # digits
    digits = int.from_bytes(program, "big") << left * 5 - len(program) * 8
    while left % 4:  # never in the usual programs of 20 and 32 bytes
        left -= 1
        digit = digits >> left * 5 & 0x1F
        parts.append(bech32.CHARSET[digit])
        checksum = _with_digit(checksum, digit)
    for shift in range(left * 5 - 20, -1, -20):
        four = digits >> shift & 0xFFFFF
        parts.append(_PAIRS[four >> 10])
        parts.append(_PAIRS[four & 0x3FF])
        checksum = (checksum & 0x3FF) << 20 ^ four ^ _OUT_BY_FOUR[checksum >> 20] ^ _OUT_BY_TWO[checksum >> 10 & 0x3FF]
    checksum = _with_six_zeros(checksum) ^ (bech32.BECH32M_CONST if version else bech32.BECH32_CONST)
    parts += (_PAIRS[checksum >> 20], _PAIRS[checksum >> 10 & 0x3FF], _PAIRS[checksum & 0x3FF])
    return "".join(parts)


def _with_six_zeros(checksum: int) -> int:
    """As many as the checksum itself will have."""
    for _ in range(3):
        checksum = (checksum & 0xFFFFF) << 10 ^ _OUT_BY_TWO[checksum >> 20]
    return checksum
