"""What an OP_RETURN output carries: the data that its script pushes, as text where it is text."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

OP_RETURN = 0x6A
LARGEST_DIRECT_PUSH = 0x4B  # an opcode up to here is itself the number of bytes that follow
PUSH_LENGTHS = {0x4C: 1, 0x4D: 2, 0x4E: 4}  # OP_PUSHDATA1, 2 and 4: the size of the length that follows
MAX_SHOWN = 400  # characters; the transaction's raw hex has the rest
MAX_READ = 4_000  # bytes of a push that are looked at to find whether it is text
MAX_PUSHES = 1_000  # what follows counts as one: nobody reads it, and a block may hold a million opcodes

WITNESS_COMMITMENT = bytes.fromhex("6a24aa21a9ed")  # BIP 141: how a coinbase's output to that purpose starts

_LAYOUT = "\n\t\u200d"  # not printable to Python, yet part of ordinary text (the last joins emoji)


class Carried(NamedTuple):
    """`text` is what was meant to be read, else hex. `cut`: it was longer than is shown. `size` in bytes.

    `is_commitment`: a coinbase's commitment to the witnesses of its block, which is there for nodes and not to be read.
    """

    text: str
    is_text: bool
    cut: bool
    size: int
    is_commitment: bool = False


def carried(script_hex: str) -> Carried:
    """The data of a script that starts with OP_RETURN. One that breaks off in a push counts from there as bytes."""
    script = bytes.fromhex(script_hex)
    pushes = list(_pushes(script.removeprefix(bytes([OP_RETURN]))))
    texts = [_readable(push) for push in pushes]
    is_text = bool(texts) and None not in texts
    shown = filter(None, texts) if is_text else (push[:MAX_SHOWN].hex() for push in pushes)
    text = " ".join(islice(shown, MAX_SHOWN))
    return Carried(
        text=text[:MAX_SHOWN],
        is_text=is_text,
        cut=len(text) > MAX_SHOWN,
        size=sum(map(len, pushes)),
        is_commitment=script.startswith(WITNESS_COMMITMENT),
    )


def _pushes(script: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(MAX_PUSHES):
        if at == len(script):
            return
        opcode, start = script[at], at + 1
        if opcode <= LARGEST_DIRECT_PUSH:
            length = opcode
        elif opcode in PUSH_LENGTHS:
            start += PUSH_LENGTHS[opcode]
            length = int.from_bytes(script[at + 1 : start], "little")
        else:  # an opcode that pushes no bytes of its own, such as Runes' OP_13
            length = 0
        if start + length > len(script):
            break
        if length:
            yield script[start : start + length]
        at = start + length
    yield script[at:]


def _readable(data: bytes) -> str | None:
    """The text, or the beginning of a long one; None where it is none."""
    try:
        text = getincrementaldecoder("utf-8")().decode(data[:MAX_READ], final=len(data) <= MAX_READ)
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character in _LAYOUT for character in text) else None
