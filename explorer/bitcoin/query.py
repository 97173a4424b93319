"""What did the visitor type? Strings become typed values here, at the door, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explorer.bitcoin.address import looks_like_address, looks_like_private_key

MAX_QUERY = 200  # characters; nothing that can be found is longer
MAX_HEIGHT = 2**31 - 1  # the node takes a height as a signed 32-bit number
MAX_VOUT = 2**32 - 1

_HASH = re.compile(r"[0-9a-f]{64}")
_DIGITS = re.compile(r"[0-9]{1,10}")  # ASCII digits only: str.isdigit also takes ٣ and ²
_SEPARATED = re.compile(r"[0-9]{1,3}(?:([,.'’_ \u00a0\u2009\u202f])[0-9]{3})(?:\1[0-9]{3})*")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Height:
    height: int  # may lie beyond MAX_HEIGHT, where no block can be


@dataclass(frozen=True, slots=True)
class Hash:
    """64 hexadecimal digits: a block hash or a txid."""

    hex: str


@dataclass(frozen=True, slots=True)
class Outpoint:
    txid: str
    vout: int


@dataclass(frozen=True, slots=True)
class Position:
    """The transaction at a position (from 0) in the block at a height."""

    height: int
    position: int


@dataclass(frozen=True, slots=True)
class AddressText:
    """Meant as an address, whether it is one or not."""

    text: str


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Somebody's secret, most likely. It is not kept."""


@dataclass(frozen=True, slots=True)
class Words:
    """Nothing that a chain can be searched for."""

    text: str


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


Query = Height | Hash | Outpoint | Position | AddressText | PrivateKey | Words | Nothing


def classify(text: str) -> Query:
    """Spaces, capitals, thousands separators, a leading 0x and `bitcoin:` are forgiven."""
    text = text.strip()
    if not text:
        return Nothing()
    if len(text) > MAX_QUERY:
        return Words(text[:MAX_QUERY])
    if (height := _number(text)) is not None:
        return Height(height)
    bare = _SPACES.sub("", text)
    if (digest := parse_hash(bare)) is not None:
        return Hash(digest)
    head, colon, tail = bare.partition(":")
    if colon and head.lower() == "bitcoin":  # BIP 21
        return _address_or_words(tail.partition("?")[0], text)
    if colon and (index := _number(tail)) is not None:
        if (txid := parse_hash(head)) is not None and index <= MAX_VOUT:
            return Outpoint(txid, index)
        if (height := _number(head)) is not None:
            return Position(height, index)
    return _address_or_words(bare, text)


def parse_hash(text: str) -> str | None:
    """A block hash or txid in lower case, or None."""
    digest = text.strip().lower().removeprefix("0x")
    return digest if _HASH.fullmatch(digest) else None


def parse_block_id(text: str) -> Height | Hash | None:
    """The block in a path: a plain height or a hash, or None."""
    if _DIGITS.fullmatch(text):
        return Height(int(text))
    digest = parse_hash(text)
    return Hash(digest) if digest else None


def parse_number(text: str | None, lowest: int, highest: int) -> int | None:
    """A plain whole number in a range, or None."""
    if text is None or not _DIGITS.fullmatch(text):
        return None
    number = int(text)
    return number if lowest <= number <= highest else None


def _number(text: str) -> int | None:
    text = text.strip()
    if _SEPARATED.fullmatch(text):
        text = re.sub(r"[^0-9]", "", text)
    digits = text[2:] if text.lower().startswith("0x") else text
    return int(digits) if _DIGITS.fullmatch(digits) else None


def _address_or_words(text: str, typed: str) -> AddressText | PrivateKey | Words:
    if looks_like_private_key(text):
        return PrivateKey()
    return AddressText(text) if looks_like_address(text) else Words(typed)
