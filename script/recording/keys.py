"""Locks: every kind of script that the demo chain pays to, and how each is unlocked.

Keys come from one fixed seed. They are worth nothing and meant to be known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from embit import compact, script
from embit.bip32 import HDKey
from embit.ec import PrivateKey
from embit.hashes import tagged_hash
from embit.script import Script
from embit.transaction import SIGHASH, Transaction
from embit.util import secp256k1

SEED = hashlib.sha256(b"the demo chain of the explorer").digest()
ROOT = HDKey.from_seed(SEED)

OP_0, OP_1 = 0x00, 0x51
OP_RETURN, OP_DROP, OP_CHECKSIG = 0x6A, 0x75, 0xAC
OP_CHECKLOCKTIMEVERIFY, OP_CHECKSEQUENCEVERIFY = 0xB1, 0xB2
ANCHOR = Script(bytes.fromhex("51024e73"))  # pay to anchor: anybody may spend it, with an empty witness
LEAF_VERSION = 0xC0


@dataclass(frozen=True)
class Spent:
    """What a signature commits to of an output that is spent."""

    script: Script
    value: int


# Given the transaction, the input's index and what all inputs spend: the scriptSig and the witness.
Unlock = Callable[[Transaction, int, Sequence[Spent]], tuple[bytes, list[bytes]]]


@dataclass(frozen=True)
class Lock:
    """A script that can be paid to. `sequence` and `locktime` are what its spending needs; 0 is nothing."""

    script: Script
    unlock: Unlock
    sequence: int = 0  # BIP 68: blocks
    locktime: int = 0  # BIP 65: a height, or from 500,000,000 on a time


def key(*path: int) -> PrivateKey:
    return ROOT.derive(list(path)).key


def push(data: bytes) -> bytes:
    """The shortest push of up to 65,535 bytes that are no number."""
    if len(data) < 0x4C:
        return bytes([len(data)]) + data
    if len(data) <= 0xFF:
        return bytes([0x4C, len(data)]) + data
    return b"\x4d" + len(data).to_bytes(2, "little") + data


def number(value: int) -> bytes:
    """The shortest push of a number that is not negative."""
    if value <= 16:
        return bytes([OP_1 + value - 1]) if value else b"\x00"
    return push(value.to_bytes(value.bit_length() // 8 + 1, "little"))


def data_carrier(*items: bytes) -> Script:
    return Script(bytes([OP_RETURN]) + b"".join(map(push, items)))


def _ecdsa(signer: PrivateKey, digest: bytes) -> bytes:
    return bytes(signer.sign(digest).serialize()) + bytes([SIGHASH.ALL])


# --- before segwit ------------------------------------------------------------------------------------------------


def p2pk(signer: PrivateKey, *, compressed: bool = True) -> Lock:
    signer = PrivateKey(signer.secret, compressed)
    spk = Script(push(signer.sec()) + bytes([OP_CHECKSIG]))

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        return push(_ecdsa(signer, tx.sighash_legacy(index, spk))), []

    return Lock(spk, unlock)


def p2pkh(signer: PrivateKey) -> Lock:
    spk = script.p2pkh(signer)

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        return push(_ecdsa(signer, tx.sighash_legacy(index, spk))) + push(signer.sec()), []

    return Lock(spk, unlock)


def bare_multisig(needed: int, signers: Sequence[PrivateKey]) -> Lock:
    spk = script.multisig(needed, signers)

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        digest = tx.sighash_legacy(index, spk)
        return bytes([OP_0]) + b"".join(push(_ecdsa(signer, digest)) for signer in signers[:needed]), []

    return Lock(spk, unlock)


def p2sh_multisig(needed: int, signers: Sequence[PrivateKey]) -> Lock:
    redeem = script.multisig(needed, signers)

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        digest = tx.sighash_legacy(index, redeem)
        signatures = b"".join(push(_ecdsa(signer, digest)) for signer in signers[:needed])
        return bytes([OP_0]) + signatures + push(redeem.data), []

    return Lock(script.p2sh(redeem), unlock)


# --- segwit ---------------------------------------------------------------------------------------------------------


def p2wpkh(signer: PrivateKey) -> Lock:
    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        digest = tx.sighash_segwit(index, script.p2pkh(signer), spent[index].value)
        return b"", [_ecdsa(signer, digest), signer.sec()]

    return Lock(script.p2wpkh(signer), unlock)


def p2sh_p2wpkh(signer: PrivateKey) -> Lock:
    inner = p2wpkh(signer)

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        return push(inner.script.data), inner.unlock(tx, index, spent)[1]

    return Lock(script.p2sh(inner.script), unlock)


def p2wsh_multisig(needed: int, signers: Sequence[PrivateKey]) -> Lock:
    witness_script = script.multisig(needed, signers)

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        digest = tx.sighash_segwit(index, witness_script, spent[index].value)
        return b"", [b"", *(_ecdsa(signer, digest) for signer in signers[:needed]), witness_script.data]

    return Lock(script.p2wsh(witness_script), unlock)


def p2wsh_timelock(signer: PrivateKey, *, sequence: int = 0, locktime: int = 0) -> Lock:
    """Spendable `sequence` blocks after it confirmed, or from `locktime` on."""
    check = OP_CHECKSEQUENCEVERIFY if sequence else OP_CHECKLOCKTIMEVERIFY
    tail = push(signer.sec()) + bytes([OP_CHECKSIG])
    witness_script = Script(number(sequence or locktime) + bytes([check, OP_DROP]) + tail)

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        digest = tx.sighash_segwit(index, witness_script, spent[index].value)
        return b"", [_ecdsa(signer, digest), witness_script.data]

    return Lock(script.p2wsh(witness_script), unlock, sequence=sequence, locktime=locktime)


# --- taproot --------------------------------------------------------------------------------------------------------


def p2tr(signer: PrivateKey) -> Lock:
    """Spent by key."""

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        scripts, values = [one.script for one in spent], [one.value for one in spent]
        digest = tx.sighash_taproot(index, scripts, values)
        return b"", [signer.taproot_tweak().schnorr_sign(digest).serialize()]

    return Lock(script.p2tr(signer), unlock)


def _leaf_hash(leaf: Script) -> bytes:
    return bytes(tagged_hash("TapLeaf", bytes([LEAF_VERSION]) + leaf.serialize()))


def p2tr_script(internal: PrivateKey, signer: PrivateKey, prelude: bytes = b"") -> Lock:
    """Spent by script: one of two leaves, that of `signer` (after a `prelude`); the other is a key that waits a day."""
    leaf = Script(prelude + push(signer.xonly()) + bytes([OP_CHECKSIG]))
    other = Script(number(144) + bytes([OP_CHECKSEQUENCEVERIFY, OP_DROP]) + push(internal.xonly()) + b"\xac")
    sibling = _leaf_hash(other)
    root = bytes(tagged_hash("TapBranch", b"".join(sorted([_leaf_hash(leaf), sibling]))))
    tweak = tagged_hash("TapTweak", internal.xonly() + root)
    point = secp256k1.ec_pubkey_add(secp256k1.ec_pubkey_parse(b"\x02" + internal.xonly()), tweak)
    output = secp256k1.ec_pubkey_serialize(point)
    control = bytes([LEAF_VERSION | (output[0] & 1)]) + internal.xonly() + sibling

    def unlock(tx: Transaction, index: int, spent: Sequence[Spent]) -> tuple[bytes, list[bytes]]:
        scripts, values = [one.script for one in spent], [one.value for one in spent]
        digest = tx.sighash_taproot(index, scripts, values, ext_flag=1, script=leaf)
        return b"", [signer.schnorr_sign(digest).serialize(), leaf.data, control]

    return Lock(Script(bytes([OP_1]) + push(output[1:])), unlock)


def envelope(content_type: bytes, content: bytes) -> bytes:
    """A prelude that carries data in a branch never taken, in pushes of at most 520 bytes."""
    pieces = [content[at : at + 520] for at in range(0, len(content), 520)]
    return bytes([OP_0, 0x63]) + push(content_type) + b"".join(map(push, pieces)) + b"\x68"


# --- for anybody ----------------------------------------------------------------------------------------------------


def anchor() -> Lock:
    return Lock(ANCHOR, lambda tx, index, spent: (b"", []))


def compact_size(value: int) -> bytes:
    return bytes(compact.to_bytes(value))
