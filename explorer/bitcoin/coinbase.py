"""What miners write into the coinbase: free text after the height that BIP 34 asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_TAG = 32  # characters; what is longer is a message, not a name

_SIGNAL = re.compile(r"P2SH|NYA|BIP\d+|EB\d+|AD\d+")  # what a miner votes for, not who it is
_WORDY = re.compile(r"[A-Za-z]{4}")
_RUN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ufffd]{4,}")


def _runs(script_hex: str) -> list[str]:
    text = bytes.fromhex(script_hex).decode("utf-8", errors="replace")
    return [_without_length(run).strip() for run in _RUN.findall(text)]


def _slashed(run: str) -> Iterator[str]:
    """What stands between slashes and is neither a vote nor the month of a date."""
    parts = run.split("/")
    for before, part, after in zip(parts, parts[1:], parts[2:], strict=False):
        is_date = before[-1:].isdigit() and after[:1].isdigit()
        if len(part) > 1 and not is_date and not _SIGNAL.fullmatch(part):
            yield part.strip()


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
        for name in _slashed(run):
            return name[:MAX_TAG]
    for run in runs:
        if len(run) <= MAX_TAG and _WORDY.search(run):
            return run
    return None
