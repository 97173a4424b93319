"""What miners write into the coinbase: free text after the height that BIP 34 asks for."""

from __future__ import annotations

import re

MAX_TAG = 32  # characters; what is longer is a message, not a name

_SLASHED = re.compile(r"(?<![0-9])/([^/]{2,40})/")  # not the slashes of a date
_WORDY = re.compile(r"[A-Za-z]{4}")
_RUN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{4,}")


def _runs(script_hex: str) -> list[str]:
    text = bytes.fromhex(script_hex).decode("utf-8", errors="replace")
    return [_without_length(run).strip() for run in _RUN.findall(text)]


def _without_length(run: str) -> str:
    """A push of 32 to 126 bytes starts with a length that looks like a character: EThe Times …"""
    return run[1:] if ord(run[0]) == len(run[1:].encode()) else run


def coinbase_text(script_hex: str) -> str:
    """The readable parts (four characters and more) of a coinbase's scriptSig, in order; often empty."""
    return " · ".join(run for run in _runs(script_hex) if run)


def miner_tag(script_hex: str) -> str | None:
    """How the miner signs, as the coinbase says it and unverified: `/Name/`, else the first short run with a word."""
    runs = _runs(script_hex)
    for run in runs:
        if found := _SLASHED.search(run):
            return found[1].strip()[:MAX_TAG]
    for run in runs:
        if len(run) <= MAX_TAG and _WORDY.search(run):
            return run
    return None
