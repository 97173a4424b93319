"""What an OP_RETURN output carries: the data that its script pushes, as text where it is text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

OP_RETURN = 0x6A
LARGEST_DIRECT_PUSH = 0x4B  # an opcode up to here is itself the number of bytes that follow
PUSH_LENGTHS = {0x4C: 1, 0x4D: 2, 0x4E: 4}  # OP_PUSHDATA1, 2 and 4: the size of the length that follows
MAX_SHOWN = 400  # characters; the transaction's raw hex has the rest

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
    text = " ".join(filter(None, texts)) if is_text else " ".join(push.hex() for push in pushes)
    return Carried(
        text=text[:MAX_SHOWN],
        is_text=is_text,
        cut=len(text) > MAX_SHOWN,
        size=sum(map(len, pushes)),
        is_commitment=script.startswith(WITNESS_COMMITMENT),
    )


def _pushes(script: bytes) -> Iterator[bytes]:
    while script:
        opcode, rest = script[0], script[1:]
        if opcode <= LARGEST_DIRECT_PUSH:
            length = opcode
        elif opcode in PUSH_LENGTHS:
            width = PUSH_LENGTHS[opcode]
            if len(rest) < width:
                yield script
                return
            length, rest = int.from_bytes(rest[:width], "little"), rest[width:]
        else:  # an opcode that pushes no bytes of its own, such as Runes' OP_13
            script = rest
            continue
        if length > len(rest):
            yield script
            return
        if length:
            yield rest[:length]
        script = rest[length:]


def _readable(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if all(character.isprintable() or character in _LAYOUT for character in text) else None
